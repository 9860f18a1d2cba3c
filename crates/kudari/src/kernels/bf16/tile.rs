//! AMX: tiles of 16 rows of 64 bytes, and the one instruction that multiplies two of them onto a third.
//!
//! `TDPBF16PS` adds to a tile of 16 × 16 f32 the product of 16 rows of 32 bf16 and 32 rows of 16 columns, whose rows lie
//! in pairs: 16 pairs of rows, each with its two numbers of a column side by side. It sums the even and the odd places
//! of the 32 on their own, fused, and adds both to the result; numbers below 2⁻¹²⁶ count as zero, read or written.
//!
//! rustc knows no tile registers, so that a whole block (up to 2 × 2 tiles of results over all of the depth) is one
//! piece of assembly.

use std::arch::asm;

/// Lines in a tile: rows of its left operand, columns of its right one.
pub(in crate::kernels) const LINES: usize = 16;
/// Places of the inner dimension in a tile.
pub(in crate::kernels) const DEPTH: usize = 32;
/// Bytes of a tile.
pub(in crate::kernels) const BYTES: usize = 1024;

/// The tile registers of this thread, in use. Dropping it gives them back, which keeps switches between threads cheap.
pub(in crate::kernels) struct Tiles {
    /// The registers are this thread's.
    _not_send: std::marker::PhantomData<*const ()>,
}

impl Tiles {
    /// Sets all eight up: tiles 0 to 3 for results, 16 rows of 16 numbers; 4 and 5 for left operands, 16 rows of `depth`
    /// numbers; 6 and 7 for right ones, `depth / 2` rows of 16 pairs.
    ///
    /// # Safety
    ///
    /// `simd::tiles()`; and no second one at a time in a thread, since the first to go takes the registers with it.
    pub(in crate::kernels) unsafe fn configure(depth: usize) -> Tiles {
        assert!(depth.is_multiple_of(2) && (2..=DEPTH).contains(&depth), "the depth of a tile");
        #[repr(C, align(64))]
        struct Configuration {
            palette: u8,
            start_row: u8,
            reserved: [u8; 14],
            row_bytes: [u16; 16],
            rows: [u8; 16],
        }
        let sizes: [(u8, u16); 16] = std::array::from_fn(|tile| match tile {
            0..4 => (LINES as u8, 64),
            4..6 => (LINES as u8, 2 * depth as u16),
            6..8 => (depth as u8 / 2, 64),
            _ => (0, 0),
        });
        let configuration = Configuration {
            palette: 1,
            start_row: 0,
            reserved: [0; 14],
            row_bytes: sizes.map(|(_, bytes)| bytes),
            rows: sizes.map(|(rows, _)| rows),
        };
        // SAFETY: the processor has tiles and the process may use them (the caller's promise); 64 bytes are read.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const configuration, options(nostack, readonly, preserves_flags)) }
        Tiles { _not_send: std::marker::PhantomData }
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        // SAFETY: there are tiles, else there would be no `Tiles`.
        unsafe { asm!("tilerelease", options(nostack, nomem, preserves_flags)) }
    }
}

/// A block of results and what it is the product of.
pub(super) struct Block {
    /// Tiles along the inner dimension, at least one. They lie one after the other.
    pub steps: usize,
    /// The first tile of each group of 16 rows of the left operand; one group if both are the same.
    pub a: [*const u8; 2],
    /// The first tile of each group of 16 columns of the right operand, likewise.
    pub b: [*const u8; 2],
    pub out: *mut f32,
    /// Bytes from a row of `out` to the next.
    pub out_row: usize,
    /// Add to what is in `out` instead of replacing it.
    pub accumulate: bool,
}

