//! Buffers that come from a pool and go back to it.
//!
//! Asking the system for memory and touching it is the largest cost of a small training step, so a buffer that
//! is dropped waits in a free list of its size for the next one who needs it. A training loop allocates nothing
//! new after its first step. Every thread has its own lists; the pool never holds more than was once in use.
//!
//! Buffers are 64-byte aligned (one cache line, one AVX-512 register) and always initialised: fresh memory is
//! zero, recycled memory keeps its old values, which debug builds replace by NaN so that a kernel that reads
//! what it did not write is found by the tests.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::cell::RefCell;
use std::fmt;
use std::ops::{Add, Sub};
use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::float::Element;
use super::shared::Shared;

const ALIGNMENT: usize = 64;
/// Size classes are the powers of two and the numbers half-way between them: at most a third is wasted.
const CLASSES: usize = 2 * (usize::BITS as usize);

/// Initialised bytes, aligned to 64, or as they were taken over from somebody else.
pub(crate) struct Block {
    start: NonNull<u8>,
    capacity: usize,
    /// Bytes before the first aligned one.
    skipped: usize,
    /// Whoever lent the bytes; `None` for bytes of our own.
    owner: Option<ForeignOwner>,
}

type ForeignOwner = Box<dyn std::any::Any + Send + Sync>;

/// Memory of another library, lent for as long as `owner` lives.
pub struct ForeignMemory {
    start: NonNull<u8>,
    bytes: usize,
    owner: ForeignOwner,
}

impl ForeignMemory {
    /// Takes over `bytes` bytes from `start` on, which stay where they are until `owner` is dropped.
    ///
    /// # Safety
    ///
    /// The bytes must be initialised and readable for as long as `owner` lives. They are only read here; whoever writes them must not do so
    /// while a calculation that uses them runs.
    pub unsafe fn new(start: NonNull<u8>, bytes: usize, owner: impl std::any::Any + Send + Sync) -> ForeignMemory {
        ForeignMemory { start, bytes, owner: Box::new(owner) }
    }

    /// Where the bytes begin, and how many they are.
    pub(crate) fn extent(&self) -> (usize, usize) {
        (self.start.as_ptr() as usize, self.bytes)
    }
}

// SAFETY: a block owns its bytes and hands out references only through `&self` and `&mut self`.
unsafe impl Send for Block {}
// SAFETY: as above; there is no interior mutability. (Who lends memory promises not to write it meanwhile.)
unsafe impl Sync for Block {}

impl Block {
    fn allocate(capacity: usize) -> Block {
        let layout = Self::layout(capacity);
        BLOCKS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(capacity as u64, Ordering::Relaxed);
        // SAFETY: the size is that of a class, which is never zero, and more.
        let Some(start) = NonNull::new(unsafe { alloc_zeroed(layout) }) else { missing(capacity) };
        let skipped = start.align_offset(ALIGNMENT);
        // SAFETY: the layout has room for the alignment.
        Block { start: unsafe { start.add(skipped) }, capacity, skipped, owner: None }
    }

    /// Room to align the bytes within: where more than the usual alignment is asked for, the allocator writes zeros over memory that
    /// comes from the system as zeros, and so touches what is perhaps never used.
    fn layout(capacity: usize) -> Layout {
        match Layout::from_size_align(capacity.saturating_add(ALIGNMENT), 1) {
            Ok(layout) => layout,
            // More bytes than the address space holds.
            Err(_) => missing(capacity),
        }
    }

    fn slice<T: Element>(&self, len: usize) -> &[T] {
        assert!(len <= self.capacity / size_of::<T>(), "a slice longer than its buffer");
        // SAFETY: the block holds at least `len` initialised values (checked above), its alignment of 64 is enough
        // for every `Element` (that of lent memory is checked when it is taken over), every bit pattern is a valid `Element`, and `&self` keeps the bytes from changing.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().cast(), len) }
    }

    fn slice_mut<T: Element>(&mut self, len: usize) -> &mut [T] {
        assert!(len <= self.capacity / size_of::<T>(), "a slice longer than its buffer");
        // SAFETY: as in `slice`; `&mut self` makes the reference unique.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr().cast(), len) }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if self.owner.is_none() {
            // SAFETY: allocated in `allocate` with the same layout, and freed once.
            unsafe { dealloc(self.start.as_ptr().sub(self.skipped), Self::layout(self.capacity)) }
        }
    }
}

