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

#[test]
fn memory_does_not_grow_after_the_first_thousand_iterations() {
    let folder = Folder::new();
    let mut child =
        folder.command(&["train", "xor", "--iterations", "100000"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // There is a line for every thousandth iteration.
    let mut seen = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let iteration = line.split_whitespace().nth(1).and_then(|n| n.replace(',', "").parse::<u64>().ok());
        if let (Some(1000..100_000), Some(memory)) = (iteration, own_memory(child.id())) {
            seen.push(memory);
        }
    }
    assert!(child.wait().unwrap().success());
    assert!(seen.len() > 50, "{} measurements", seen.len());
    let growth = seen.iter().max().unwrap() - seen[0];
    // The list of measurements itself takes some kilobytes.
    assert!(growth <= 64, "memory grew by {growth} KiB: {seen:?}");
}