/// `[instructions that fetch the results], [that clear them], [that multiply], [that put them away]` for one size of block.
macro_rules! block {
    ($name:ident, [$($fetch:literal),*], [$($clear:literal),*], [$($multiply:literal),*], [$($store:literal),*]) => {
        /// # Safety
        ///
        /// As [`Tiles::multiply`].
        unsafe fn $name(block: &Block) {
            // SAFETY: the caller vouches for the tile registers, the tiles and the results. No register that rustc knows of
            // changes but those named here.
            unsafe {
                asm!(
                    "/* rows 16 to 31 of the results, if there are any, begin at {lower} */",
                    "test {accumulate}, {accumulate}",
                    "jz 2f",
                    $($fetch,)*
                    "jmp 3f",
                    "2:",
                    $($clear,)*
                    "3:",
                    $($multiply,)*
                    "add {a0}, 1024",
                    "add {a1}, 1024",
                    "add {b0}, 1024",
                    "add {b1}, 1024",
                    "dec {steps}",
                    "jnz 3b",
                    $($store,)*
                    accumulate = in(reg) block.accumulate as u64,
                    steps = inout(reg) block.steps => _,
                    a0 = inout(reg) block.a[0] => _,
                    a1 = inout(reg) block.a[1] => _,
                    b0 = inout(reg) block.b[0] => _,
                    b1 = inout(reg) block.b[1] => _,
                    out = in(reg) block.out,
                    lower = in(reg) block.out.wrapping_byte_add(LINES * block.out_row),
                    row = in(reg) block.out_row,
                    line = in(reg) 64usize,
                    options(nostack),
                );
            }
        }
    };
}

block!(
    two_by_two,
    [
        "tileloadd tmm0, [{out} + {row}]",
        "tileloadd tmm1, [{out} + {row} + 64]",
        "tileloadd tmm2, [{lower} + {row}]",
        "tileloadd tmm3, [{lower} + {row} + 64]"
    ],
    ["tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3"],
    [
        "tileloadd tmm4, [{a0} + {line}]",
        "tileloadd tmm6, [{b0} + {line}]",
        "tdpbf16ps tmm0, tmm4, tmm6",
        "tileloadd tmm7, [{b1} + {line}]",
        "tdpbf16ps tmm1, tmm4, tmm7",
        "tileloadd tmm5, [{a1} + {line}]",
        "tdpbf16ps tmm2, tmm5, tmm6",
        "tdpbf16ps tmm3, tmm5, tmm7"
    ],
    [
        "tilestored [{out} + {row}], tmm0",
        "tilestored [{out} + {row} + 64], tmm1",
        "tilestored [{lower} + {row}], tmm2",
        "tilestored [{lower} + {row} + 64], tmm3"
    ]
);

block!(
    one_by_two,
    ["tileloadd tmm0, [{out} + {row}]", "tileloadd tmm1, [{out} + {row} + 64]"],
    ["tilezero tmm0", "tilezero tmm1"],
    [
        "tileloadd tmm4, [{a0} + {line}]",
        "tileloadd tmm6, [{b0} + {line}]",
        "tdpbf16ps tmm0, tmm4, tmm6",
        "tileloadd tmm7, [{b1} + {line}]",
        "tdpbf16ps tmm1, tmm4, tmm7"
    ],
    ["tilestored [{out} + {row}], tmm0", "tilestored [{out} + {row} + 64], tmm1"]
);

block!(
    two_by_one,
    ["tileloadd tmm0, [{out} + {row}]", "tileloadd tmm2, [{lower} + {row}]"],
    ["tilezero tmm0", "tilezero tmm2"],
    [
        "tileloadd tmm6, [{b0} + {line}]",
        "tileloadd tmm4, [{a0} + {line}]",
        "tdpbf16ps tmm0, tmm4, tmm6",
        "tileloadd tmm5, [{a1} + {line}]",
        "tdpbf16ps tmm2, tmm5, tmm6"
    ],
    ["tilestored [{out} + {row}], tmm0", "tilestored [{lower} + {row}], tmm2"]
);

block!(
    one_by_one,
    ["tileloadd tmm0, [{out} + {row}]"],
    ["tilezero tmm0"],
    ["tileloadd tmm4, [{a0} + {line}]", "tileloadd tmm6, [{b0} + {line}]", "tdpbf16ps tmm0, tmm4, tmm6"],
    ["tilestored [{out} + {row}], tmm0"]
);

impl Tiles {
    /// Computes one block: `out = a·b`, or `out += a·b`.
    ///
    /// # Safety
    ///
    /// Behind every pointer of `a` and `b` lie `steps` tiles; `out` has room for 16 rows of 16 numbers for each group of `a`
    /// and of `b`, at the distances of `out_row`, which nobody else uses meanwhile.
    pub(super) unsafe fn multiply(&self, block: &Block) {
        // SAFETY: `self` is the promise that the tile registers are set up, the rest is the caller's.
        unsafe {
            match (block.a[0] == block.a[1], block.b[0] == block.b[1]) {
                (false, false) => two_by_two(block),
                (true, false) => one_by_two(block),
                (false, true) => two_by_one(block),
                (true, true) => one_by_one(block),
            }
        }
    }
}
