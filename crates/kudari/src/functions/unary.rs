//! How an elementwise function of one variable is written: see [`unary!`].

use crate::autograd::Saves;

/// What a slope reads: the input, the output, or neither.
pub(super) const INPUTS: Saves = Saves::INPUTS;
pub(super) const OUTPUTS: Saves = Saves::OUTPUTS;
pub(super) const NOTHING: Saves = Saves::NOTHING;

/// Defines elementwise functions. Each is one block: documentation, name and type (with parameters), formula,
/// derivative, notes, cost (estimated nanoseconds per element), value, slope, what the slope reads, and the intervals
/// on which it is checked. Where the method is not called as the function is (`relu_with`, for `relu`), the function's
/// name stands behind the type.
///
/// From a block follow the method of `Variable`, the kernels of both directions, the second-order rule and the
/// registry entry. The slope is a function of input `x` and output `y`, of which only those that `saves` names hold
/// numbers.
macro_rules! unary {
    ($(
        $(#[$doc:meta])*
        $name:ident $(($($parameter:ident = $example:expr),+))? => $type:ident $(as $word:literal)? {
            formula: $formula:literal,
            derivative: $derivative:literal,
            notes: $notes:literal,
            cost: $cost:literal,
            value: |$vx:ident| $value:expr,
            slope: |$x:ident, $y:ident| $slope:expr,
            saves: $saves:expr,
            samples: $samples:expr,
        }
    )*) => {
        $(
            #[derive(Debug, Clone, Copy)]
            struct $type { $($($parameter: f64),+)? }

            impl $crate::array::Map for $type {
                const COST: f64 = $cost;
                #[inline(always)]
                #[allow(unused_variables)]
                fn call<T: $crate::kernels::float::Float>(self, $vx: T) -> T {
                    $($(let $parameter = T::from_f64(self.$parameter);)+)?
                    $value
                }
            }

            impl $type {
                /// The derivative, for numbers and for variables.
                #[inline(always)]
                #[allow(unused_variables)]
                fn slope<A: $crate::functions::algebra::Algebra>(self, $x: &A, $y: &A) -> A {
                    $($(let $parameter = self.$parameter;)+)?
                    $slope
                }
            }

            // The first-order gradient g · slope(x, y) in one pass.
            impl $crate::array::Map3 for $type {
                const COST: f64 = 1.5 * $cost;
                #[inline(always)]
                fn call<T: $crate::kernels::float::Float>(self, gy: T, x: T, y: T) -> T {
                    gy * self.slope(&x, &y)
                }
            }

            impl $crate::autograd::Function for $type {
                fn name(&self) -> &'static str {
                    $crate::functions::unary::word!($name $($word)?)
                }
                fn forward(&self, inputs: &[&$crate::Array]) -> $crate::Result<$crate::autograd::Outputs> {
                    Ok([inputs[0].map(*self)].into())
                }
                fn backward(
                    &self,
                    context: &$crate::autograd::Context<'_>,
                    gy: &[$crate::Variable],
                ) -> $crate::Result<$crate::autograd::InputGradients> {
                    // The slope does not read what was not saved; the other one stands in for it.
                    let saved = self.saves();
                    let x = if saved.inputs != 0 { context.input(0) } else { context.output(0) };
                    let y = if saved.outputs != 0 { context.output(0) } else { context.input(0) };
                    let gx = if context.create_graph() {
                        gy[0].mul(self.slope(x, y))?
                    } else if saved == $crate::autograd::Saves::NOTHING {
                        gy[0].mul(self.slope(&gy[0], &gy[0]))?
                    } else {
                        $crate::Variable::constant(gy[0].array().map3(self.name(), x.array(), y.array(), *self)?)
                    };
                    Ok([Some(gx)].into_iter().collect())
                }
                #[allow(unused_variables)]
                fn saves(&self) -> $crate::autograd::Saves {
                    $($(let $parameter = self.$parameter;)+)?
                    $saves
                }
                fn worked(&self, _: &$crate::autograd::Calculation<'_>) -> Option<Box<dyn $crate::autograd::Worked>> {
                    $crate::functions::worked::elementwise($formula, $derivative, &[$($((stringify!($parameter), self.$parameter)),+)?])
                }
            }

            impl $crate::Variable {
                $(#[$doc])*
                ///
                #[doc = concat!("y = ", $formula, ", dy/dx = ", $derivative, ". ", $notes)]
                #[must_use]
                #[track_caller]
                pub fn $name(&self $($(, $parameter: f64)+)?) -> $crate::Variable {
                    let function = $type { $($($parameter),+)? };
                    let span = $crate::autograd::Span::begin();
                    $crate::autograd::apply_infallible(span, function, &[self], self.array().map(function))
                }
            }
        )*

        /// The functions of this file.
        pub(super) const ENTRIES: &[$crate::functions::Entry] = &[$(
            $crate::functions::Entry {
                name: $crate::functions::unary::word!($name $($word)?),
                usage: concat!("x.", stringify!($name), "(" $(, stringify!($($parameter),+))?, ")"),
                formula: $formula,
                derivative: $derivative,
                notes: $notes,
                samples: || {
                    let intervals: &[(f64, f64)] = &$samples;
                    let shapes: &[&[usize]] = &[&[3, 4], &[], &[2, 1, 3]];
                    let call = |v: &[$crate::Variable]| Ok(v[0].$name($($($example),+)?));
                    intervals
                        .iter()
                        .flat_map(|&(low, high)| shapes.iter().map(move |&shape| (shape, low, high)))
                        .flat_map(|input| [$crate::functions::Sample::new(&[input], call).timed_at(&[$crate::functions::sample::MANY]), $crate::functions::Sample::new(&[input], call).strided()])
                        .collect()
                },
            },
        )*];
    };
}
pub(super) use unary;

/// A function's name: its method's, unless another is given.
macro_rules! word {
    ($name:ident) => {
        stringify!($name)
    };
    ($name:ident $word:literal) => {
        $word
    };
}
pub(super) use word;
