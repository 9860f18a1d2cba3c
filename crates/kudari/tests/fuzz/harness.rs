//! Feeding a reader: many inputs, each watched for panics, time and memory.
// A counting allocator cannot be had without.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use kudari::array::Stream;

/// The system's allocator, which counts the bytes that a thread holds.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // While a thread ends its counters are gone.
    let _ = HELD.try_with(|held| {
        held.set(held.get() + bytes);
        let _ = MOST.try_with(|most| most.set(most.get().max(held.get())));
    });
}

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: forwarded from the caller.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: forwarded from the caller.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: forwarded from the caller.
        unsafe { System.dealloc(place, layout) }
    }
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: forwarded from the caller.
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Longer than any of these small inputs may take, also on a machine that does other things.
const LONGEST: Duration = Duration::from_secs(30);

/// What is expected of a reader.
pub struct Expected {
    /// Its name, which the inputs are drawn by.
    pub name: &'static str,
    /// Inputs where the environment does not say how many.
    pub usual: u64,
    /// Bytes that may be held for each byte of the input, and beside that.
    pub memory: [usize; 2],
    /// One of so many inputs at least is read without an error, or the inputs are too far from the format to test anything.
    pub one_of: u64,
}

/// Gives a reader its inputs; `read` says whether it understood one.
pub fn feed(expected: &Expected, make: impl Fn(&mut Stream) -> Vec<u8>, read: impl Fn(&[u8]) -> bool) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let inputs = match number("KUDARI_FUZZ_AT") {
        Some(at) => at..at + 1,
        None => 0..number("KUDARI_FUZZ").unwrap_or(expected.usual),
    };
    let (name, count) = (expected.name, inputs.end - inputs.start);
    let stream = Stream::new(1, name);
    let (mut understood, mut most, mut slowest) = (0, 0.0f64, Duration::ZERO);
    for i in inputs {
        let bytes = make(&mut stream.part(i));
        let shown =
            || bytes.iter().take(4000).flat_map(|&byte| std::ascii::escape_default(byte)).map(char::from).collect::<String>();
        let before = HELD.get();
        MOST.set(before);
        let began = Instant::now();
        match catch_unwind(AssertUnwindSafe(|| read(&bytes))) {
            Ok(is_understood) => understood += u64::from(is_understood),
            Err(_) => panic!("{name}, input {i} panics: {}", shown()),
        }
        let (took, held) = (began.elapsed(), (MOST.get() - before) as usize);
        assert!(took < LONGEST, "{name}, input {i} takes {took:?}: {}", shown());
        let [each, beside] = expected.memory;
        assert!(held <= bytes.len() * each + beside, "{name}, input {i} of {} bytes takes {held}: {}", bytes.len(), shown());
        most = most.max(held as f64 / (bytes.len() * each + beside) as f64);
        slowest = slowest.max(took);
    }
    println!("{name}: {count} inputs, {understood} understood, at most {:.0} % of the memory allowed, {slowest:?}", most * 100.0);
    assert!(count < expected.one_of || understood * expected.one_of >= count, "{name}: only {understood} of {count} understood");
}

/// One of some.
pub fn one<'a, T: ?Sized>(stream: &mut Stream, of: &[&'a T]) -> &'a T {
    of[stream.next_below(of.len())]
}

/// Pieces one after the other.
pub fn sentence(stream: &mut Stream, pieces: &[&[u8]], most: usize) -> Vec<u8> {
    (0..stream.next_below(most + 1)).flat_map(|_| one(stream, pieces).iter().copied()).collect()
}

/// Bytes that mean nothing.
pub fn noise(stream: &mut Stream, most: usize) -> Vec<u8> {
    (0..stream.next_below(most + 1)).map(|_| stream.next_below(256) as u8).collect()
}

/// Damages a file in one to four places: cut, changed, left out, doubled, something put in, a size that lies.
pub fn damage(stream: &mut Stream, bytes: &mut Vec<u8>, pieces: &[&[u8]]) {
    // Half of the time one place: more of these come near to being understood.
    let places = if stream.next_below(2) == 0 { 1 } else { 2 + stream.next_below(3) };
    for _ in 0..places {
        let at = stream.next_below(bytes.len() + 1);
        let to = (at + 1 + stream.next_below(16)).min(bytes.len());
        match stream.next_below(11) {
            0 => bytes.truncate(at),
            1 | 2 => drop(bytes.splice(at..at, one(stream, pieces).iter().copied())),
            3 => drop(bytes.splice(at..to, one(stream, pieces).iter().copied())),
            4 => bytes[at..to].fill_with(|| stream.next_below(256) as u8),
            5 => bytes[at..to].iter_mut().take(1).for_each(|byte| *byte ^= 1 << stream.next_below(8)),
            6 => drop(bytes.drain(at..to)),
            7 => bytes.extend_from_within(at..to),
            // A letter or digit of the file itself in the place of one.
            8 | 9 => {
                let letters: Vec<usize> = (0..bytes.len()).filter(|&i| bytes[i].is_ascii_alphanumeric()).collect();
                if let [_, ..] = letters[..] {
                    let [to, from] = [(); 2].map(|()| letters[stream.next_below(letters.len())]);
                    bytes[to] = bytes[from];
                }
            }
            _ => {
                let size = [1, 2, 4, 8][stream.next_below(4)];
                let lie = [0, 1, 0x7f, 0x80, 0xff][stream.next_below(5)];
                bytes.iter_mut().skip(at).take(size).for_each(|byte| *byte = lie);
            }
        }
    }
}

/// A sentence of the pieces, noise behind the beginning of a good file, or, half of the time, a good file that was damaged.
pub fn mixture(stream: &mut Stream, good: &[&[u8]], pieces: &[&[u8]]) -> Vec<u8> {
    match stream.next_below(4) {
        0 => sentence(stream, pieces, 60),
        1 => {
            let start = one(stream, good);
            [&start[..stream.next_below(start.len() + 1)], &noise(stream, 200)].concat()
        }
        _ => {
            let mut bytes = one(stream, good).to_vec();
            damage(stream, &mut bytes, pieces);
            bytes
        }
    }
}
