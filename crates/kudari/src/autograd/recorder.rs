//! Writing down what takes the time: the functions that this thread applies, their backward rules, and other parts of the
//! program, each as a span from its beginning to its end.
//!
//! Spans nest. Time is counted once, by the outermost span; what runs inside it is kept for the picture of the time and
//! adds its operations to those of a span that tells none of its own. While nobody records, a span costs the test of one
//! flag.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::observe::{Attending, attention};
use super::variable::Variable;
use crate::array::Array;
use crate::kernels::memory::{Allocations, allocations};

/// What a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pass {
    /// A function that is applied.
    Forward,
    /// A function's backward rule.
    Backward,
    /// The step of an optimizer.
    Update,
    /// Another part of the program.
    Part,
}

/// What a span was, and what it did.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Description {
    pub pass: Pass,
    pub name: &'static str,
    /// Number of the layer, see [`layer_name`].
    pub layer: u32,
    pub operations: f64,
    pub bytes: f64,
}

/// A span that has ended. Times are nanoseconds since the recording began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    pub description: Description,
    pub start: u64,
    pub duration: u64,
}

/// The outermost spans of one name, pass and layer, taken together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sum {
    /// Operations and bytes are those of all calls.
    pub total: Description,
    pub calls: u64,
    pub nanoseconds: u64,
    pub allocations: Allocations,
}

/// All that was written down.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    pub sums: Vec<Sum>,
    /// The first spans that ended, at most as many as were asked for.
    pub events: Vec<Event>,
    /// Spans in all, also those that were not kept.
    pub spans: u64,
    pub nanoseconds: u64,
    /// Steps of optimizers.
    pub updates: u64,
    pub allocations: Allocations,
    /// Of these, what was allocated after the first step of an optimizer.
    pub after_first_update: Allocations,
}

struct Recorder {
    began: Instant,
    allocations: Allocations,
    first_update: Option<Allocations>,
    open: Vec<Open>,
    places: HashMap<(Pass, &'static str, u32), usize>,
    most_events: usize,
    recorded: Recorded,
}

/// A span that has not ended.
struct Open {
    start: u64,
    allocations: Allocations,
    description: Option<Description>,
    /// What the spans inside did.
    operations: f64,
    bytes: f64,
}

thread_local! {
    static LAYER: Cell<u32> = const { Cell::new(0) };
    static RECORDER: RefCell<Option<Recorder>> = const { RefCell::new(None) };
}

/// Runs `body` and writes down what this thread does in it; keeps the first `most_events` spans. What another recording
/// inside writes down is missing in this one.
pub(crate) fn record<R>(most_events: usize, body: impl FnOnce() -> R) -> (R, Recorded) {
    /// Puts the outer recording back when dropped, also when a panic unwinds.
    struct Outer(Option<Recorder>);
    impl Drop for Outer {
        fn drop(&mut self) {
            RECORDER.set(self.0.take());
        }
    }
    let outer = Outer(RECORDER.replace(Some(Recorder::new(most_events))));
    let attending = Attending::to(attention() | attention::RECORDER);
    let result = body();
    let recorded = RECORDER.take().map(Recorder::finish).unwrap_or_default();
    drop((attending, outer));
    (result, recorded)
}

/// A span that ends when it is dropped. One that was never described, as after an error, leaves nothing behind.
pub(crate) struct Span {
    recorded: bool,
    /// When it began, if observers look on.
    began: Option<Instant>,
}

impl Span {
    /// Begins a span, if this thread's functions are written down or looked at.
    #[inline]
    pub(crate) fn begin() -> Span {
        if attention() == 0 { Span { recorded: false, began: None } } else { Span::attended(attention()) }
    }

    #[cold]
    fn attended(bits: u8) -> Span {
        let recorded = bits & attention::RECORDER != 0;
        if recorded {
            with_recorder(Recorder::open);
        }
        Span { recorded, began: (bits & attention::OBSERVERS != 0).then(Instant::now) }
    }

    /// Says what the span is; `describe` is asked only if it is written down.
    #[inline]
    pub(crate) fn describe(&self, describe: impl FnOnce() -> Description) {
        if self.recorded {
            let description = describe();
            with_recorder(|recorder| recorder.describe(description));
        }
    }

    /// How long it has lasted, if observers look on.
    #[inline]
    pub(super) fn observed(&self) -> Option<Duration> {
        self.began.map(|began| began.elapsed())
    }
}

impl Drop for Span {
    #[inline]
    fn drop(&mut self) {
        if self.recorded {
            with_recorder(Recorder::close);
        }
    }
}

/// Runs `body` as a part of the program with a row of its own in a profile; the functions in it are counted to it.
///
/// ```
/// use kudari::profile::{part, profile};
///
/// let (_, profile) = profile(|| part("preparing", || vec![0; 1000]));
/// assert_eq!((profile.rows[0].name, profile.rows[0].calls), ("preparing", 1));
/// ```
pub fn part<R>(name: &'static str, body: impl FnOnce() -> R) -> R {
    let span = Span::begin();
    span.describe(|| Description { pass: Pass::Part, name, layer: 0, operations: 0.0, bytes: 0.0 });
    body()
}

#[cold]
fn with_recorder(act: impl FnOnce(&mut Recorder)) {
    RECORDER.with_borrow_mut(|recorder| recorder.as_mut().map(act));
}

impl Recorder {
    fn new(most_events: usize) -> Recorder {
        Recorder {
            began: Instant::now(),
            allocations: allocations(),
            first_update: None,
            open: Vec::new(),
            places: HashMap::new(),
            most_events,
            recorded: Recorded::default(),
        }
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_nanos() as u64
    }