/// What unwinds where the system has no memory for an array: only whoever began the calculation can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfMemory {
    /// What was asked for.
    pub bytes: usize,
}

impl fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no memory for an array of {} MB", self.bytes.div_ceil(1_000_000))
    }
}

fn missing(bytes: usize) -> ! {
    std::panic::resume_unwind(Box::new(OutOfMemory { bytes }))
}

static BLOCKS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

/// What was asked of the system, as opposed to what the pool had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allocations {
    /// Blocks of memory.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What all threads have asked of the system since the program began.
pub(crate) fn allocations() -> Allocations {
    Allocations { blocks: BLOCKS.load(Ordering::Relaxed), bytes: BYTES.load(Ordering::Relaxed) }
}

impl Add for Allocations {
    type Output = Allocations;
    fn add(self, other: Allocations) -> Allocations {
        Allocations { blocks: self.blocks + other.blocks, bytes: self.bytes + other.bytes }
    }
}

impl Sub for Allocations {
    type Output = Allocations;
    fn sub(self, other: Allocations) -> Allocations {
        Allocations { blocks: self.blocks - other.blocks, bytes: self.bytes - other.bytes }
    }
}

/// A shared block that returns to the pool when its last owner drops it; `None` is a buffer without values.
pub(crate) struct Buffer(Option<Shared<Block>>);

impl Buffer {
    /// A buffer for `len` values, whose contents are unspecified (old values; NaN in debug builds).
    pub(crate) fn recycled<T: Element>(len: usize) -> Buffer {
        let class = class_of(len.saturating_mul(size_of::<T>()));
        let found = POOL.try_with(|pool| pool.borrow_mut().take(class)).ok().flatten();
        let mut buffer = Buffer(Some(found.unwrap_or_else(|| Shared::new(Block::allocate(class_capacity(class))))));
        if cfg!(debug_assertions)
            && let Some(values) = buffer.slice_mut::<u8>(len * size_of::<T>())
        {
            values.fill(0xff); // a NaN in f32 and f64, −1 in i64
        }
        buffer
    }

    /// A buffer of memory that another library lends. It is never written: nobody is its only owner.
    pub(crate) fn foreign(memory: ForeignMemory) -> Buffer {
        let ForeignMemory { start, bytes, owner } = memory;
        Buffer(Some(Shared::new(Block { start, capacity: bytes, skipped: 0, owner: Some(owner) })))
    }

    /// A buffer without values, for arrays of which only the shape is kept.
    pub(crate) fn hollow() -> Buffer {
        Buffer(None)
    }

    /// Whoever lent the memory, if it is lent.
    pub(crate) fn lender(&self) -> Option<&(dyn std::any::Any + Send + Sync)> {
        self.0.as_ref()?.owner.as_deref()
    }

    /// Whether it is without values.
    pub(crate) fn is_hollow(&self) -> bool {
        self.0.is_none()
    }

    /// All values that the buffer has room for.
    pub(crate) fn all<T: Element>(&self) -> &[T] {
        match &self.0 {
            Some(block) => block.slice(block.capacity / size_of::<T>()),
            None => &[],
        }
    }

    /// The first `len` values.
    pub(crate) fn slice<T: Element>(&self, len: usize) -> &[T] {
        match &self.0 {
            Some(block) => block.slice(len),
            None => &[],
        }
    }

    /// The first `len` values for writing, if nobody else holds this buffer.
    pub(crate) fn slice_mut<T: Element>(&mut self, len: usize) -> Option<&mut [T]> {
        self.0.as_mut()?.get_mut().filter(|block| block.owner.is_none()).map(|block| block.slice_mut(len))
    }

    /// Whether nobody else holds this buffer.
    pub(crate) fn is_unique(&self) -> bool {
        self.0.as_ref().is_some_and(|block| block.has_one_owner() && block.owner.is_none())
    }

    /// Whether both are the same memory.
    pub(crate) fn same_memory(&self, other: &Buffer) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => a.same(b),
            _ => false,
        }
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Buffer {
        Buffer(self.0.clone())
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(block) = self.0.take()
            && block.has_one_owner()
            && block.owner.is_none()
        {
            // Nobody else holds the block, so nobody can start to.
            // When the thread is ending its pool may be gone; then the block is simply freed.
            let _ = POOL.try_with(|pool| pool.borrow_mut().give_back(block));
        }
    }
}

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { free: [const { Vec::new() }; CLASSES] }) };
}

