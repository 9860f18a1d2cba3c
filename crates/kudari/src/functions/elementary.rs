//! Elementary functions of one number: exponential, logarithm, roots, signs.

use super::unary::{INPUTS, NOTHING, OUTPUTS, unary};
use crate::autograd::Saves;
use crate::kernels::float::NORMAL_PEAK;

unary! {
    /// The opposite number.
    neg => Neg {
        formula: "−x",
        derivative: "−1",
        notes: "",
        cost: 0.15,
        value: |x| -x,
        slope: |x, y| x.constant(-1.0),
        saves: NOTHING,
        samples: [(-2.0, 2.0)],
    }
    /// The exponential function.
    exp => Exp {
        formula: "e^x",
        derivative: "y",
        notes: "",
        cost: 0.5,
        value: |x| x.exp(),
        slope: |x, y| y.clone(),
        saves: OUTPUTS,
        samples: [(-2.0, 2.0)],
    }
    /// The natural logarithm.
    log => Log {
        formula: "ln x",
        derivative: "1/x",
        notes: "−∞ at 0, NaN below.",
        cost: 0.5,
        value: |x| x.ln(),
        slope: |x, y| x.constant(1.0) / x.clone(),
        saves: INPUTS,
        samples: [(0.3, 3.0)],
    }
    /// e^x − 1, with all digits where x is small.
    expm1 => Expm1 {
        formula: "e^x − 1",
        derivative: "e^x",
        notes: "",
        cost: 0.3,
        value: |x| x.exp_m1(),
        slope: |x, y| x.exp(),
        saves: INPUTS,
        samples: [(-2.0, 2.0)],
    }
    /// The power of 2.
    exp2 => Exp2 {
        formula: "2^x",
        derivative: "y ln 2",
        notes: "",
        cost: 4.0,
        value: |x| x.exp2(),
        slope: |x, y| y.clone() * y.constant(std::f64::consts::LN_2),
        saves: OUTPUTS,
        samples: [(-2.0, 2.0)],
    }
    /// ln(1 + x), with all digits where x is small.
    log1p => Log1p {
        formula: "ln(1 + x)",
        derivative: "1/(1 + x)",
        notes: "−∞ at −1, NaN below.",
        cost: 0.5,
        value: |x| x.ln_1p(),
        slope: |x, y| x.constant(1.0) / (x.clone() + x.constant(1.0)),
        saves: INPUTS,
        samples: [(-0.7, 2.0)],
    }
    /// The logarithm to base 2.
    log2 => Log2 {
        formula: "ln(x)/ln(2)",
        derivative: "1/(x ln 2)",
        notes: "−∞ at 0, NaN below.",
        cost: 4.0,
        value: |x| x.log2(),
        slope: |x, y| x.constant(std::f64::consts::LOG2_E) / x.clone(),
        saves: INPUTS,
        samples: [(0.3, 3.0)],
    }
    /// The logarithm to base 10.
    log10 => Log10 {
        formula: "ln(x)/ln(10)",
        derivative: "1/(x ln 10)",
        notes: "−∞ at 0, NaN below.",
        cost: 4.0,
        value: |x| x.log10(),
        slope: |x, y| x.constant(std::f64::consts::LOG10_E) / x.clone(),
        saves: INPUTS,
        samples: [(0.3, 3.0)],
    }
    /// The square root.
    sqrt => Sqrt {
        formula: "√x",
        derivative: "1/(2y)",
        notes: "NaN below 0; the derivative is infinite at 0.",
        cost: 0.3,
        value: |x| x.sqrt(),
        slope: |x, y| y.constant(0.5) / y.clone(),
        saves: OUTPUTS,
        samples: [(0.3, 3.0)],
    }
    /// One divided by the square root.
    rsqrt => Rsqrt {
        formula: "1/√x",
        derivative: "−y/(2x)",
        notes: "∞ at 0, NaN below.",
        cost: 0.5,
        value: |x| T::ONE / x.sqrt(),
        slope: |x, y| y.constant(-0.5) * y.clone() / x.clone(),
        saves: Saves::ALL,
        samples: [(0.3, 3.0)],
    }
    /// The square.
    square => Square {
        formula: "x²",
        derivative: "2x",
        notes: "",
        cost: 0.15,
        value: |x| x * x,
        slope: |x, y| x.clone() + x.clone(),
        saves: INPUTS,
        samples: [(-2.0, 2.0)],
    }
    /// The absolute value.
    abs => Abs {
        formula: "|x|",
        derivative: "sign x",
        notes: "Not differentiable at 0, where the derivative is taken as 0.",
        cost: 0.15,
        value: |x| x.abs(),
        slope: |x, y| x.sign(),
        saves: INPUTS,
        samples: [(0.2, 2.0), (-2.0, -0.2)],
    }
    /// The sign.
    sign => Sign {
        formula: "1 for x > 0, −1 for x < 0, else 0",
        derivative: "0",
        notes: "Constant on both sides of its jump, so its derivative is zero: no gradient passes.",
        cost: 0.15,
        value: |x| x.sign(),
        slope: |x, y| x.constant(0.0),
        saves: NOTHING,
        samples: [(0.2, 2.0), (-2.0, -0.2)],
    }
    /// The sine.
    sin => Sin {
        formula: "sin x",
        derivative: "cos x",
        notes: "x in radians.",
        cost: 6.0,
        value: |x| x.sin(),
        slope: |x, y| x.cos(),
        saves: INPUTS,
        samples: [(-3.0, 3.0)],
    }
    /// The cosine.
    cos => Cos {
        formula: "cos x",
        derivative: "−sin x",
        notes: "x in radians.",
        cost: 6.0,
        value: |x| x.cos(),
        slope: |x, y| -x.sin(),
        saves: INPUTS,
        samples: [(-3.0, 3.0)],
    }
    /// The error function.
    erf => Erf {
        formula: "erf x",
        derivative: "2/√π · e^(−x²)",
        notes: "erf x = 2/√π ∫₀ˣ e^(−s²) ds.",
        cost: 1.3,
        value: |x| x.erf(),
        slope: |x, y| (-(x.clone() * x.clone())).exp() * x.constant(std::f64::consts::FRAC_2_SQRT_PI),
        saves: INPUTS,
        samples: [(-2.0, 2.0)],
    }
    /// The distribution function of the standard normal distribution.
    normal_cdf => NormalCdf {
        formula: "½(1 + erf(x/√2))",
        derivative: "e^(−x²/2)/√(2π)",
        notes: "Computed as ½erfc(−x/√2), which keeps its digits in the left tail.",
        cost: 1.2,
        value: |x| x.normal_cdf(),
        slope: |x, y| (-(x.clone() * x.clone()) * x.constant(0.5)).exp() * x.constant(NORMAL_PEAK),
        saves: INPUTS,
        samples: [(-2.0, 2.0)],
    }
    /// Numbers held within `low` and `high`.
    clip(low = -0.5, high = 1.0) => Clip {
        formula: "min(max(x, low), high)",
        derivative: "0 for x < low, 0 for x > high, else 1",
        notes: "At the ends the derivative is taken as 1.",
        cost: 0.15,
        value: |x| x.larger(low).smaller(high),
        slope: |x, y| x.inside(low, high),
        saves: INPUTS,
        samples: [(-0.4, 0.9), (1.1, 2.0), (-2.0, -0.6)],
    }
}
