//! Threads: a pool of helpers, and the one place that decides when to use them.
//!
//! Work is a number of pieces, cut by size alone. Each thread has a range of them by its number, the same part in every
//! region, so that what it wrote in one (a gradient) is in its cache in the next (the update). Who is done claims pieces
//! of the others, so a helper that comes late costs nothing, and no piece's result depends on who computed it. Between
//! two regions that follow closely the helpers spin, which makes waking them cost well below a microsecond; after that
//! they sleep.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, OnceLock};

/// Work below this estimate runs on the caller alone while the helpers sleep: waking one takes tens of microseconds.
const WORTH_WAKING_NS: f64 = 20_000.0;
/// The same while they spin: a hand-over and what the caches exchange cost about a microsecond.
const WORTH_SPLITTING_NS: f64 = 4_000.0;
/// How often a helper looks for new work before it goes to sleep: about 100 µs.
const SPINS: u32 = 2_500;
/// Ranges of pieces at most; with more threads than this, several share one.
const RANGES: usize = 16;

/// How many threads take part, 0 for "not chosen yet".
static THREADS: AtomicUsize = AtomicUsize::new(0);

/// The number of threads that kernels use: as many as the process may run on, or what [`set_threads`] says.
pub fn threads() -> usize {
    match THREADS.load(Ordering::Relaxed) {
        0 => {
            static AVAILABLE: OnceLock<usize> = OnceLock::new();
            *AVAILABLE.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
        }
        chosen => chosen,
    }
}

/// Sets the number of threads. The results do not depend on it, only the time.
pub fn set_threads(count: usize) {
    THREADS.store(count.max(1), Ordering::Relaxed);
}

/// Runs `body(0)`, …, `body(pieces − 1)` in any order, on several threads if `cost_ns` (the estimated time of it
/// all on one thread) is worth it.
#[inline]
pub(crate) fn for_each(pieces: usize, cost_ns: f64, body: impl Fn(usize) + Sync) {
    run_each(pieces, cost_ns, &body);
}

fn run_each(pieces: usize, cost_ns: f64, body: &(dyn Fn(usize) + Sync)) {
    let threads = threads();
    let alone = pieces < 2 || threads < 2 || cost_ns < WORTH_SPLITTING_NS;
    if alone || (cost_ns < WORTH_WAKING_NS && !pool().is_hot()) || IS_HELPER.get() {
        (0..pieces).for_each(body);
    } else {
        pool().run(pieces, threads - 1, body);
    }
}

/// Cuts `out` into pieces of `piece` elements (the last may be shorter) and runs `body(index, piece)` for each.
pub(crate) fn for_each_piece<T: Send>(out: &mut [T], piece: usize, cost_ns: f64, body: impl Fn(usize, &mut [T]) + Sync) {
    let len = out.len();
    let pieces = len.div_ceil(piece.max(1));
    let start = SendPointer(out.as_mut_ptr());
    for_each(pieces, cost_ns, |index| {
        let from = index * piece;
        let count = piece.min(len - from);
        let start = &start;
        // SAFETY: piece `index` covers `from..from + count`, inside `out`; different indices do not overlap, `for_each`
        // runs each index once and returns only when all are done, so the borrow of `out` outlives every use.
        let part = unsafe { std::slice::from_raw_parts_mut(start.0.add(from), count) };
        body(index, part);
    });
}

/// Cuts several slices of one length at the same places and runs `body(first element, parts)` for each piece.
pub(crate) fn for_each_parts<T: Send, const N: usize>(
    slices: [&mut [T]; N],
    piece: usize,
    cost_ns: f64,
    body: impl Fn(usize, [&mut [T]; N]) + Sync,
) {
    let len = slices.first().map_or(0, |s| s.len());
    assert!(slices.iter().all(|s| s.len() == len), "slices of one length");
    let starts = slices.map(|s| SendPointer(s.as_mut_ptr()));
    for_each(len.div_ceil(piece.max(1)), cost_ns, |index| {
        let from = index * piece;
        let count = piece.min(len - from);
        let starts = &starts;
        // SAFETY: as in `for_each_piece`, for each of the slices, which are borrowed mutably and so do not overlap.
        let parts = std::array::from_fn(|n| unsafe { std::slice::from_raw_parts_mut(starts[n].0.add(from), count) });
        body(from, parts);
    });
}