struct Pool {
    free: [Vec<Shared<Block>>; CLASSES],
}

impl Pool {
    fn take(&mut self, class: usize) -> Option<Shared<Block>> {
        self.free[class].pop()
    }

    fn give_back(&mut self, block: Shared<Block>) {
        self.free[class_of(block.capacity)].push(block);
    }
}

/// Bytes of memory that the machine has, as far as that can be found out.
pub(crate) fn physical() -> usize {
    static BYTES: OnceLock<usize> = OnceLock::new();
    *BYTES.get_or_init(|| {
        let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix("kB")?.trim().parse().ok());
        total.map_or(isize::MAX as usize, |kib: usize| kib.saturating_mul(1024))
    })
}

/// Gives the memory that waits in this thread's pool back to the system.
pub fn release_unused_memory() {
    let _ = POOL.try_with(|pool| pool.borrow_mut().free.iter_mut().for_each(|list| *list = Vec::new()));
}

/// The smallest class that holds `bytes`.
fn class_of(bytes: usize) -> usize {
    let bytes = bytes.max(ALIGNMENT);
    let power = bytes.ilog2() as usize;
    if bytes == 1 << power {
        2 * power
    } else if bytes <= 3 << (power - 1) {
        2 * power + 1
    } else {
        2 * power + 2
    }
}

fn class_capacity(class: usize) -> usize {
    let class = class.max(2 * ALIGNMENT.ilog2() as usize);
    let power = class / 2;
    // A size beyond the address space saturates here and is refused by the allocator.
    let base = 1usize.checked_shl(power as u32).unwrap_or(usize::MAX);
    if class.is_multiple_of(2) { base } else { base.saturating_add(base / 2) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn every_class_holds_its_sizes_and_wastes_at_most_a_third() {
        for bytes in (64..5000).chain([1 << 20, (1 << 20) + 1, 3 << 19, (3 << 19) + 1]) {
            let capacity = class_capacity(class_of(bytes));
            assert!(capacity >= bytes && capacity * 2 <= bytes * 3, "{bytes} → {capacity}");
            assert_eq!(class_of(capacity), class_of(bytes));
        }
    }

    #[test]
    fn every_buffer_begins_with_a_cache_line_and_fresh_memory_is_zero() {
        for len in [1, 3, 100, 5_000, 100_000, 3_000_000] {
            let block = Block::allocate(class_capacity(class_of(len)));
            assert_eq!(block.start.as_ptr() as usize % ALIGNMENT, 0, "{len}");
            assert!(block.slice::<u8>(len).iter().all(|&byte| byte == 0), "{len}");
        }
    }

    #[test]
    fn a_dropped_buffer_is_used_again() {
        let first = Buffer::recycled::<f32>(1000);
        let address = first.slice::<f32>(1).as_ptr();
        drop(first);
        assert_eq!(Buffer::recycled::<f32>(900).slice::<f32>(1).as_ptr(), address);
    }

    #[test]
    fn a_shared_buffer_cannot_be_written() {
        let mut first = Buffer::recycled::<f64>(3);
        assert!(first.is_unique());
        let second = first.clone();
        assert!(first.slice_mut::<f64>(3).is_none() && first.same_memory(&second));
        drop(second);
        assert!(first.slice_mut::<f64>(3).is_some());
    }

    #[test]
    fn lent_memory_is_read_where_it_lies_and_given_back() {
        let values = Arc::new(vec![1.0f32, 2.0, 3.0]);
        let start = NonNull::new(values.as_ptr().cast_mut().cast()).unwrap();
        // SAFETY: the vector holds twelve bytes and lives as long as its owner, which the buffer keeps.
        let memory = unsafe { ForeignMemory::new(start, 12, values.clone()) };
        let mut lent = Buffer::foreign(memory);
        assert_eq!(lent.all::<f32>(), [1.0, 2.0, 3.0]);
        assert_eq!(lent.all::<f32>().as_ptr(), values.as_ptr());
        assert!(!lent.is_unique() && lent.slice_mut::<f32>(3).is_none(), "it is somebody else's");
        assert_eq!(Arc::strong_count(&values), 2);
        drop(lent);
        assert_eq!(Arc::strong_count(&values), 1);
        assert_ne!(Buffer::recycled::<f32>(3).all::<f32>().as_ptr(), values.as_ptr(), "it does not go to the pool");
    }
}
