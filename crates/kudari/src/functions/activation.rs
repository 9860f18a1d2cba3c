//! Activation functions.

use super::unary::{INPUTS, NOTHING, OUTPUTS, unary};

/// √½ and 1/√(2π), for the exact GELU.
const SQRT_HALF: f64 = std::f64::consts::FRAC_1_SQRT_2;
const NORMAL_PEAK: f64 = 0.398_942_280_401_432_7;
/// √(2/π) and the cubic term, for GELU's tanh form.
const SQRT_2_OVER_PI: f64 = 0.797_884_560_802_865_4;
const CUBIC: f64 = 0.044_715;

impl crate::Variable {
    /// The rectified linear unit max(x, 0). Its derivative at 0 is taken as 0, see
    /// [`relu_with`](crate::Variable::relu_with).
    #[must_use]
    #[track_caller]
    pub fn relu(&self) -> crate::Variable {
        self.relu_with(0.0)
    }
}

unary! {
    /// The identity.
    identity => Identity {
        formula: "x",
        derivative: "1",
        notes: "",
        cost: 0.1,
        value: |x| x,
        slope: |x, y| x.constant(1.0),
        saves: NOTHING,
        samples: [(-2.0, 2.0)],
    }
    /// The step function.
    step => Step {
        formula: "1 for x > 0, else 0",
        derivative: "0",
        notes: "Constant on both sides of its jump, so its derivative is zero: no gradient passes and nothing below it learns.",
        cost: 0.15,
        value: |x| if x > T::ZERO { T::ONE } else { T::ZERO },
        slope: |x, y| x.constant(0.0),
        saves: NOTHING,
        samples: [(0.2, 2.0), (-2.0, -0.2)],
    }
    /// The sigmoid (logistic) function.
    sigmoid => Sigmoid {
        formula: "1/(1 + e^(−x))",
        derivative: "y(1 − y)",
        notes: "The derivative is computed as e^(−|x|)/(1 + e^(−|x|))², the same without losing digits.",
        cost: 0.6,
        value: |x| x.sigmoid(),
        slope: |x, y| x.sigmoid_slope(),
        saves: INPUTS,
        samples: [(-4.0, 4.0)],
    }
    /// The hyperbolic tangent.
    tanh => Tanh {
        formula: "tanh x",
        derivative: "1 − y²",
        notes: "The derivative is computed as 4e^(−2|x|)/(1 + e^(−2|x|))², the same without losing digits.",
        cost: 0.8,
        value: |x| x.tanh(),
        slope: |x, y| x.tanh_slope(),
        saves: INPUTS,
        samples: [(-3.0, 3.0)],
    }
    /// The rectified linear unit with a chosen derivative at its kink, from 0 to 1.
    ///
    /// At 0 the slope jumps from 0 to 1, so the derivative there is a choice. 0 is the limit from the left: a unit that is
    /// off stays off, as [`relu`](crate::Variable::relu), PyTorch and TensorFlow have it. 1 is the limit from the right, and
    /// ½ what central differences give. It matters where inputs are exactly 0, as with biases of 0 and a sample of zeros.
    relu_with(kink = 0.5) => Relu as "relu" {
        formula: "max(x, 0)",
        derivative: "1 for x > 0, kink for x = 0, else 0",
        notes: "Not differentiable at 0, where the derivative is taken as kink: 0 for x.relu(), ½ is what central differences give.",
        cost: 0.15,
        // Not `maximum`: a NaN stays one.
        value: |x| if x < T::ZERO { T::ZERO } else { x },
        // Without a kink the output tells the slope. It is kept anyway, as the input of what follows; x then stands for it.
        slope: |x, y| x.heaviside(kink),
        saves: if kink == 0.0 { OUTPUTS } else { INPUTS },
        samples: [(0.2, 2.0), (-2.0, -0.2)],
    }
    /// ReLU with a small slope below zero.
    leaky_relu(slope = 0.1) => LeakyRelu {
        formula: "x for x > 0, else slope · x",
        derivative: "1 for x > 0, else slope",
        notes: "At 0 the derivative is taken as the slope. Maas, Hannun and Ng (2013).",
        cost: 0.15,
        value: |x| if x > T::ZERO { x } else { slope * x },
        slope: |x, y| x.heaviside(0.0) * x.constant(1.0 - slope) + x.constant(slope),
        saves: INPUTS,
        samples: [(0.2, 2.0), (-2.0, -0.2)],
    }
    /// The smooth form of ReLU.
    softplus => Softplus {
        formula: "ln(1 + e^x)",
        derivative: "1/(1 + e^(−x))",
        notes: "Computed as max(x, 0) + ln(1 + e^(−|x|)), which does not overflow.",
        cost: 6.0,
        value: |x| x.larger(T::ZERO) + (-x.abs()).exp().ln_1p(),
        slope: |x, y| x.sigmoid(),
        saves: INPUTS,
        samples: [(-4.0, 4.0)],
    }
    /// The Gaussian error linear unit, exact.
    gelu => Gelu {
        formula: "x · ½(1 + erf(x/√2))",
        derivative: "½(1 + erf(x/√2)) + x · e^(−x²/2)/√(2π)",
        notes: "Hendrycks and Gimpel (2016).",
        cost: 8.0,
        value: |x| x * (T::ONE + (x * T::from_f64(SQRT_HALF)).erf()) * T::from_f64(0.5),
        slope: |x, y| {
            let half = x.constant(0.5);
            let below = ((x.clone() * x.constant(SQRT_HALF)).erf() + x.constant(1.0)) * half.clone();
            below + x.clone() * (-(x.clone() * x.clone() * half)).exp() * x.constant(NORMAL_PEAK)
        },
        saves: INPUTS,
        samples: [(-3.0, 3.0)],
    }
    /// The Gaussian error linear unit in its form with tanh.
    gelu_tanh => GeluTanh {
        formula: "½x(1 + tanh(√(2/π)(x + 0.044715x³)))",
        derivative: "½(1 + tanh(√(2/π)(x + 0.044715x³))) + ½x(1 − tanh²(√(2/π)(x + 0.044715x³))) · √(2/π)(1 + 0.134145x²)",
        notes: "Within 5e-4 of the exact form. Hendrycks and Gimpel (2016).",
        cost: 1.2,
        value: |x| {
            let u = T::from_f64(SQRT_2_OVER_PI) * x * (T::ONE + T::from_f64(CUBIC) * x * x);
            x * (T::ONE + u.tanh()) * T::from_f64(0.5)
        },
        slope: |x, y| {
            let (one, half) = (x.constant(1.0), x.constant(0.5));
            let square = x.clone() * x.clone();
            let u = x.clone() * (square.clone() * x.constant(CUBIC) + one.clone()) * x.constant(SQRT_2_OVER_PI);
            let du = (square * x.constant(3.0 * CUBIC) + one.clone()) * x.constant(SQRT_2_OVER_PI);
            (u.tanh() + one) * half.clone() + x.clone() * u.tanh_slope() * du * half
        },
        saves: INPUTS,
        samples: [(-3.0, 3.0)],
    }
    /// The sigmoid linear unit, also called swish.
    silu => Silu {
        formula: "x/(1 + e^(−x))",
        derivative: "σ(x) + xσ(x)(1 − σ(x))",
        notes: "σ is the sigmoid. Elfwing, Uchibe and Doya (2017).",
        cost: 0.7,
        value: |x| x * x.sigmoid(),
        slope: |x, y| x.sigmoid() + x.clone() * x.sigmoid_slope(),
        saves: INPUTS,
        samples: [(-4.0, 4.0)],
    }
}
