//! The inner loop of full tiles for AVX-512, written as instructions.
//!
//! Twelve rows start anywhere, which is more addresses than the processor has registers. Compilers keep a moving pointer
//! for each of them and spend the time on reloading and storing those; here the starts stay in memory, one index moves,
//! and each start is read once for two steps.

use std::arch::asm;
use std::arch::x86_64::{__m512, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps};

use super::tile::{ROWS, Tile};

/// Adds all segments of a tile of twelve rows and two whole registers of columns to `sums`.
///
/// # Safety
///
/// As for a tile; all twelve rows of `tile.a` may be read, and b up to whole registers.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn add(sums: &mut [[__m512; 2]; ROWS], tile: &Tile<'_, f32>) {
    let (a_step, b_step) = (4 * tile.a_step, 4 * tile.b_step);
    for (segment, &offset) in tile.offsets.iter().enumerate() {
        let mut b = tile.b.wrapping_offset(segment as isize * tile.b_segment);
        let mut at = 4 * offset as isize;
        if tile.depth > 1 {
            // SAFETY: the caller vouches for everything the tile reaches; the loop reads depth rounded down to even steps of
            // it, changes only the registers that are named and does not touch the stack.
            unsafe {
                asm!(
                    "2:",
                    "vmovups zmm24, [{b}]",
                    "vmovups zmm25, [{b} + 64]",
                    "vmovups zmm26, [{b} + {b_step}]",
                    "vmovups zmm27, [{b} + {b_step} + 64]",
                    "mov {t}, [{rows} + 0]",
                    "vbroadcastss zmm28, [{t} + {at}]",
                    "vbroadcastss zmm29, [{t} + {next}]",
                    "vfmadd231ps zmm0, zmm28, zmm24",
                    "vfmadd231ps zmm1, zmm28, zmm25",
                    "vfmadd231ps zmm0, zmm29, zmm26",
                    "vfmadd231ps zmm1, zmm29, zmm27",
                    "mov {u}, [{rows} + 8]",
                    "vbroadcastss zmm28, [{u} + {at}]",
                    "vbroadcastss zmm29, [{u} + {next}]",
                    "vfmadd231ps zmm2, zmm28, zmm24",
                    "vfmadd231ps zmm3, zmm28, zmm25",
                    "vfmadd231ps zmm2, zmm29, zmm26",
                    "vfmadd231ps zmm3, zmm29, zmm27",
                    "mov {t}, [{rows} + 16]",
                    "vbroadcastss zmm28, [{t} + {at}]",
                    "vbroadcastss zmm29, [{t} + {next}]",
                    "vfmadd231ps zmm4, zmm28, zmm24",
                    "vfmadd231ps zmm5, zmm28, zmm25",
                    "vfmadd231ps zmm4, zmm29, zmm26",
                    "vfmadd231ps zmm5, zmm29, zmm27",
                    "mov {u}, [{rows} + 24]",
                    "vbroadcastss zmm28, [{u} + {at}]",
                    "vbroadcastss zmm29, [{u} + {next}]",
                    "vfmadd231ps zmm6, zmm28, zmm24",
                    "vfmadd231ps zmm7, zmm28, zmm25",
                    "vfmadd231ps zmm6, zmm29, zmm26",
                    "vfmadd231ps zmm7, zmm29, zmm27",
                    "mov {t}, [{rows} + 32]",
                    "vbroadcastss zmm28, [{t} + {at}]",
                    "vbroadcastss zmm29, [{t} + {next}]",
                    "vfmadd231ps zmm8, zmm28, zmm24",
                    "vfmadd231ps zmm9, zmm28, zmm25",
                    "vfmadd231ps zmm8, zmm29, zmm26",
                    "vfmadd231ps zmm9, zmm29, zmm27",
                    "mov {u}, [{rows} + 40]",
                    "vbroadcastss zmm28, [{u} + {at}]",
                    "vbroadcastss zmm29, [{u} + {next}]",
                    "vfmadd231ps zmm10, zmm28, zmm24",
                    "vfmadd231ps zmm11, zmm28, zmm25",
                    "vfmadd231ps zmm10, zmm29, zmm26",
                    "vfmadd231ps zmm11, zmm29, zmm27",
                    "mov {t}, [{rows} + 48]",
                    "vbroadcastss zmm28, [{t} + {at}]",
                    "vbroadcastss zmm29, [{t} + {next}]",
                    "vfmadd231ps zmm12, zmm28, zmm24",
                    "vfmadd231ps zmm13, zmm28, zmm25",
                    "vfmadd231ps zmm12, zmm29, zmm26",
                    "vfmadd231ps zmm13, zmm29, zmm27",
                    "mov {u}, [{rows} + 56]",
                    "vbroadcastss zmm28, [{u} + {at}]",
                    "vbroadcastss zmm29, [{u} + {next}]",
                    "vfmadd231ps zmm14, zmm28, zmm24",
                    "vfmadd231ps zmm15, zmm28, zmm25",
                    "vfmadd231ps zmm14, zmm29, zmm26",
                    "vfmadd231ps zmm15, zmm29, zmm27",
                    "mov {t}, [{rows} + 64]",
                    "vbroadcastss zmm28, [{t} + {at}]",
                    "vbroadcastss zmm29, [{t} + {next}]",
                    "vfmadd231ps zmm16, zmm28, zmm24",
                    "vfmadd231ps zmm17, zmm28, zmm25",
                    "vfmadd231ps zmm16, zmm29, zmm26",
                    "vfmadd231ps zmm17, zmm29, zmm27",
                    "mov {u}, [{rows} + 72]",
                    "vbroadcastss zmm28, [{u} + {at}]",
                    "vbroadcastss zmm29, [{u} + {next}]",
                    "vfmadd231ps zmm18, zmm28, zmm24",
                    "vfmadd231ps zmm19, zmm28, zmm25",
                    "vfmadd231ps zmm18, zmm29, zmm26",
                    "vfmadd231ps zmm19, zmm29, zmm27",
                    "mov {t}, [{rows} + 80]",
                    "vbroadcastss zmm28, [{t} + {at}]",
                    "vbroadcastss zmm29, [{t} + {next}]",
                    "vfmadd231ps zmm20, zmm28, zmm24",
                    "vfmadd231ps zmm21, zmm28, zmm25",
                    "vfmadd231ps zmm20, zmm29, zmm26",
                    "vfmadd231ps zmm21, zmm29, zmm27",
                    "mov {u}, [{rows} + 88]",
                    "vbroadcastss zmm28, [{u} + {at}]",
                    "vbroadcastss zmm29, [{u} + {next}]",
                    "vfmadd231ps zmm22, zmm28, zmm24",
                    "vfmadd231ps zmm23, zmm28, zmm25",
                    "vfmadd231ps zmm22, zmm29, zmm26",
                    "vfmadd231ps zmm23, zmm29, zmm27",
                    "lea {b}, [{b} + 2*{b_step}]",
                    "lea {at}, [{at} + 2*{a_step}]",
                    "lea {next}, [{next} + 2*{a_step}]",
                    "dec {pairs}",
                    "jnz 2b",
                    b = inout(reg) b,
                    at = inout(reg) at,
                    next = inout(reg) at + a_step => _,
                    pairs = inout(reg) tile.depth / 2 => _,
                    rows = in(reg) tile.a.as_ptr(),
                    a_step = in(reg) a_step,
                    b_step = in(reg) b_step,
                    t = out(reg) _,
                    u = out(reg) _,
                    inout("zmm0") sums[0][0], inout("zmm1") sums[0][1],
                    inout("zmm2") sums[1][0], inout("zmm3") sums[1][1],
                    inout("zmm4") sums[2][0], inout("zmm5") sums[2][1],
                    inout("zmm6") sums[3][0], inout("zmm7") sums[3][1],
                    inout("zmm8") sums[4][0], inout("zmm9") sums[4][1],
                    inout("zmm10") sums[5][0], inout("zmm11") sums[5][1],
                    inout("zmm12") sums[6][0], inout("zmm13") sums[6][1],
                    inout("zmm14") sums[7][0], inout("zmm15") sums[7][1],
                    inout("zmm16") sums[8][0], inout("zmm17") sums[8][1],
                    inout("zmm18") sums[9][0], inout("zmm19") sums[9][1],
                    inout("zmm20") sums[10][0], inout("zmm21") sums[10][1],
                    inout("zmm22") sums[11][0], inout("zmm23") sums[11][1],
                    out("zmm24") _, out("zmm25") _, out("zmm26") _, out("zmm27") _, out("zmm28") _, out("zmm29") _,
                    options(readonly, nostack),
                );
            }
        }
        if tile.depth % 2 == 1 {
            // SAFETY: the last step, of which the caller vouches for everything as well.
            unsafe {
                let (left, right) = (_mm512_loadu_ps(b), _mm512_loadu_ps(b.add(16)));
                for (sums, &row) in sums.iter_mut().zip(&tile.a) {
                    let factor = _mm512_set1_ps(*row.byte_offset(at));
                    sums[0] = _mm512_fmadd_ps(factor, left, sums[0]);
                    sums[1] = _mm512_fmadd_ps(factor, right, sums[1]);
                }
            }
        }
    }
}
