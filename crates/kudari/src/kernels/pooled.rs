//! Small values behind a pointer, whose memory comes from a pool and goes back to it.
//!
//! The graph makes a value or two for every function that is applied and drops them a moment later. A [`Pooled`] value
//! is a box whose memory waits in a free list of its thread for the next one, so that a training step asks the system for
//! nothing.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::RefCell;
use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;

/// Sizes are rounded up to multiples of this, which is also the alignment.
const STEP: usize = 16;
/// Sizes up to `STEP · CLASSES` are pooled.
const CLASSES: usize = 32;
/// Free places that a list keeps at most.
const KEPT: usize = 4096;

thread_local! {
    static FREE: RefCell<Lists> = const { RefCell::new(Lists([const { Vec::new() }; CLASSES])) };
}

/// Free places by size.
struct Lists([Vec<NonNull<u8>>; CLASSES]);

impl Drop for Lists {
    fn drop(&mut self) {
        for (class, list) in self.0.iter_mut().enumerate() {
            if let Some(layout) = layout_of(class) {
                // SAFETY: places in the lists were allocated with the layout of their class and belong to nobody.
                list.drain(..).for_each(|place| unsafe { dealloc(place.as_ptr(), layout) });
            }
        }
    }
}

/// The class that holds values of this layout, if they are pooled.
fn class_of(layout: Layout) -> Option<usize> {
    let pooled = layout.size() > 0 && layout.size() <= STEP * CLASSES && layout.align() <= STEP;
    pooled.then(|| (layout.size() - 1) / STEP)
}

fn layout_of(class: usize) -> Option<Layout> {
    Layout::from_size_align((class + 1) * STEP, STEP).ok()
}

/// A value of type `T`, perhaps a trait object, that owns its memory.
pub(crate) struct Pooled<T: ?Sized>(NonNull<T>);

// SAFETY: it owns the value, as a box does.
unsafe impl<T: ?Sized + Send> Send for Pooled<T> {}
// SAFETY: as above; a shared reference gives only shared references.
unsafe impl<T: ?Sized + Sync> Sync for Pooled<T> {}

impl<T: ?Sized> Pooled<T> {
    /// Puts `value` into memory of its own and sees it as a `T`, which is `V` itself or one of its traits.
    pub(crate) fn new<V>(value: V, view: impl for<'a> FnOnce(&'a mut V) -> &'a mut T) -> Pooled<T> {
        let layout = Layout::new::<V>();
        let place = if layout.size() == 0 { NonNull::<V>::dangling() } else { allocate(layout).cast::<V>() };
        // SAFETY: the place is large enough, aligned, and belongs to nobody else; a value without size needs none.
        let seen = unsafe {
            place.write(value);
            view(&mut *place.as_ptr())
        };
        // The memory is found again from the view, so it must be one of the whole value.
        assert!(std::ptr::addr_eq(seen, place.as_ptr()) && Layout::for_value(seen) == layout, "a view of the whole value");
        Pooled(NonNull::from(seen))
    }
}

/// Memory for a value of this layout, whose size is not 0, from the pool if there is any.
pub(super) fn allocate(layout: Layout) -> NonNull<u8> {
    let class = class_of(layout);
    let free = class.and_then(|class| FREE.try_with(|lists| lists.borrow_mut().0[class].pop()).ok().flatten());
    if let Some(place) = free {
        return place;
    }
    let layout = class.and_then(layout_of).unwrap_or(layout);
    // SAFETY: the size is not zero, neither of a class nor of a value that is allocated.
    NonNull::new(unsafe { alloc(layout) }).unwrap_or_else(|| handle_alloc_error(layout))
}

/// Gives memory back that [`allocate`] gave for this layout.
///
/// # Safety
///
/// The memory belongs to the caller, who does not use it any more.
pub(super) unsafe fn release(place: NonNull<u8>, layout: Layout) {
    let class = class_of(layout);
    let kept = class.is_some_and(|class| {
        let keep = |lists: &RefCell<Lists>| {
            let list = &mut lists.borrow_mut().0[class];
            let room = list.len() < KEPT;
            if room {
                list.push(place);
            }
            room
        };
        // When the thread is ending its lists may be gone.
        FREE.try_with(keep).unwrap_or(false)
    });
    if !kept {
        let layout = class.and_then(layout_of).unwrap_or(layout);
        // SAFETY: allocated in `allocate` with this layout, and freed once.
        unsafe { dealloc(place.as_ptr(), layout) }
    }
}

impl<T: ?Sized> Drop for Pooled<T> {
    fn drop(&mut self) {
        let place = self.0.cast::<u8>();
        // SAFETY: the value is whole, since only `drop` ends it.
        let layout = unsafe {
            let layout = Layout::for_value(self.0.as_ref());
            std::ptr::drop_in_place(self.0.as_ptr());
            layout
        };
        if layout.size() > 0 {
            // SAFETY: allocated in `new` with this layout, and freed once.
            unsafe { release(place, layout) }
        }
    }
}

impl<T: ?Sized> Deref for Pooled<T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the value lives as long as this.
        unsafe { self.0.as_ref() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Pooled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    #[test]
    fn values_are_dropped_once_and_their_places_used_again() {
        let witness = Rc::new(());
        let first = Pooled::<dyn std::any::Any>::new((witness.clone(), 7u64), |v: &mut (Rc<()>, u64)| v);
        assert_eq!(first.downcast_ref::<(Rc<()>, u64)>().map(|v| v.1), Some(7));
        let address = std::ptr::from_ref(&*first).cast::<u8>();
        drop(first);
        assert_eq!(Rc::strong_count(&witness), 1);
        // Another value of the same class.
        let second: Pooled<[u8; 15]> = Pooled::new([3; 15], |v| v);
        assert_eq!((std::ptr::from_ref(&*second).cast::<u8>(), second[14]), (address, 3));
        let large: Pooled<[u64; 1000]> = Pooled::new([5; 1000], |v| v);
        let nothing = Pooled::<dyn fmt::Debug>::new((), |v: &mut ()| v);
        assert_eq!((large[999], format!("{nothing:?}")), (5, "()".to_string()));
    }

    #[test]
    fn a_value_may_be_dropped_by_another_thread() {
        let value: Pooled<Vec<i32>> = Pooled::new(vec![1, 2, 3], |v| v);
        let sum = std::thread::spawn(move || value.iter().sum::<i32>()).join();
        assert_eq!(sum.ok(), Some(6));
    }
}
