//! The model of one MNIST image: the scanned digit, black and white, from which the grey image follows.

use crate::coder::{BitCoder, Number, Odds};
use crate::render::{CELLS, MAX_SIDE, areas, greys};

/// Width and height of an MNIST image.
pub const FRAME: usize = 28;

/// A scanned digit: an inked box inside a square of `side` pixels.
pub struct Scan {
    pub side: usize,
    pub top: usize,
    pub left: usize,
    pub width: usize,
    /// The rows of the box: bit sets with the first column in the lowest bit; 1 is ink.
    pub rows: Vec<u128>,
}

impl Scan {
    pub fn new() -> Self {
        Scan { side: 1, top: 0, left: 0, width: 0, rows: Vec::new() }
    }

    fn fits(&self) -> bool {
        self.side <= MAX_SIDE && self.top + self.rows.len() <= self.side && self.left + self.width <= self.side
    }

    /// The digit scaled to 20 by 20 grey cells.
    fn greys(&self) -> [u8; CELLS * CELLS] {
        let margin = std::iter::repeat_n(0, self.top);
        greys(&areas(self.side, margin.chain(self.rows.iter().map(|row| row << self.left))))
    }
}

/// Top left corner of the cells in the frame if their centre of mass is to be in its middle.
fn centred(greys: &[u8; CELLS * CELLS]) -> [usize; 2] {
    let (mut mass, mut down, mut right) = (0, 0, 0);
    for (row, greys) in greys.chunks_exact(CELLS).enumerate() {
        for (column, &grey) in greys.iter().enumerate() {
            mass += u32::from(grey);
            down += u32::from(grey) * (2 * row as u32 + 1);
            right += u32::from(grey) * (2 * column as u32 + 1);
        }
    }
    [down, right].map(|moment| ((30 * mass).saturating_sub(moment) / (2 * mass).max(1)) as usize)
}

/// What the coder has learnt so far about scans, and how one image is written down.
pub struct Model {
    previous_side: usize,
    side: Vec<Number<7>>,
    missing: [Number<7>; 2],
    margins: [Number<7>; 2],
    ink: Box<[Odds]>,
    unbroken: [[Odds; MAX_RUN + 1]; 2],
    broken_at: [Vec<Number<5>>; 2],
    corrected: Odds,
    cell: Number<9>,
    grey: Number<8>,
    shift: [Number<6>; 2],
}

/// The value of [`Model::corrections`] after the last correction.
const NO_CELL: usize = CELLS * CELLS;
/// Added to signed numbers so that they can be coded.
const MARGIN_BIAS: usize = 64;
const SHIFT_BIAS: usize = 32;
/// Pixels between the same neighbours everywhere are coded together, so many at least and at most.
const MIN_RUN: usize = 4;
const MAX_RUN: usize = 31;

impl Model {
    pub fn new() -> Self {
        Model {
            previous_side: 0,
            side: vec![Number::new(); (1 << 7) / 8 + 1],
            missing: [Number::new(), Number::new()],
            margins: [Number::new(), Number::new()],
            ink: vec![Odds::EVEN; CONTEXTS].into(),
            unbroken: [[Odds::EVEN; MAX_RUN + 1]; 2],
            broken_at: [0, 1].map(|_| vec![Number::new(); MAX_RUN + 1]),
            corrected: Odds::EVEN,
            cell: Number::new(),
            grey: Number::new(),
            shift: [Number::new(), Number::new()],
        }
    }

