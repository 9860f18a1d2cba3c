//! Values with several owners, whose memory comes from a pool and goes back to it.
//!
//! Every function that is applied makes an array or two, hands them on and drops them. A [`Shared`] value is reference-counted as
//! in an `Arc`, but without weak references, so that asking for the only owner is one load, and its memory waits in the
//! free lists of [`pooled`](super::pooled) for the next one.

use std::alloc::Layout;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::pooled;

struct Place<T> {
    owners: AtomicUsize,
    value: T,
}

/// A value of type `T` that lives as long as one of its owners.
pub(crate) struct Shared<T>(NonNull<Place<T>>);

// SAFETY: owners on several threads share `&T`, and any of them may be the one that drops the value.
unsafe impl<T: Send + Sync> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// Puts `value` into memory of its own.
    #[inline]
    pub(crate) fn new(value: T) -> Shared<T> {
        let place = pooled::allocate(Layout::new::<Place<T>>()).cast::<Place<T>>();
        // SAFETY: the memory has the layout of a place and belongs to nobody else.
        unsafe { place.write(Place { owners: AtomicUsize::new(1), value }) };
        Shared(place)
    }

    #[inline]
    fn place(&self) -> &Place<T> {
        // SAFETY: the place lives as long as one of its owners.
        unsafe { self.0.as_ref() }
    }

    /// How many own the value.
    #[inline]
    pub(crate) fn owners(&self) -> usize {
        self.place().owners.load(Ordering::Acquire)
    }

    /// Whether nobody else owns the value: then nobody can begin to.
    #[inline]
    pub(crate) fn has_one_owner(&self) -> bool {
        // What others wrote before they let go of the value is seen after this.
        self.owners() == 1
    }

    /// The value for writing, if nobody else owns it.
    #[inline]
    pub(crate) fn get_mut(&mut self) -> Option<&mut T> {
        if !self.has_one_owner() {
            return None;
        }
        // SAFETY: this is the only owner, and it is borrowed for as long as the reference lives.
        Some(unsafe { &mut self.0.as_mut().value })
    }

    /// Whether both own the same value.
    #[inline]
    pub(crate) fn same(&self, other: &Shared<T>) -> bool {
        self.0 == other.0
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.place().value
    }
}

impl<T> Clone for Shared<T> {
    #[inline]
    fn clone(&self) -> Shared<T> {
        let owners = self.place().owners.fetch_add(1, Ordering::Relaxed);
        // Owners that were forgotten without being dropped could make the number overflow; nothing can be saved then.
        if owners > isize::MAX as usize {
            std::process::abort();
        }
        Shared(self.0)
    }
}

impl<T> Drop for Shared<T> {
    #[inline]
    fn drop(&mut self) {
        // The only owner need not count down: a load costs less than a change that all processors must see.
        if !self.has_one_owner() && self.place().owners.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        // SAFETY: the last owner drops the value once and gives back the memory, which was allocated with this layout.
        unsafe {
            std::ptr::drop_in_place(self.0.as_ptr());
            pooled::release(self.0.cast(), Layout::new::<Place<T>>());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;
    use std::sync::Arc;

    #[test]
    fn the_last_owner_drops_the_value_once() {
        let witness = Rc::new(());
        let mut first = Shared::new((witness.clone(), 7));
        first.get_mut().unwrap().1 = 8;
        let second = first.clone();
        assert!(first.same(&second) && !first.has_one_owner() && first.get_mut().is_none());
        drop(first);
        assert_eq!((second.1, second.has_one_owner(), Rc::strong_count(&witness)), (8, true, 2));
        drop(second);
        assert_eq!(Rc::strong_count(&witness), 1);
    }

    #[test]
    fn owners_on_many_threads_come_and_go() {
        let witness = Arc::new(());
        let value = Shared::new((witness.clone(), [5u64; 40]));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let mine = value.clone();
                scope.spawn(move || {
                    for _ in 0..10_000 {
                        let another = mine.clone();
                        assert_eq!(another.1[39], 5);
                    }
                });
            }
        });
        assert!(value.has_one_owner());
        drop(value);
        assert_eq!(Arc::strong_count(&witness), 1);
    }
}
