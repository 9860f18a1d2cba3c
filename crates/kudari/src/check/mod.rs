//! Floor 7: checks of gradients against numerical differentiation.
//!
//! A derivative can be found without any rule by changing the argument a little and looking at what the function does.
//! That is slow and inexact, but independent of every backward rule, which makes it the judge of them:
//! [`check_gradients`] compares both to second order and names the worst element, [`check_function`] does so for all samples of a function of
//! the registry.

mod derivatives;
mod function;
mod gradients;
mod kink;
mod network;
mod numerical;
mod sweep;

pub use derivatives::{Derivatives, derivatives};
pub use function::{FunctionReport, check_function};
pub use gradients::{CheckOptions, Order, Report, Worst, check_gradients};
pub use kink::Kink;
pub use network::{NetworkReport, check_network};
pub use numerical::{Difference, Estimate, GradientEstimate, Numerical, numerical_derivative, numerical_gradient};
pub use sweep::{Cause, Sweep, SweepRow, steps_between};
