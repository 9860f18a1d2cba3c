//! Floor 3: variables, and the graph that running the program defines.
//!
//! A [`Variable`] is an array that remembers how it was computed. Applying a [`Function`] to variables computes the
//! result and, if an input wants a gradient, records a node that holds the function and what its backward rule needs.
//! [`Variable::backward`] walks these nodes from the newest to the oldest and gives a [`Gradients`] map; [`grad`]
//! differentiates anything by anything and gives variables again, so gradients of gradients exist to any order.
//!
//! The graph belongs to the variables that made it and dies with them; several graphs may live at once. Neither walking
//! nor dropping a graph uses recursion, so its depth is not limited.

mod backward;
mod checkpoint;
mod function;
mod gradients;
mod half;
mod mode;
mod node;
mod non_finite;
mod observe;
mod observers;
mod recorder;
mod trace;
mod variable;
mod walk;
mod worked;

pub(crate) use backward::pull_back;
pub use backward::{Backward, grad};
pub use checkpoint::checkpoint;
pub use function::{Context, Function, InputGradients, Outputs, Saves, apply, apply_many};
pub use gradients::Gradients;
pub use mode::{inference, is_recording, is_training, no_grad, set_recording, with_training};
pub use node::Attached;
pub use non_finite::{NonFinite, find_non_finite};
pub use observe::{Letter, Observe, Step, observe};
pub use observers::{Printing, Statistics, StatisticsRow, Timing, TimingRow};
pub use recorder::{Pass, part, within};
pub use trace::{Call, trace};
pub use variable::{ToVariable, Variable};
pub use walk::{Arrival, walk_back};
pub use worked::{Calculation, Character, Operand, Part, Selection, Worked};

pub(crate) use function::apply_infallible;
pub(crate) use observe::{may_fuse, name};
pub(crate) use recorder::{Description, Event, Recorded, Span, Sum, layer_name, record};
pub(crate) use trace::{Trace, trace_with_letters};
