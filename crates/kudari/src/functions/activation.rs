//! Activation functions.

use super::algebra::Algebra;
use super::unary::{INPUTS, NOTHING, OUTPUTS, unary};

/// SELU's scale, and the scale times its α.
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
const SELU_SCALE_ALPHA: f64 = 1.758_099_340_847_376_6;

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
    /// ReLU that does not grow beyond 6.
    relu6 => Relu6 {
        formula: "min(max(x, 0), 6)",
        derivative: "0 for x ≤ 0, 1 for x < 6, else 0",
        notes: "At 0 and 6 the derivative is taken as 0. Krizhevsky (2010).",
        cost: 0.15,
        value: |x| x.clip(0.0, 6.0),
        slope: |x, y| x.heaviside(0.0) * (x.constant(6.0) - x.clone()).heaviside(0.0),
        saves: INPUTS,
        samples: [(0.2, 5.8), (-2.0, -0.2), (6.2, 8.0)],
    }
    /// ReLU that does not grow beyond a `ceiling` above 0.
    clipped_relu(ceiling = 1.5) => ClippedRelu {
        formula: "min(max(x, 0), ceiling)",
        derivative: "0 for x ≤ 0, 1 for x < ceiling, else 0",
        notes: "At 0 and the ceiling the derivative is taken as 0. Hannun et al. (2014).",
        cost: 0.15,
        value: |x| x.larger(T::ZERO).smaller(ceiling),
        slope: |x, y| x.heaviside(0.0) * (x.constant(ceiling) - x.clone()).heaviside(0.0),
        saves: INPUTS,
        samples: [(0.2, 1.3), (-2.0, -0.2), (1.7, 3.0)],
    }
    /// The exponential linear unit.
    elu(alpha = 0.7) => Elu {
        formula: "x for x > 0, else alpha(e^x − 1)",
        derivative: "1 for x > 0, else alpha e^x",
        notes: "At 0 the derivative is taken as alpha. Clevert, Unterthiner and Hochreiter (2015).",
        cost: 1.0,
        value: |x| if x > T::ZERO { x } else { alpha * x.exp_m1() },
        slope: |x, y| {
            let above = x.heaviside(0.0);
            let below = x.constant(1.0) - above.clone();
            above + below * x.clip(f64::NEG_INFINITY, 0.0).exp() * x.constant(alpha)
        },
        saves: INPUTS,
        samples: [(0.2, 2.0), (-3.0, -0.2)],
    }
    /// The scaled exponential linear unit, which draws the means and variances of deep layers to 0 and 1.
    selu => Selu {
        formula: "1.0507009873554805x for x > 0, else 1.7580993408473766(e^x − 1)",
        derivative: "1.0507009873554805 for x > 0, else 1.7580993408473766e^x",
        notes: "At 0 the derivative is taken as the limit from the left. Klambauer et al. (2017).",
        cost: 1.0,
        value: |x| if x > T::ZERO { x * T::from_f64(SELU_SCALE) } else { T::from_f64(SELU_SCALE_ALPHA) * x.exp_m1() },
        slope: |x, y| {
            let above = x.heaviside(0.0);
            let below = x.constant(1.0) - above.clone();
            let falling = below * x.clip(f64::NEG_INFINITY, 0.0).exp() * x.constant(SELU_SCALE_ALPHA);
            above * x.constant(SELU_SCALE) + falling
        },
        saves: INPUTS,
        samples: [(0.2, 2.0), (-3.0, -0.2)],
    }
    /// The exponential linear unit whose slope has no jump, for `alpha` above 0.
    celu(alpha = 0.7) => Celu {
        formula: "x for x > 0, else alpha(e^(x/alpha) − 1)",
        derivative: "1 for x > 0, else e^(x/alpha)",
        notes: "Barron (2017).",
        cost: 1.0,
        value: |x| if x > T::ZERO { x } else { alpha * (x / alpha).exp_m1() },
        slope: |x, y| (x.clip(f64::NEG_INFINITY, 0.0) / x.constant(alpha)).exp(),
        saves: INPUTS,
        samples: [(0.2, 2.0), (-3.0, -0.2)],
    }
    /// The smooth form of ReLU.
    softplus => Softplus {
        formula: "ln(1 + e^x)",
        derivative: "1/(1 + e^(−x))",
        notes: "Computed as max(x, 0) + ln(1 + e^(−|x|)), which does not overflow.",
        cost: 1.0,
        value: |x| x.softplus(),
        slope: |x, y| x.sigmoid(),
        saves: INPUTS,
        samples: [(-4.0, 4.0)],
    }
    /// The logarithm of the sigmoid.
    log_sigmoid => LogSigmoid {
        formula: "−ln(1 + e^(−x))",
        derivative: "1/(1 + e^x)",
        notes: "Computed as min(x, 0) − ln(1 + e^(−|x|)), which does not overflow.",
        cost: 1.0,
        value: |x| -(-x).softplus(),
        slope: |x, y| (-x.clone()).sigmoid(),
        saves: INPUTS,
        samples: [(-4.0, 4.0)],
    }
    /// The sigmoid made of straight lines.
    hard_sigmoid => HardSigmoid {
        formula: "min(max(x/6 + ½, 0), 1)",
        derivative: "1/6 for |x| < 3, else 0",
        notes: "Courbariaux, Bengio and David (2015), with the slope that MobileNetV3 gave it.",
        cost: 0.2,
        value: |x| (x / T::from_f64(6.0) + T::from_f64(0.5)).clip(0.0, 1.0),
        slope: |x, y| {
            let inside = (x.clone() + x.constant(3.0)).heaviside(0.0) * (x.constant(3.0) - x.clone()).heaviside(0.0);
            inside / x.constant(6.0)
        },
        saves: INPUTS,
        samples: [(-2.8, 2.8), (3.2, 5.0), (-5.0, -3.2)],
    }
    /// The swish whose sigmoid is made of straight lines.
    hard_swish => HardSwish {
        formula: "x · min(max(x/6 + ½, 0), 1)",
        derivative: "0 for x ≤ −3, 1 for x ≥ 3, else x/3 + ½",
        notes: "Howard et al. (2019).",
        cost: 0.2,
        value: |x| x * (x / T::from_f64(6.0) + T::from_f64(0.5)).clip(0.0, 1.0),
        slope: |x, y| {
            let above = (x.clone() - x.constant(3.0)).heaviside(1.0);
            let inside = (x.clone() + x.constant(3.0)).heaviside(0.0) * (x.constant(1.0) - above.clone());
            above + inside * (x.clip(-3.0, 3.0) / x.constant(3.0) + x.constant(0.5))
        },
        saves: INPUTS,
        samples: [(-2.8, 2.8), (3.2, 5.0), (-5.0, -3.2)],
    }
    /// The Gaussian error linear unit, exact.
    gelu => Gelu {
        formula: "x · ½(1 + erf(x/√2))",
        derivative: "½(1 + erf(x/√2)) + x · e^(−x²/2)/√(2π)",
        notes: "½(1 + erf(x/√2)) is computed as ½erfc(−x/√2), which keeps its digits in the left tail. Hendrycks and Gimpel (2016).",
        cost: 1.2,
        value: |x| x.gelu(),
        slope: |x, y| x.gelu_slope(),
        saves: INPUTS,
        samples: [(-3.0, 3.0)],
    }
    /// The Gaussian error linear unit in its form with tanh.
    gelu_tanh => GeluTanh {
        formula: "½x(1 + tanh(√(2/π)(x + 0.044715x³)))",
        derivative: "½(1 + tanh(√(2/π)(x + 0.044715x³))) + ½x(1 − tanh²(√(2/π)(x + 0.044715x³))) · √(2/π)(1 + 0.134145x²)",
        notes: "Computed as x/(1 + e^(−2u)), u being what the tanh is taken of. Within 5e-4 of the exact form. Hendrycks and Gimpel (2016).",
        cost: 1.0,
        value: |x| x.gelu_tanh(),
        slope: |x, y| x.gelu_tanh_slope(),
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
    /// A smooth function between ReLU and swish.
    mish => Mish {
        formula: "x · tanh(ln(1 + e^x))",
        derivative: "tanh(ln(1 + e^x)) + xσ(x)(1 − tanh²(ln(1 + e^x)))",
        notes: "σ is the sigmoid. Misra (2019).",
        cost: 1.5,
        value: |x| x.mish(),
        slope: |x, y| x.mish_slope(),
        saves: INPUTS,
        samples: [(-4.0, 4.0)],
    }
}