/// A pointer that may be used by several threads, each on its own part.
pub(crate) struct SendPointer<T>(pub *mut T);
// SAFETY: the users of this type write disjoint parts, see each of them.
unsafe impl<T: Send> Send for SendPointer<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for SendPointer<T> {}

thread_local! {
    /// Set in helpers: work inside a piece is not split again.
    static IS_HELPER: Cell<bool> = const { Cell::new(false) };
}

/// A region's body and the counters its pieces are claimed from. It lives on the caller's stack.
struct Region<'a> {
    body: &'a (dyn Fn(usize) + Sync),
    pieces: usize,
    /// How many of the ranges are in use.
    ranges: usize,
    /// The next piece of every range.
    next: [Counter; RANGES],
    panicked: AtomicBool,
}

/// A counter on a cache line of its own.
#[repr(align(64))]
struct Counter(AtomicUsize);

impl<'a> Region<'a> {
    fn new(body: &'a (dyn Fn(usize) + Sync), pieces: usize, threads: usize) -> Region<'a> {
        let ranges = threads.min(RANGES);
        let next = std::array::from_fn(|range| Counter(AtomicUsize::new(range.min(ranges) * pieces / ranges)));
        Region { body, pieces, ranges, next, panicked: AtomicBool::new(false) }
    }

    /// Works off the range of thread number `own`, then what is left of the others.
    fn work(&self, own: usize) {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            for range in (own..own + self.ranges).map(|range| range % self.ranges) {
                let end = (range + 1) * self.pieces / self.ranges;
                loop {
                    let piece = self.next[range].0.fetch_add(1, Ordering::Relaxed);
                    if piece >= end {
                        break;
                    }
                    (self.body)(piece);
                }
            }
        }));
        if outcome.is_err() {
            self.panicked.store(true, Ordering::Relaxed);
        }
    }
}

/// The gate's bits: epoch (32), seats left (15), open (1), helpers inside (16).
const INSIDE: u64 = 1;
const INSIDE_MASK: u64 = 0xffff;
const OPEN: u64 = 1 << 16;
const SEAT: u64 = 1 << 17;
const SEATS_MASK: u64 = 0x7fff << 17;
const EPOCH: u64 = 1 << 32;

struct Pool {
    /// Who may enter the current region; helpers enter and leave by changing this one word.
    gate: AtomicU64,
    /// The current region, valid while the gate is open or helpers are inside.
    region: AtomicUsize,
    /// One region at a time; a second caller works alone.
    busy: Mutex<usize>,
    sleepers: Mutex<usize>,
    wake: Condvar,
    asleep: AtomicUsize,
    /// Whether there are helpers at all.
    awake: AtomicBool,
}

fn pool() -> &'static Pool {
    static POOL: Pool = Pool {
        gate: AtomicU64::new(0),
        region: AtomicUsize::new(0),
        busy: Mutex::new(0),
        sleepers: Mutex::new(0),
        wake: Condvar::new(),
        asleep: AtomicUsize::new(0),
        awake: AtomicBool::new(false),
    };
    &POOL
}

impl Pool {
    /// Whether helpers have been started and all of them look for work.
    fn is_hot(&self) -> bool {
        self.awake.load(Ordering::Relaxed) && self.asleep.load(Ordering::Relaxed) == 0
    }