    /// Codes one image. An encoder passes the scan and what it wants the image to become; the decoder fills the scan.
    /// In both cases `image` (28 by 28, all zero) gets the pixels. `None` if the data makes no sense.
    pub fn image(&mut self, coder: &mut impl BitCoder, scan: &mut Scan, wanted: &Wanted, image: &mut [u8]) -> Option<()> {
        self.size(coder, scan);
        if !scan.fits() {
            return None;
        }
        for row in 0..scan.rows.len() {
            self.row(coder, scan, row);
        }
        let mut greys = scan.greys();
        self.corrections(coder, &mut greys, &wanted.greys)?;
        let mut corner = centred(&greys);
        for ((at, wanted), shift) in corner.iter_mut().zip(wanted.corner).zip(&mut self.shift) {
            // Wraps for a corner above or left of the frame.
            let moved = shift.code(coder, wanted.wrapping_add(SHIFT_BIAS).wrapping_sub(*at));
            *at = (*at + moved).wrapping_sub(SHIFT_BIAS);
        }
        for (cell, &grey) in greys.iter().enumerate().filter(|(_, grey)| **grey != 0) {
            let (row, column) = (corner[0].wrapping_add(cell / CELLS), corner[1].wrapping_add(cell % CELLS));
            if row < FRAME && column < FRAME {
                *image.get_mut(row * FRAME + column)? = grey;
            }
        }
        Some(())
    }

    /// The square, and the box in it: as a rule the box touches both ends of the square along its longer side and is
    /// centred along the other.
    fn size(&mut self, coder: &mut impl BitCoder, scan: &mut Scan) {
        scan.side = self.side[self.previous_side / 8].code(coder, scan.side - 1) + 1;
        self.previous_side = scan.side;
        let mut height = scan.rows.len();
        for (axis, (length, start)) in [(&mut height, &mut scan.top), (&mut scan.width, &mut scan.left)].into_iter().enumerate() {
            let missing = self.missing[axis].code(coder, scan.side.wrapping_sub(*length));
            *length = scan.side.saturating_sub(missing);
            let centre = missing / 2;
            let margin = self.margins[axis].code(coder, (*start + MARGIN_BIAS).wrapping_sub(centre));
            *start = (margin + centre).saturating_sub(MARGIN_BIAS);
        }
        scan.rows.resize(height, 0);
    }

    /// One row of pixels. The odds of each depend on its neighbours above and to the left.
    fn row(&mut self, coder: &mut impl BitCoder, scan: &mut Scan, row: usize) {
        let above = [1, 2, 3].map(|by| row.checked_sub(by).map_or(0, |row| scan.rows[row]));
        let mut line = Line { ink: 0, column: 0, end: 0, wanted: scan.rows[row] };
        let mut neighbours = Neighbours { rows: [0; 3], edges: 0, left: 0 };
        for start in (0..scan.width).step_by(SEGMENT) {
            neighbours.look_at(above, start);
            line.end = scan.width.min(start + SEGMENT);
            while line.column < line.end {
                self.stretch::<0>(coder, &mut line, &mut neighbours);
                self.stretch::<1>(coder, &mut line, &mut neighbours);
            }
        }
        scan.rows[row] = line.ink;
    }

    /// The pixels up to the first that is not of the given colour, and that one. There is one such function for each
    /// colour because the processor can then go on with the next pixel while it still works out the last one.
    #[inline]
    fn stretch<const COLOUR: usize>(&mut self, coder: &mut impl BitCoder, line: &mut Line, neighbours: &mut Neighbours) {
        while line.column < line.end {
            let run = line.end - line.column;
            if run < MIN_RUN || !neighbours.alike(COLOUR) {
                let ink = coder.bit(&mut self.ink[neighbours.context()], line.wanted >> line.column & 1 == 1);
                if usize::from(ink) != COLOUR {
                    break;
                }
                line.push::<COLOUR>(neighbours, 1);
                continue;
            }
            let run = neighbours.run().min(run).min(MAX_RUN);
            let same = (line.wanted >> line.column ^ (COLOUR as u128).wrapping_neg()).trailing_zeros() as usize;
            if !coder.bit(&mut self.unbroken[COLOUR][run], same >= run) {
                let same = self.broken_at[COLOUR][run].code(coder, same);
                line.push::<COLOUR>(neighbours, same);
                break;
            }
            line.push::<COLOUR>(neighbours, run);
        }
        if line.column < line.end {
            if COLOUR == 0 { line.push::<1>(neighbours, 1) } else { line.push::<0>(neighbours, 1) }
        }
    }

