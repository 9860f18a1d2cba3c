//! What this thread does when a function is applied: record it or not, behave as in training or as in use.

use std::cell::Cell;

thread_local! {
    static RECORDING: Cell<bool> = const { Cell::new(true) };
    static TRAINING: Cell<bool> = const { Cell::new(true) };
}

/// Sets a flag and puts the old value back when dropped, also when a panic unwinds.
struct Restore {
    flag: &'static std::thread::LocalKey<Cell<bool>>,
    old: bool,
}

impl Restore {
    fn set(flag: &'static std::thread::LocalKey<Cell<bool>>, value: bool) -> Restore {
        Restore { flag, old: flag.replace(value) }
    }
}

impl Drop for Restore {
    fn drop(&mut self) {
        self.flag.set(self.old);
    }
}

/// Runs `body` without recording a graph: for evaluation and prediction.
///
/// ```
/// # use kudari::{Array, Variable, no_grad};
/// let x = Variable::parameter(Array::from([1.0, 2.0]));
/// assert!(!no_grad(|| x.exp()).wants_gradient());
/// ```
pub fn no_grad<R>(body: impl FnOnce() -> R) -> R {
    let _restore = Restore::set(&RECORDING, false);
    body()
}

/// Whether layers behave as in training, which they do unless told otherwise: dropout drops, batch normalisation takes the
/// statistics of the batch and remembers them.
#[inline]
pub fn is_training() -> bool {
    TRAINING.get()
}

/// Runs `body` with layers behaving as in training, or as in use.
pub fn with_training<R>(training: bool, body: impl FnOnce() -> R) -> R {
    let _restore = Restore::set(&TRAINING, training);
    body()
}

/// Switches recording on this thread on or off until it is switched again; gives what it was. For programs in which the switch
/// has no closure to live in; [`no_grad`] cannot be forgotten.
pub fn set_recording(on: bool) -> bool {
    RECORDING.replace(on)
}

/// Runs `body` as in use: layers do not behave as in training, and no graph is recorded.
///
/// ```
/// # use kudari::{Array, Variable, inference};
/// # use kudari::autograd::is_training;
/// let x = Variable::parameter(Array::from([1.0, 2.0]));
/// assert!(is_training() && !inference(is_training));
/// assert!(!inference(|| x.exp()).wants_gradient());
/// ```
pub fn inference<R>(body: impl FnOnce() -> R) -> R {
    with_training(false, || no_grad(body))
}

/// Runs `body` with recording switched on or off.
pub(super) fn with_recording<R>(on: bool, body: impl FnOnce() -> R) -> R {
    let _restore = Restore::set(&RECORDING, on);
    body()
}

/// Whether functions of variables that want gradients are recorded.
#[inline]
pub fn is_recording() -> bool {
    RECORDING.get()
}
