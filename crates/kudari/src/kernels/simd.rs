//! Which vector instructions this processor has, decided once at run time.
//!
//! A function wrapped in [`vectorized!`] is compiled once for each level from the same source and the best
//! version for the processor is called. The environment variable `KUDARI_SIMD` (`portable`, `avx2`, `avx512`, `amx`)
//! lowers the level, to test the other paths or to compare results with another machine.
//!
//! AMX, the level above AVX-512, multiplies tiles of bf16 numbers and does nothing else: for every other loop it is
//! AVX-512, so that [`level`] never says it and [`tiles`] does.

use std::sync::OnceLock;

/// Sets of vector instructions, in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// What every processor of the architecture has (on AArch64 that includes NEON with fused multiply-add).
    Portable,
    /// AVX2 and FMA: 8 f32 at once.
    Avx2,
    /// AVX-512 F, BW, DQ, VL: 16 f32 at once.
    Avx512,
}

/// The level in use.
#[inline]
pub(crate) fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        let wanted = match std::env::var("KUDARI_SIMD").as_deref() {
            Ok("portable") => Level::Portable,
            Ok("avx2") => Level::Avx2,
            _ => Level::Avx512,
        };
        wanted.min(best())
    })
}

/// Whether AMX tiles of bf16 numbers are in use, and with them the AVX-512 instructions that round to bf16.
pub(crate) fn tiles() -> bool {
    static TILES: OnceLock<bool> = OnceLock::new();
    *TILES.get_or_init(|| {
        let lowered = matches!(std::env::var("KUDARI_SIMD").as_deref(), Ok("portable" | "avx2" | "avx512"));
        !lowered && level() == Level::Avx512 && tiles_present()
    })
}

/// Looks for AMX with bf16 and asks Linux for its registers, once for the whole process: they are 8 KiB a thread, so
/// that a program has to say that it wants them.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn tiles_present() -> bool {
    use std::arch::x86_64::{__cpuid, __cpuid_count};
    const BF16: u32 = 1 << 22;
    const TILE: u32 = 1 << 24;
    if __cpuid(0).eax < 7 || __cpuid_count(7, 0).edx & (BF16 | TILE) != BF16 | TILE || !is_x86_feature_detected!("avx512bf16") {
        return false;
    }
    const ARCH_PRCTL: usize = 158;
    const ARCH_REQ_XCOMP_PERM: usize = 0x1023;
    const TILE_DATA: usize = 18;
    let refused: usize;
    // SAFETY: this system call reads its two numbers and changes only which registers the kernel lets this process use;
    // the instruction itself overwrites rcx and r11.
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => refused,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") TILE_DATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    refused == 0
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
fn tiles_present() -> bool {
    false
}

#[cfg(target_arch = "x86_64")]
fn best() -> Level {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    match (avx2, avx512) {
        (true, true) => Level::Avx512,
        (true, false) => Level::Avx2,
        _ => Level::Portable,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn best() -> Level {
    Level::Portable
}

/// Compiles a function for every level and calls the best one: `fn name[generics](arguments) -> type where {bounds} { body }`.
macro_rules! vectorized {
    ($(#[$meta:meta])* $vis:vis fn $name:ident [$($generics:tt)*] ($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? $body:block) => {
        $(#[$meta])*
        #[inline]
        #[allow(clippy::too_many_arguments)]
        $vis fn $name<$($generics)*>($($arg: $ty),*) $(-> $ret)? {
            #[inline(always)]
            #[allow(clippy::too_many_arguments)]
            fn body<$($generics)*>($($arg: $ty),*) $(-> $ret)? $body

            // Not inlined into every caller, which would carry a version along that it hardly ever runs.
            #[inline(never)]
            #[allow(clippy::too_many_arguments)]
            fn portable<$($generics)*>($($arg: $ty),*) $(-> $ret)? {
                body($($arg),*)
            }

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                #[allow(clippy::too_many_arguments)]
                fn avx2<$($generics)*>($($arg: $ty),*) $(-> $ret)? {
                    body($($arg),*)
                }
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
                #[allow(clippy::too_many_arguments)]
                fn avx512<$($generics)*>($($arg: $ty),*) $(-> $ret)? {
                    body($($arg),*)
                }
                match $crate::kernels::simd::level() {
                    // SAFETY: `level` says so only after finding these features on the running processor.
                    $crate::kernels::simd::Level::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above.
                    $crate::kernels::simd::Level::Avx2 => return unsafe { avx2($($arg),*) },
                    $crate::kernels::simd::Level::Portable => {}
                }
            }
            portable($($arg),*)
        }
    };
}
pub(crate) use vectorized;