    fn run(&'static self, pieces: usize, helpers: usize, body: &(dyn Fn(usize) + Sync)) {
        // Someone else's region is running: work alone rather than wait.
        let Ok(mut started) = self.busy.try_lock() else {
            (0..pieces).for_each(body);
            return;
        };
        let helpers = helpers.min(pieces - 1).min(0x7fff);
        while *started < helpers {
            let number = *started + 1;
            let spawned = std::thread::Builder::new().name("kudari".into()).spawn(move || self.help(number));
            if spawned.is_err() {
                break; // no more threads to be had: fewer helpers, the same result
            }
            *started += 1;
            self.awake.store(true, Ordering::Relaxed);
        }
        let region = Region::new(body, pieces, helpers + 1);
        self.region.store(&raw const region as usize, Ordering::Relaxed);
        let epoch = self.gate.load(Ordering::Relaxed) & !(EPOCH - 1);
        let open = epoch.wrapping_add(EPOCH) | OPEN | (SEAT * helpers as u64);
        self.gate.store(open, Ordering::SeqCst);
        if self.asleep.load(Ordering::SeqCst) > 0 {
            // Taking the lock makes sure that a helper about to sleep has looked at the gate or hears the call.
            drop(lock(&self.sleepers));
            self.wake.notify_all();
        }
        region.work(0);
        // Close the gate, then wait for those who are inside: `region` must outlive their use of it.
        self.gate.fetch_and(!(OPEN | SEATS_MASK), Ordering::AcqRel);
        let mut spins = 0u32;
        while self.gate.load(Ordering::Acquire) & INSIDE_MASK != 0 {
            spins += 1;
            if spins < SPINS {
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
        drop(started);
        if region.panicked.load(Ordering::Relaxed) {
            resume_unwind(Box::new("a kernel panicked"));
        }
    }

    /// The life of helper number `number`, from 1; the caller of a region is 0.
    fn help(&self, number: usize) {
        IS_HELPER.set(true);
        let mut seen = 0;
        loop {
            seen = self.wait_for_region(seen);
            if self.enter(seen) {
                let region = self.region.load(Ordering::Relaxed) as *const Region<'_>;
                // SAFETY: `enter` succeeded, so the region of this epoch was open, and `run` does not return (and
                // drop the region) before this helper has left. The gate's acquire/release order makes it visible.
                unsafe { (*region).work(number) };
                self.gate.fetch_sub(INSIDE, Ordering::AcqRel);
            }
        }
    }

    /// Waits until the gate is open in an epoch after `seen` and returns that epoch.
    fn wait_for_region(&self, seen: u64) -> u64 {
        let news = || {
            let gate = self.gate.load(Ordering::SeqCst);
            (gate & OPEN != 0 && gate & !(EPOCH - 1) != seen).then_some(gate & !(EPOCH - 1))
        };
        for _ in 0..SPINS {
            if let Some(epoch) = news() {
                return epoch;
            }
            std::hint::spin_loop();
        }
        let mut guard = lock(&self.sleepers);
        self.asleep.fetch_add(1, Ordering::SeqCst);
        let epoch = loop {
            if let Some(epoch) = news() {
                break epoch;
            }
            guard = match self.wake.wait(guard) {
                Ok(guard) => guard,
                Err(poisoned) => poisoned.into_inner(),
            };
        };
        self.asleep.fetch_sub(1, Ordering::SeqCst);
        epoch
    }

    /// Takes a seat in the region of `epoch`, if it is still open and has one.
    fn enter(&self, epoch: u64) -> bool {
        let mut gate = self.gate.load(Ordering::Acquire);
        loop {
            if gate & !(EPOCH - 1) != epoch || gate & OPEN == 0 || gate & SEATS_MASK == 0 {
                return false;
            }
            match self.gate.compare_exchange_weak(gate, gate - SEAT + INSIDE, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return true,
                Err(now) => gate = now,
            }
        }
    }
}

fn lock(mutex: &Mutex<usize>) -> std::sync::MutexGuard<'_, usize> {
    match mutex.lock() {
        Ok(guard) => guard,
        Err(poisoned) => poisoned.into_inner(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;

    /// One test for all, since the number of threads is the process's.
    #[test]
    fn every_piece_runs_once_whatever_the_number_of_threads() {
        for count in [1, 2, 3, 7] {
            set_threads(count);
            for round in 0..300 {
                let pieces = 1 + round % 37;
                let hits: Vec<AtomicU32> = (0..pieces).map(|_| AtomicU32::new(0)).collect();
                for_each(pieces, f64::INFINITY, |i| {
                    hits[i].fetch_add(1, Ordering::Relaxed);
                });
                assert!(hits.iter().all(|h| h.load(Ordering::Relaxed) == 1));
            }
            let mut squares = vec![0; 1003];
            for_each_piece(&mut squares, 10, f64::INFINITY, |index, part| {
                part.iter_mut().enumerate().for_each(|(i, x)| *x = (index * 10 + i).pow(2));
            });
            assert!(squares.iter().enumerate().all(|(i, &x)| x == i * i));
        }
        let outcome = catch_unwind(|| for_each(8, f64::INFINITY, |i| assert!(i != 5, "planted")));
        assert!(outcome.is_err(), "a panic in a piece reaches the caller");
        for_each(4, f64::INFINITY, |_| for_each(4, f64::INFINITY, |_| {}));
    }
}