    fn open(&mut self) {
        let (allocations, start) = (allocations(), self.now());
        self.open.push(Open { start, allocations, description: None, operations: 0.0, bytes: 0.0 });
    }

    fn describe(&mut self, description: Description) {
        if let Some(open) = self.open.last_mut() {
            open.description = Some(description);
        }
    }

    fn close(&mut self) {
        let end = self.now();
        let Some(Open { start, allocations: before, description: Some(mut description), operations, bytes }) = self.open.pop()
        else {
            return;
        };
        if description.operations == 0.0 {
            description.operations = operations;
        }
        if description.bytes == 0.0 {
            description.bytes = bytes;
        }
        let duration = end - start;
        let done = allocations();
        match self.open.last_mut() {
            Some(outer) => {
                outer.operations += description.operations;
                outer.bytes += description.bytes;
            }
            None => self.add(description, duration, done - before),
        }
        self.recorded.spans += 1;
        if self.recorded.events.len() < self.most_events {
            self.recorded.events.push(Event { description, start, duration });
        }
        if description.pass == Pass::Update {
            self.recorded.updates += 1;
            self.first_update.get_or_insert(done);
        }
    }

    /// Adds an outermost span to the others of its kind.
    fn add(&mut self, description: Description, nanoseconds: u64, allocations: Allocations) {
        let Recorder { places, recorded: Recorded { sums, .. }, .. } = self;
        let Description { pass, name, layer, operations, bytes } = description;
        let place = *places.entry((pass, name, layer)).or_insert(sums.len());
        match sums.get_mut(place) {
            Some(sum) => {
                sum.total.operations += operations;
                sum.total.bytes += bytes;
                sum.calls += 1;
                sum.nanoseconds += nanoseconds;
                sum.allocations = sum.allocations + allocations;
            }
            None => sums.push(Sum { total: description, calls: 1, nanoseconds, allocations }),
        }
    }

    fn finish(self) -> Recorded {
        let (nanoseconds, done) = (self.now(), allocations());
        let after_first_update = self.first_update.map_or(Allocations::default(), |first| done - first);
        Recorded { nanoseconds, allocations: done - self.allocations, after_first_update, ..self.recorded }
    }
}

/// Bytes that a calculation moves: of the buffers that it reads, each counted once, and of those that it writes. A result
/// that is only another view of what was read has cost nothing, and a calculation with no other results moves nothing.
pub(super) fn bytes_moved<'a>(read: impl Iterator<Item = &'a Array> + Clone, written: impl Iterator<Item = &'a Array>) -> f64 {
    let size = |array: &Array| {
        // What is stretched along an axis lies in memory once.
        let axes = array.shape().iter().zip(array.strides());
        axes.map(|(&length, &stride)| if stride == 0 { 1 } else { length }).product::<usize>() * array.dtype().size()
    };
    let new: usize = written.filter(|w| !read.clone().any(|r| r.shares_memory(w))).map(size).sum();
    if new == 0 {
        return 0.0;
    }
    let first = |(i, r): &(usize, &Array)| !read.clone().take(*i).any(|earlier| earlier.shares_memory(r));
    let old: usize = read.clone().enumerate().filter(first).map(|(_, r)| size(r)).sum();
    (new + old) as f64
}

/// The arrays of variables that hold numbers, not only a shape.
pub(super) fn with_numbers(variables: &[Variable]) -> impl Iterator<Item = &Array> + Clone {
    variables.iter().map(Variable::array).filter(|array| !array.is_hollow())
}

/// The names of all layers that were ever recorded, by their numbers from 1. A graph may be walked in another recording and
/// by another thread than it was made, so they are the program's, and kept; they are few.
static LAYERS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn layers() -> MutexGuard<'static, Vec<String>> {
    match LAYERS.lock() {
        Ok(guard) => guard,
        Err(poisoned) => poisoned.into_inner(), // a list of names is whole after every step
    }
}

/// The name of a layer; empty for number 0, which is none.
pub(crate) fn layer_name(number: u32) -> String {
    let names = layers();
    (number as usize).checked_sub(1).and_then(|place| names.get(place)).cloned().unwrap_or_default()
}

/// Runs `body` as part of a layer, whose name observers and a [profile](crate::profile()) then tell.
#[inline]
pub fn within<R>(layer: impl FnOnce() -> String, body: impl FnOnce() -> R) -> R {
    if attention() == 0 {
        return body(); // naming costs nothing in normal running
    }
    let _layer = enter_layer(&layer());
    body()
}

/// The number of the layer that this thread is in.
#[inline]
pub(super) fn current_layer() -> u32 {
    LAYER.get()
}

/// Being inside a layer, until dropped.
struct InLayer {
    outer: u32,
}

/// Enters a layer inside the one that this thread is in.
#[cold]
fn enter_layer(name: &str) -> InLayer {
    let outer = current_layer();
    let name = if outer == 0 { name.to_string() } else { format!("{}.{name}", layer_name(outer)) };
    let mut names = layers();
    let place = names.iter().position(|known| *known == name).unwrap_or_else(|| {
        names.push(name);
        names.len() - 1
    });
    LAYER.set(place as u32 + 1);
    InLayer { outer }
}

impl Drop for InLayer {
    fn drop(&mut self) {
        LAYER.set(self.outer);
    }
}
