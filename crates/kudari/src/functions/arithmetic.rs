//! Arithmetic of two variables, with broadcasting, and the operators `+ − * /`.

use super::registry::{Entry, Sample};
use super::sample::MANY;
use super::worked::pairwise;
use crate::array::{Array, operators};
use crate::autograd::{Calculation, Context, Function, InputGradients, Outputs, Saves, ToVariable, Variable, Worked, apply};
use crate::error::Result;

/// Defines functions of two variables: documentation, name and type, formula, slopes by x and by y as a reader would write
/// them, notes, what backward reads, the gradients by both inputs before the sum over broadcast axes, and the intervals of
/// the sample inputs.
macro_rules! binary {
    ($(
        $(#[$doc:meta])*
        $name:ident => $type:ident {
            formula: $formula:literal,
            slopes: [$slope_x:literal, $slope_y:literal],
            notes: $notes:literal,
            saves: $saves:ident,
            by_x: |$g1:ident, $x1:ident, $y1:ident| $by_x:expr,
            by_y: |$g2:ident, $x2:ident, $y2:ident| $by_y:expr,
            samples: $samples:expr,
        }
    )*) => {
        $(
            #[derive(Debug)]
            struct $type;

            impl Function for $type {
                fn name(&self) -> &'static str {
                    stringify!($name)
                }
                fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
                    Ok([inputs[0].$name(inputs[1])?].into())
                }
                fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
                    #[allow(unused_variables)]
                    fn by_x($g1: &Variable, $x1: &Variable, $y1: &Variable) -> Result<Variable> {
                        $by_x
                    }
                    #[allow(unused_variables)]
                    fn by_y($g2: &Variable, $x2: &Variable, $y2: &Variable) -> Result<Variable> {
                        $by_y
                    }
                    let (x, y) = (context.input(0), context.input(1));
                    let gx = if context.needs(0) { Some(by_x(&gy[0], x, y)?.sum_to(x.shape())?) } else { None };
                    let gy = if context.needs(1) { Some(by_y(&gy[0], x, y)?.sum_to(y.shape())?) } else { None };
                    Ok([gx, gy].into_iter().collect())
                }
                fn saves(&self) -> Saves {
                    Saves::$saves
                }
                fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
                    pairwise($formula, [$slope_x, $slope_y], calculation.inputs, calculation.output)
                }
            }

            impl Variable {
                $(#[$doc])*
                ///
                #[doc = concat!("z = ", $formula, ", ∂z/∂x = ", $slope_x, "; ∂z/∂y = ", $slope_y, ". ", $notes)]
                ///
                /// # Errors
                ///
                /// The shapes do not fit each other, or the types differ.
                #[track_caller]
                pub fn $name(&self, other: impl ToVariable) -> Result<Variable> {
                    apply($type, &[self, &other.to_variable(self.dtype())])
                }
            }
        )*

        /// The functions of this file.
        pub(super) const ENTRIES: &[Entry] = &[$(
            Entry {
                name: stringify!($name),
                usage: concat!("x.", stringify!($name), "(&y)?"),
                formula: $formula,
                derivative: concat!("∂/∂x = ", $slope_x, "; ∂/∂y = ", $slope_y),
                notes: $notes,
                samples: || {
                    let shapes: &[[&[usize]; 2]] = &[[&[2, 3], &[2, 3]], [&[2, 3], &[3]], [&[], &[2]], [&[2, 1, 3], &[4, 1]]];
                    let intervals: &[[(f64, f64); 2]] = &$samples;
                    let call = |v: &[Variable]| v[0].$name(&v[1]);
                    intervals
                        .iter()
                        .flat_map(|&[x, y]| shapes.iter().map(move |&[a, b]| [(a, x.0, x.1), (b, y.0, y.1)]))
                        .flat_map(|inputs| [Sample::new(&inputs, call).timed_at(&[MANY, MANY]), Sample::new(&inputs, call).strided()])
                        .collect()
                },
            },
        )*];
    };
}

