//! What this thread does when a function is applied: record it or not, and look for NaN or not.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::Location;

use super::recorder;
use crate::array::{Array, index_of};

thread_local! {
    static RECORDING: Cell<bool> = const { Cell::new(true) };
    static SEARCHING: Cell<bool> = const { Cell::new(false) };
    static TRAINING: Cell<bool> = const { Cell::new(true) };
    static FOUND: RefCell<Option<NonFinite>> = const { RefCell::new(None) };
    static PLACE: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
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

#[inline]
pub(super) fn is_recording() -> bool {
    RECORDING.get()
}

#[inline]
pub(super) fn is_searching() -> bool {
    SEARCHING.get()
}

/// Whether two functions may be applied as one that does the same: not while somebody looks at every function.
#[inline]
pub(crate) fn may_fuse() -> bool {
    !is_searching() && !super::trace::is_on()
}

/// The first NaN or infinity that a calculation made from finite numbers.
#[derive(Debug, Clone)]
pub struct NonFinite {
    /// The function, `backward of …` if it appeared in a gradient.
    pub function: String,
    /// The layer, where the function ran inside one: `2.linear`.
    pub layer: String,
    /// The value: NaN or an infinity.
    pub value: f64,
    /// Where it stands in the function's result.
    pub index: Vec<usize>,
    /// The line of the program that applied the function.
    pub location: &'static Location<'static>,
}

impl fmt::Display for NonFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.function)?;
        if !self.layer.is_empty() {
            write!(f, " in layer {}", self.layer)?;
        }
        let value = if self.value.is_nan() { "NaN".to_string() } else { self.value.to_string() };
        write!(f, " first produced {value}")?;
        if self.index.is_empty() { Ok(()) } else { write!(f, " at index {:?}", self.index) }
    }
}

/// Runs `body` with a check after every function, forward and backward, and tells which one first gave a NaN or an
/// infinity. Slow: for replaying a step that is known to fail.
pub fn find_non_finite<R>(body: impl FnOnce() -> R) -> (R, Option<NonFinite>) {
    FOUND.take();
    let restore = Restore::set(&SEARCHING, true);
    let result = body();
    drop(restore);
    (result, FOUND.take())
}

/// Runs `body` as part of a layer, whose name [`find_non_finite`] and a [profile](crate::profile()) then tell.
#[inline]
pub fn within<R>(layer: impl FnOnce() -> String, body: impl FnOnce() -> R) -> R {
    if !is_searching() && !recorder::is_on() {
        return body(); // naming costs nothing in normal running
    }
    within_named(layer(), body)
}

#[cold]
fn within_named<R>(name: String, body: impl FnOnce() -> R) -> R {
    let _layer = recorder::is_on().then(|| recorder::enter_layer(&name));
    PLACE.with_borrow_mut(|place| place.push(name));
    let result = body();
    PLACE.with_borrow_mut(|place| place.pop());
    result
}

/// Looks at a function's result if a search is on and nothing was found yet.
#[cold]
pub(super) fn inspect(function: impl FnOnce() -> String, array: &Array, location: &'static Location<'static>) {
    if array.all_finite() || FOUND.with_borrow(Option::is_some) {
        return;
    }
    let values = array.to_f64_vec();
    let place = values.iter().position(|v| !v.is_finite()).unwrap_or(0);
    let index = index_of(place, array.shape());
    let layer = PLACE.with_borrow(|place| place.join("."));
    FOUND.set(Some(NonFinite { function: function(), layer, value: values[place], index, location }));
}
