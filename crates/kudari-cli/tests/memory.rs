//! A long training takes no more memory than a short one.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too
#![cfg(target_os = "linux")]

mod common;

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use common::Folder;

/// KiB of memory of a process that are its own: not those of the program's file, which come in as they are first used.
fn own_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|l| l.strip_prefix("RssAnon:")?.trim().strip_suffix(" kB")?.trim().parse().ok())
}

/// The memory at every line of a training of XOR after the first, which stands for a twentieth of the iterations.
fn memory_during(iterations: &str) -> Vec<u64> {
    let folder = Folder::new();
    let mut child = folder
        .command(&["train", "xor", "--iterations", iterations])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut seen = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let iteration = line.split_whitespace().nth(1).and_then(|n| n.replace(',', "").parse::<u64>().ok());
        if let (Some(1000..), Some(memory)) = (iteration, own_memory(child.id())) {
            seen.push(memory);
        }
    }
    assert!(child.wait().unwrap().success());
    seen
}

#[test]
fn memory_does_not_grow_after_the_first_thousand_iterations() {
    // The first line of the short one is that of iteration 1,000.
    let (short, long) = (memory_during("20000"), memory_during("100000"));
    assert!(short.len() >= 15 && long.len() >= 15, "{} and {} measurements", short.len(), long.len());
    let growth = long.iter().chain(&short).max().unwrap().saturating_sub(short[0]);
    // The list of measurements itself takes some kilobytes.
    assert!(growth <= 64, "memory grew by {growth} KiB: {short:?} {long:?}");
}
