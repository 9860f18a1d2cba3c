//! Optimizer steps on numbers that lie in somebody else's memory.

use crate::error::{Error, Result};
use crate::kernels::update::{self, Shaping};

/// A step of an optimizer, with the numbers of this step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum InPlaceStep {
    /// p −= η·g.
    Sgd {
        /// η.
        rate: f64,
    },
    /// v = μ·v − η·g, then p += v. Remembers v.
    Momentum {
        /// η.
        rate: f64,
        /// μ.
        momentum: f64,
    },
    /// m += (1 − β₁)(g − m), v += (1 − β₂)(g² − v), then p = shrink·p − rate·m / (√v + ε). Remembers m and v.
    Adam {
        /// The rate of this step, with the correction of the averages in it.
        rate: f64,
        /// β₁ and β₂.
        betas: (f64, f64),
        /// ε.
        epsilon: f64,
        /// The factor of the parameter: 1 without weight decay.
        shrink: f64,
    },
}

/// Numbers that a step can be taken on.
#[allow(private_bounds)]
pub trait InPlaceNumber: crate::kernels::float::Float {}
impl InPlaceNumber for f32 {}
impl InPlaceNumber for f64 {}

impl InPlaceStep {
    /// Changes a parameter and what the optimizer remembers of it, in one pass.
    ///
    /// # Errors
    ///
    /// Slices of different lengths, or another number of memories than the step needs.
    #[allow(private_bounds)]
    pub fn apply<T: InPlaceNumber>(self, parameter: &mut [T], gradient: &[T], memory: &mut [&mut [T]]) -> Result<()> {
        let len = parameter.len();
        if gradient.len() != len || memory.iter().any(|m| m.len() != len) {
            return Err(Error::shape(format!("{len} parameters, {} gradients", gradient.len()))
                .help("parameter, gradient and memory have the same shape"));
        }
        match (self, memory) {
            (InPlaceStep::Sgd { rate }, []) => update::sgd(parameter, [], gradient, Shaping::NONE, [rate]),
            (InPlaceStep::Momentum { rate, momentum }, [v]) => {
                update::velocity(parameter, [v], gradient, Shaping::NONE, [rate, momentum]);
            }
            (InPlaceStep::Adam { rate, betas: (first, second), epsilon, shrink }, [m, v]) => {
                let numbers = [rate, first, 1.0 - first, second, 1.0 - second, 1.0, epsilon];
                update::adam(parameter, [m, v], gradient, Shaping { shrink, ..Shaping::NONE }, numbers);
            }
            (step, memory) => {
                return Err(
                    Error::value(format!("{step:?} with {} memories", memory.len())).help("SGD has none, momentum 1, Adam 2")
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_their_formulas() {
        let (mut p, mut v) = ([1.0f64, -2.0], [0.5, 0.25]);
        InPlaceStep::Momentum { rate: 0.1, momentum: 0.9 }.apply(&mut p, &[2.0, -4.0], &mut [&mut v]).unwrap();
        assert!((v[0] - 0.25).abs() < 1e-15 && (p[0] - 1.25).abs() < 1e-15 && (v[1] - 0.625).abs() < 1e-15, "{p:?} {v:?}");
        let (mut p, mut m, mut v) = ([1.0f64], [0.0], [0.0]);
        let adam = InPlaceStep::Adam { rate: 0.5, betas: (0.9, 0.99), epsilon: 1.0, shrink: 0.5 };
        adam.apply(&mut p, &[2.0], &mut [&mut m, &mut v]).unwrap();
        assert!((m[0] - 0.2).abs() < 1e-15 && (v[0] - 0.04).abs() < 1e-15);
        assert!((p[0] - (0.5 - 0.5 * 0.2 / 1.2)).abs() < 1e-15, "{p:?}");
        assert!(adam.apply(&mut p, &[2.0], &mut []).is_err() && adam.apply(&mut p, &[2.0, 1.0], &mut [&mut m, &mut v]).is_err());
        InPlaceStep::Sgd { rate: 1.0 }.apply(&mut p, &[2.0], &mut []).unwrap();
        assert!((p[0] - (0.5 - 0.5 * 0.2 / 1.2 - 2.0)).abs() < 1e-15);
    }
}
