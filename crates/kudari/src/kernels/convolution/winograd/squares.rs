//! How the output is cut into squares, and what each of them reads and writes.

use std::ops::Range;

use super::loops::Loops;
use super::method::{MOST_OUT, MOST_POSITIONS, MOST_SIDE, Method};
use crate::kernels::float::Float;
use crate::kernels::memory::Buffer;

/// The squares of a batch of pictures, numbered picture by picture and row by row. Pairs are vertical, horizontal.
#[derive(Clone, Copy)]
pub(super) struct Squares {
    pub method: Method,
    pub batch: usize,
    /// Height and width of the input, and its channels.
    pub picture: [usize; 2],
    pub depth: usize,
    /// Rows and columns of zeros above and left of the input.
    pub before: [usize; 2],
    /// Height and width of the output.
    pub out: [usize; 2],
}

impl Squares {
    /// Squares of one picture, down and across.
    fn each(&self) -> [usize; 2] {
        self.out.map(|size| size.div_ceil(self.method.out()))
    }

    pub(super) fn count(&self) -> usize {
        self.batch * self.each()[0] * self.each()[1]
    }

    /// The picture of a square, and its first row and column in the output.
    fn place(&self, square: usize) -> (usize, [usize; 2]) {
        let [down, across] = self.each();
        let in_picture = square % (down * across);
        (square / (down * across), [in_picture / across * self.method.out(), in_picture % across * self.method.out()])
    }

    /// The places of the input along one side of a square, from the output's place `first` on; `None` beside the picture.
    fn inside(&self, axis: usize, first: usize) -> [Option<usize>; MOST_SIDE] {
        std::array::from_fn(|i| (first + i).checked_sub(self.before[axis]).filter(|&place| place < self.picture[axis]))
    }

    /// Transforms some squares of the input: channel c of position p of the i-th of them goes to `to[p · step + i · depth + c]`.
    ///
    /// # Safety
    ///
    /// All of these are inside one allocation and used by nobody else.
    pub(super) unsafe fn transform<T: Float>(
        &self,
        picture: &[T],
        squares: Range<usize>,
        (to, step): (*mut T, usize),
        loops: &Loops<T>,
    ) {
        let ([height, width], depth, side) = (self.picture, self.depth, self.method.side());
        let zeros = zeros::<T>(depth);
        let zeros = zeros.slice::<T>(depth);
        for (number, square) in squares.enumerate() {
            let (n, [top, left]) = self.place(square);
            // Where rows and columns of the square lie in the input, and which of them are there.
            let rows = self.inside(0, top);
            let columns = self.inside(1, left);
            let row_len = width * depth;
            let mut places = [zeros.as_ptr(); MOST_POSITIONS];
            let places_of_square = &mut places[..side * side];
            match (rows[0], rows[side - 1], columns[0], columns[side - 1]) {
                (Some(y), Some(_), Some(x), Some(_)) => {
                    let start = ((n * height + y) * width + x) * depth;
                    let square = &picture[start..][..(side - 1) * row_len + side * depth];
                    for (y, row) in places_of_square.chunks_exact_mut(side).enumerate() {
                        for (x, place) in row.iter_mut().enumerate() {
                            // SAFETY: the slice reaches to the end of the last of these places.
                            *place = unsafe { square.as_ptr().add(y * row_len + x * depth) };
                        }
                    }
                }
                _ => {
                    for (row, y) in places_of_square.chunks_exact_mut(side).zip(rows) {
                        for (place, x) in row.iter_mut().zip(columns) {
                            if let (Some(y), Some(x)) = (y, x) {
                                *place = picture[((n * height + y) * width + x) * depth..][..depth].as_ptr();
                            }
                        }
                    }
                }
            }
            // SAFETY: every place has `depth` numbers (the slices above); the caller vouches for the target.
            unsafe { loops.input(&places, to.add(number * depth), step, depth) }
        }
    }

    /// The same for the gradient of the output, in panels of `wide` filters: number j of panel q of position p of the i-th
    /// square goes to `to[p · step + (q · squares + i) · wide + j]`.
    ///
    /// # Safety
    ///
    /// As for [`transform`](Self::transform).
    pub(super) unsafe fn transform_gradient<T: Float>(
        &self,
        gradient: &[T],
        squares: Range<usize>,
        (to, step): (*mut T, usize),
        (panel_step, wide): (usize, usize),
        filters: usize,
        loops: &Loops<T>,
    ) {
        let zeros = zeros::<T>(filters);
        let zeros = zeros.slice::<T>(filters);
        for (number, square) in squares.enumerate() {
            let places = self.targets(square, filters).map(|target| match target {
                Some(at) => &gradient[at..at + filters],
                None => zeros,
            });
            for (panel, first) in (0..filters).step_by(wide).enumerate() {
                let columns = wide.min(filters - first);
                let places = places.map(|place| place[first..].as_ptr());
                // SAFETY: as above.
                unsafe { loops.gradient(&places, to.add(panel * panel_step + number * wide), step, columns) }
            }
        }
    }

    /// Where the places of a square start in an output with `width` numbers a place; `None` beside it.
    pub(super) fn targets(&self, square: usize, width: usize) -> [Option<usize>; MOST_OUT * MOST_OUT] {
        // Sizes that are known when this is compiled: there is a division for every place.
        match self.method {
            Method::Two => self.targets_of::<2>(square, width),
            Method::Four => self.targets_of::<4>(square, width),
        }
    }

    fn targets_of<const SIDE: usize>(&self, square: usize, width: usize) -> [Option<usize>; MOST_OUT * MOST_OUT] {
        let (n, [top, left]) = self.place(square);
        let start = (n * self.out[0] + top) * self.out[1] + left;
        std::array::from_fn(|i| {
            let (y, x) = (i / SIDE, i % SIDE);
            (y < SIDE && top + y < self.out[0] && left + x < self.out[1]).then(|| (start + y * self.out[1] + x) * width)
        })
    }
}

/// What lies beside a picture.
fn zeros<T: Float>(len: usize) -> Buffer {
    let mut zeros = Buffer::recycled::<T>(len);
    if let Some(zeros) = zeros.slice_mut::<T>(len) {
        zeros.fill(T::ZERO);
    }
    zeros
}