    /// Greys that the scan does not explain; hardly any image has some.
    fn corrections(
        &mut self,
        coder: &mut impl BitCoder,
        greys: &mut [u8; CELLS * CELLS],
        wanted: &[u8; CELLS * CELLS],
    ) -> Option<()> {
        let next = |greys: &[u8], from| (from..NO_CELL).find(|&cell| greys[cell] != wanted[cell]);
        if !coder.bit(&mut self.corrected, next(greys, 0).is_some()) {
            return Some(());
        }
        let mut from = 0;
        loop {
            let cell = self.cell.code(coder, next(greys, from).unwrap_or(NO_CELL));
            if cell == NO_CELL {
                return Some(());
            }
            *greys.get_mut(cell)? = self.grey.code(coder, usize::from(*wanted.get(cell)?)) as u8;
            from = cell + 1;
        }
    }
}

/// What an encoder wants an image to become; the decoder passes [`Wanted::UNKNOWN`].
pub struct Wanted {
    pub greys: [u8; CELLS * CELLS],
    /// Where the cells begin in the frame, row and column; wraps below zero.
    pub corner: [usize; 2],
}

impl Wanted {
    pub const UNKNOWN: Wanted = Wanted { greys: [0; CELLS * CELLS], corner: [0; 2] };
}

/// A row of which the pixels before `column` are known.
struct Line {
    ink: u128,
    column: usize,
    /// Where the part of the row ends that is being coded.
    end: usize,
    /// What an encoder wants the row to become.
    wanted: u128,
}

impl Line {
    #[inline]
    fn push<const COLOUR: usize>(&mut self, neighbours: &mut Neighbours, count: usize) {
        let pixels = if COLOUR == 1 { (1 << count) - 1 } else { 0 };
        self.ink |= (pixels as u128) << self.column;
        self.column += count;
        neighbours.rows = neighbours.rows.map(|row| row >> count);
        neighbours.edges >>= count;
        neighbours.left = neighbours.left << count | pixels;
    }
}

/// How many pixels the context takes from each of the three rows above, the nearest row first; how many of them lie to
/// the left of the current pixel; and how many pixels it takes from the current row.
const TAKEN: [u32; 3] = [7, 5, 3];
const TAKEN_BEFORE: [u32; 3] = [3, 2, 1];
const TAKEN_LEFT: u32 = 4;
const CONTEXTS: usize = 1 << (TAKEN[0] + TAKEN[1] + TAKEN[2] + TAKEN_LEFT);

/// Rows are coded in parts of so many pixels, whose neighbours fit into 64 bits.
const SEGMENT: usize = 56;

/// What is around the current pixel.
struct Neighbours {
    /// The rows above, nearest first; the lowest bit is the leftmost pixel that the context takes.
    rows: [u64; 3],
    /// Where the next two rows above differ from each other or from their pixel before, from the previous column on.
    edges: u64,
    /// The pixels to the left, nearest in the lowest bit.
    left: usize,
}

impl Neighbours {
    /// Sets the rows above to what is above the given column.
    fn look_at(&mut self, above: [u128; 3], column: usize) {
        let edges = above[0] ^ above[0] << 1 | above[0] ^ above[1];
        self.edges = (edges << 1 >> column) as u64;
        self.rows = [0, 1, 2].map(|row| (above[row] << TAKEN_BEFORE[row] >> column) as u64);
    }

    #[inline]
    fn context(&self) -> usize {
        let left = self.left & ((1 << TAKEN_LEFT) - 1);
        let join = |context: usize, (row, taken): (&u64, u32)| context << taken | *row as usize & ((1 << taken) - 1);
        self.rows.iter().zip(TAKEN).fold(left, join)
    }

    /// Whether the next few pixels, and one further on, have only pixels of the given colour above them.
    #[inline]
    fn alike(&self, colour: usize) -> bool {
        let above = (self.rows[0] >> TAKEN_BEFORE[0]) as usize & 1;
        above == colour && self.edges as usize & ((1 << (MIN_RUN + 3)) - 1) == 0
    }

    /// For how many pixels that goes on.
    #[inline]
    fn run(&self) -> usize {
        self.edges.trailing_zeros() as usize - 3
    }
}
