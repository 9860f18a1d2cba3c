//! Tangent, the inverse trigonometric functions, and the hyperbolic ones with theirs (tanh is an activation function).

use super::unary::{INPUTS, OUTPUTS, unary};

unary! {
    /// The tangent.
    tan => Tan {
        formula: "sin(x)/cos(x)",
        derivative: "1 + y²",
        notes: "x in radians.",
        cost: 10.0,
        value: |x| x.tan(),
        slope: |x, y| y.clone() * y.clone() + y.constant(1.0),
        saves: OUTPUTS,
        samples: [(-1.3, 1.3)],
    }
    /// The angle whose sine is x, from −π/2 to π/2.
    asin => Asin {
        formula: "asin x",
        derivative: "1/√((1 − x)(1 + x))",
        notes: "In radians. NaN outside −1 to 1; the derivative is infinite at both ends.",
        cost: 6.0,
        value: |x| x.asin(),
        slope: |x, y| x.constant(1.0) / ((x.constant(1.0) - x.clone()) * (x.constant(1.0) + x.clone())).sqrt(),
        saves: INPUTS,
        samples: [(-0.8, 0.8)],
    }
    /// The angle whose cosine is x, from 0 to π.
    acos => Acos {
        formula: "acos x",
        derivative: "−1/√((1 − x)(1 + x))",
        notes: "In radians. NaN outside −1 to 1; the derivative is infinite at both ends.",
        cost: 6.0,
        value: |x| x.acos(),
        slope: |x, y| x.constant(-1.0) / ((x.constant(1.0) - x.clone()) * (x.constant(1.0) + x.clone())).sqrt(),
        saves: INPUTS,
        samples: [(-0.8, 0.8)],
    }
    /// The angle whose tangent is x, from −π/2 to π/2.
    atan => Atan {
        formula: "atan x",
        derivative: "1/(1 + x²)",
        notes: "In radians.",
        cost: 6.0,
        value: |x| x.atan(),
        slope: |x, y| x.constant(1.0) / (x.clone() * x.clone() + x.constant(1.0)),
        saves: INPUTS,
        samples: [(-3.0, 3.0)],
    }
    /// The hyperbolic sine.
    sinh => Sinh {
        formula: "(e^x − e^(−x))/2",
        derivative: "(e^x + e^(−x))/2",
        notes: "",
        cost: 8.0,
        value: |x| x.sinh(),
        slope: |x, y| x.cosh(),
        saves: INPUTS,
        samples: [(-2.0, 2.0)],
    }
    /// The hyperbolic cosine.
    cosh => Cosh {
        formula: "(e^x + e^(−x))/2",
        derivative: "(e^x − e^(−x))/2",
        notes: "",
        cost: 8.0,
        value: |x| x.cosh(),
        slope: |x, y| x.sinh(),
        saves: INPUTS,
        samples: [(-2.0, 2.0)],
    }
    /// The number whose hyperbolic sine is x.
    asinh => Asinh {
        formula: "ln(x + √(x² + 1))",
        derivative: "1/√(x² + 1)",
        notes: "The derivative is computed as s/√(s² + x²s²) with s = 1/max(|x|, 1), which does not overflow.",
        cost: 10.0,
        value: |x| x.asinh(),
        slope: |x, y| {
            // 1/max(|x|, 1) is a constant factor of numerator and denominator: no derivative passes through it.
            let scale = x.inverse_size();
            let scaled = x.clone() * scale.clone();
            scale.clone() / (scale.clone() * scale + scaled.clone() * scaled).sqrt()
        },
        saves: INPUTS,
        samples: [(-3.0, 3.0)],
    }
    /// The number, not negative, whose hyperbolic cosine is x.
    acosh => Acosh {
        formula: "ln(x + √((x − 1)(x + 1)))",
        derivative: "1/√((x − 1)(x + 1))",
        notes: "NaN below 1, where the derivative is infinite.",
        cost: 10.0,
        value: |x| x.acosh(),
        slope: |x, y| x.constant(1.0) / ((x.clone() - x.constant(1.0)).sqrt() * (x.clone() + x.constant(1.0)).sqrt()),
        saves: INPUTS,
        samples: [(1.2, 4.0)],
    }
    /// The number whose hyperbolic tangent is x.
    atanh => Atanh {
        formula: "½ln((1 + x)/(1 − x))",
        derivative: "1/((1 − x)(1 + x))",
        notes: "−∞ at −1, ∞ at 1, NaN outside.",
        cost: 10.0,
        value: |x| x.atanh(),
        slope: |x, y| x.constant(1.0) / ((x.constant(1.0) - x.clone()) * (x.constant(1.0) + x.clone())),
        saves: INPUTS,
        samples: [(-0.8, 0.8)],
    }
}