binary! {
    /// The sum.
    add => Add {
        formula: "x + y",
        slopes: ["1", "1"],
        notes: "",
        saves: NOTHING,
        by_x: |g, x, y| Ok(g.clone()),
        by_y: |g, x, y| Ok(g.clone()),
        samples: [[(-1.0, 1.0), (-1.0, 1.0)]],
    }
    /// The difference.
    sub => Sub {
        formula: "x − y",
        slopes: ["1", "−1"],
        notes: "",
        saves: NOTHING,
        by_x: |g, x, y| Ok(g.clone()),
        by_y: |g, x, y| Ok(g.neg()),
        samples: [[(-1.0, 1.0), (-1.0, 1.0)]],
    }
    /// The product, element by element.
    mul => Mul {
        formula: "x · y",
        slopes: ["y", "x"],
        notes: "",
        saves: INPUTS,
        by_x: |g, x, y| g.mul(y),
        by_y: |g, x, y| g.mul(x),
        samples: [[(-1.0, 1.0), (-1.0, 1.0)]],
    }
    /// The quotient.
    div => Div {
        formula: "x / y",
        slopes: ["1/y", "−x/y²"],
        notes: "",
        saves: INPUTS,
        by_x: |g, x, y| g.div(y),
        by_y: |g, x, y| Ok(g.mul(x)?.div(y.square())?.neg()),
        samples: [[(-1.0, 1.0), (0.5, 2.0)], [(-1.0, 1.0), (-2.0, -0.5)]],
    }
    /// The power.
    pow => Pow {
        formula: "x^y",
        slopes: ["0 for y = 0, else y · x^(y − 1)", "0 for x = 0, else x^y ln x"],
        notes: "NaN for x < 0 unless y is whole; the derivative by y needs x ≥ 0.",
        saves: INPUTS,
        by_x: |g, x, y| {
            // x⁰ is constant: without this its slope at x = 0 would be 0·∞.
            let flat = y.array().equal(&y.array().full_like(0.0))?;
            let slope = x.pow(y.sub(1.0)?)?.mul(y)?;
            g.mul(super::choose(&flat, 0.0, &slope)?)
        },
        by_y: |g, x, y| {
            // 0^y is constant for y > 0: without this its slope would be 0·∞.
            let zero = x.array().equal(&x.array().full_like(0.0))?;
            g.mul(x.pow(y)?)?.mul(super::choose(&zero, 1.0, x)?.log())
        },
        samples: [[(0.4, 2.0), (-2.0, 2.0)], [(0.4, 2.0), (1.0, 3.0)]],
    }
    /// The larger of both.
    maximum => Maximum {
        formula: "max(x, y)",
        slopes: ["1 for x > y, ½ for x = y, else 0", "1 for y > x, ½ for x = y, else 0"],
        notes: "Equal ones share g. NaN if either is NaN.",
        saves: INPUTS,
        by_x: |g, x, y| g.mul(share(x, y)?),
        by_y: |g, x, y| g.mul(share(y, x)?),
        samples: [[(-1.0, 0.0), (0.1, 1.0)], [(0.1, 1.0), (-1.0, 0.0)]],
    }
    /// The smaller of both.
    minimum => Minimum {
        formula: "min(x, y)",
        slopes: ["1 for x < y, ½ for x = y, else 0", "1 for y < x, ½ for x = y, else 0"],
        notes: "Equal ones share g. NaN if either is NaN.",
        saves: INPUTS,
        by_x: |g, x, y| g.mul(share(y, x)?),
        by_y: |g, x, y| g.mul(share(x, y)?),
        samples: [[(-1.0, 0.0), (0.1, 1.0)], [(0.1, 1.0), (-1.0, 0.0)]],
    }
}

/// 1 where a > b, ½ where they are equal, 0 elsewhere: constant on both sides, so it has no derivative of its own.
fn share(a: &Variable, b: &Variable) -> Result<Variable> {
    let (a, b) = (a.array(), b.array());
    let above = a.greater(b)?.to_dtype(a.dtype());
    let equal = a.equal(b)?.to_dtype(a.dtype());
    Ok(Variable::constant(above.add(&equal.scale(0.5))?))
}

operators!(Variable; Add add; Sub sub; Mul mul; Div div;);

/// Operators between a variable and a number, which takes the variable's type.
macro_rules! number_operators {
    ($($trait:ident $method:ident;)*) => {$(
        number_operators!(@one $trait, $method, Variable);
        number_operators!(@one $trait, $method, &Variable);
    )*};
    (@one $trait:ident, $method:ident, $variable:ty) => {
        impl std::ops::$trait<f64> for $variable {
            type Output = Variable;
            #[track_caller]
            #[allow(clippy::panic)]
            fn $method(self, number: f64) -> Variable {
                Variable::$method(&self, number).unwrap_or_else(|error| panic!("{error}"))
            }
        }
        impl std::ops::$trait<$variable> for f64 {
            type Output = Variable;
            #[track_caller]
            #[allow(clippy::panic)]
            fn $method(self, variable: $variable) -> Variable {
                let number = self.to_variable(variable.dtype());
                Variable::$method(&number, &variable).unwrap_or_else(|error| panic!("{error}"))
            }
        }
    };
}
number_operators!(Add add; Sub sub; Mul mul; Div div;);

impl std::ops::Neg for &Variable {
    type Output = Variable;
    fn neg(self) -> Variable {
        Variable::neg(self)
    }
}

impl std::ops::Neg for Variable {
    type Output = Variable;
    fn neg(self) -> Variable {
        Variable::neg(&self)
    }
}
