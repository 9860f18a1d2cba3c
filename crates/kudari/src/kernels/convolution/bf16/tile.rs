//! Blocks of up to 2 × 2 tiles of results whose factors are read where they lie, from one list of places for all.

use std::arch::asm;

use crate::kernels::bf16::tile::Tiles;

/// Numbers of one tile of results. The four of a block lie one after the other: upper left, upper right, lower left, lower
/// right.
pub(super) const RESULT: usize = 256;
/// Numbers of a block of results.
pub(super) const BLOCK: usize = 4 * RESULT;

/// A block of results and what it is the product of. Distances are in bytes.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    /// How far each step along the inner dimension lies from the starts of a and of b; at least one step.
    pub steps: &'a [[i64; 2]],
    /// Where the upper and the lower tile of the left operand start; twice the same if there is only one.
    pub a: [*const u8; 2],
    /// From one row of a tile to the next.
    pub a_row: usize,
    /// Where the left and the right tile of the right operand start, likewise, and from one pair of rows to the next.
    pub b: [*const u8; 2],
    pub b_row: usize,
    pub out: *mut f32,
    /// Add to what is in `out` instead of replacing it.
    pub accumulate: bool,
}

/// `[instructions that fetch the results], [that clear them], [that multiply], [that put them away]` for one size of block.
macro_rules! block {
    ($name:ident, [$($fetch:literal),*], [$($clear:literal),*], [$($multiply:literal),*], [$($store:literal),*]) => {
        /// # Safety
        ///
        /// As [`multiply`].
        unsafe fn $name(block: &Block<'_>) {
            // SAFETY: the caller vouches for the tile registers, the operands and the results. No register that rustc knows of
            // changes but those named here.
            unsafe {
                asm!(
                    "/* to the second tiles: {a_next} {b_next} */",
                    "test {t}, {t}",
                    "jz 2f",
                    $($fetch,)*
                    "jmp 3f",
                    "2:",
                    $($clear,)*
                    "3:",
                    "mov {t}, [{steps}]",
                    "mov {u}, [{steps} + 8]",
                    "add {t}, {a}",
                    "add {u}, {b}",
                    $($multiply,)*
                    "add {steps}, 16",
                    "dec {count}",
                    "jnz 3b",
                    $($store,)*
                    t = inout(reg) block.accumulate as u64 => _,
                    u = out(reg) _,
                    steps = inout(reg) block.steps.as_ptr() => _,
                    count = inout(reg) block.steps.len() => _,
                    a = in(reg) block.a[0],
                    a_next = in(reg) (block.a[1] as usize).wrapping_sub(block.a[0] as usize),
                    a_row = in(reg) block.a_row,
                    b = in(reg) block.b[0],
                    b_next = in(reg) (block.b[1] as usize).wrapping_sub(block.b[0] as usize),
                    b_row = in(reg) block.b_row,
                    out = in(reg) block.out,
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
        "tileloadd tmm0, [{out} + {line}]",
        "tileloadd tmm1, [{out} + {line} + 1024]",
        "tileloadd tmm2, [{out} + {line} + 2048]",
        "tileloadd tmm3, [{out} + {line} + 3072]"
    ],
    ["tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3"],
    [
        "tileloadd tmm4, [{t} + {a_row}]",
        "tileloadd tmm6, [{u} + {b_row}]",
        "add {t}, {a_next}",
        "add {u}, {b_next}",
        "tdpbf16ps tmm0, tmm4, tmm6",
        "tileloadd tmm7, [{u} + {b_row}]",
        "tdpbf16ps tmm1, tmm4, tmm7",
        "tileloadd tmm5, [{t} + {a_row}]",
        "tdpbf16ps tmm2, tmm5, tmm6",
        "tdpbf16ps tmm3, tmm5, tmm7"
    ],
    [
        "tilestored [{out} + {line}], tmm0",
        "tilestored [{out} + {line} + 1024], tmm1",
        "tilestored [{out} + {line} + 2048], tmm2",
        "tilestored [{out} + {line} + 3072], tmm3"
    ]
);

block!(
    one_by_two,
    ["tileloadd tmm0, [{out} + {line}]", "tileloadd tmm1, [{out} + {line} + 1024]"],
    ["tilezero tmm0", "tilezero tmm1"],
    [
        "tileloadd tmm4, [{t} + {a_row}]",
        "tileloadd tmm6, [{u} + {b_row}]",
        "add {u}, {b_next}",
        "tdpbf16ps tmm0, tmm4, tmm6",
        "tileloadd tmm7, [{u} + {b_row}]",
        "tdpbf16ps tmm1, tmm4, tmm7"
    ],
    ["tilestored [{out} + {line}], tmm0", "tilestored [{out} + {line} + 1024], tmm1"]
);

block!(
    two_by_one,
    ["tileloadd tmm0, [{out} + {line}]", "tileloadd tmm2, [{out} + {line} + 2048]"],
    ["tilezero tmm0", "tilezero tmm2"],
    [
        "tileloadd tmm4, [{t} + {a_row}]",
        "tileloadd tmm6, [{u} + {b_row}]",
        "add {t}, {a_next}",
        "tdpbf16ps tmm0, tmm4, tmm6",
        "tileloadd tmm5, [{t} + {a_row}]",
        "tdpbf16ps tmm2, tmm5, tmm6"
    ],
    ["tilestored [{out} + {line}], tmm0", "tilestored [{out} + {line} + 2048], tmm2"]
);

block!(
    one_by_one,
    ["tileloadd tmm0, [{out} + {line}]"],
    ["tilezero tmm0"],
    ["tileloadd tmm4, [{t} + {a_row}]", "tileloadd tmm6, [{u} + {b_row}]", "tdpbf16ps tmm0, tmm4, tmm6"],
    ["tilestored [{out} + {line}], tmm0"]
);

/// Computes one block: `out = a·b`, or `out += a·b`. Tiles of results that have no operands of their own are left alone.
///
/// # Safety
///
/// At every step the tiles of a and b, as deep as `tiles` was set up for, are readable at the distances of their rows;
/// `out` has room for a block, which nobody else uses meanwhile.
pub(super) unsafe fn multiply(_tiles: &Tiles, block: &Block<'_>) {
    debug_assert!(!block.steps.is_empty(), "a block without steps");
    // SAFETY: `_tiles` is the promise that the tile registers are set up, the rest is the caller's.
    unsafe {
        match (block.a[0] == block.a[1], block.b[0] == block.b[1]) {
            (false, false) => two_by_two(block),
            (true, false) => one_by_two(block),
            (false, true) => two_by_one(block),
            (true, true) => one_by_one(block),
        }
    }
}
