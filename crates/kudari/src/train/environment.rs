//! The machine and program that a training ran with.

use crate::array::DType;
use crate::kernels::precision::{Precision, precision};
use crate::kernels::simd::{Level, level, tiles};
use crate::kernels::threads::threads;

/// Names and values of what a training's speed, and in the last digits its numbers, may depend on: version of kudari, processor, the
/// instructions of it that are used, threads, type of number, operating system. What cannot be found out is left out.
pub fn environment(dtype: DType) -> Vec<(String, String)> {
    let instructions = match level() {
        Level::Portable => "portable",
        Level::Avx2 => "AVX2",
        Level::Avx512 => "AVX-512",
    };
    let amx = precision() == Precision::Bf16 && tiles();
    let instructions = if amx { format!("{instructions}, AMX") } else { instructions.to_string() };
    let numbers = match precision() {
        Precision::F32 => dtype.to_string(),
        Precision::Bf16 => format!("{dtype}, products in bf16"),
    };
    let rows = [
        ("kudari", Some(env!("CARGO_PKG_VERSION").to_string())),
        ("processor", of_file("/proc/cpuinfo", "model name")),
        ("instructions", Some(instructions)),
        ("threads", Some(threads().to_string())),
        ("numbers", Some(numbers)),
        ("operating system", Some(system())),
    ];
    rows.into_iter().filter_map(|(name, value)| Some((name.to_string(), value?))).collect()
}

fn system() -> String {
    let kind = format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH);
    of_file("/etc/os-release", "PRETTY_NAME").map_or(kind.clone(), |name| format!("{name} ({kind})"))
}

/// The value behind `name` and `=` or `:` in a file of such lines, as Linux has them.
fn of_file(path: &str, name: &str) -> Option<String> {
    value_of(&std::fs::read_to_string(path).ok()?, name)
}

fn value_of(text: &str, name: &str) -> Option<String> {
    let rest =
        |line: &str| Some(line.strip_prefix(name)?.trim_start().strip_prefix(['=', ':'])?.trim().trim_matches('"').to_string());
    text.lines().find_map(rest).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_both_kinds_are_read() {
        let text =
            "processor\t: 0\nmodel name\t: Fast One 3000\nmodel name\t: Fast One 3000\nPRETTY_NAME=\"A System 12\"\nEMPTY=\n";
        let of = |name| value_of(text, name);
        assert_eq!([of("model name"), of("PRETTY_NAME")], [Some("Fast One 3000".to_string()), Some("A System 12".to_string())]);
        assert_eq!([of("EMPTY"), of("model"), of("missing")], [None, None, None]);
        let rows = environment(DType::F32);
        assert_eq!(rows[0], ("kudari".to_string(), env!("CARGO_PKG_VERSION").to_string()));
        assert!(rows.iter().any(|row| row.0 == "numbers" && row.1 == "f32") && rows.iter().all(|row| !row.1.is_empty()));
    }
}
