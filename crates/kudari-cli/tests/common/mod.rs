//! What the tests of the command share: folders of their own, the built binary, IDX files.
#![allow(dead_code, missing_docs)] // no test uses all of it

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

/// A folder that is removed at the end of the test.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("kudari-cli-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.0.join(name)).unwrap()
    }

    /// The command in this folder, not yet started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kudari"));
        command.args(arguments).current_dir(&self.0);
        command
    }

    /// Runs the command in this folder.
    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().unwrap())
    }

    /// Runs the command, which must succeed, and gives the JSON object it prints.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let run = self.run(arguments);
        assert_eq!(run.status, 0, "{arguments:?}: {}", run.stderr);
        run.json()
    }

    /// A model trained on xor in the run folder `xor`.
    pub fn train_xor(&self) {
        assert_eq!(self.run(&["train", "xor", "--quiet", "--out", "xor"]).status, 0);
    }

    /// Names of the files in a folder, sorted.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.join(folder)).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What came of running the command.
pub struct Run {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn of(output: Output) -> Run {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Run { status: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The only thing on standard output.
    pub fn json(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "standard output holds one line: {}", self.stdout);
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// Asserts a clean error: this exit status, a first line `error: …` with `what` in it, and no panic.
    #[track_caller]
    pub fn fails(&self, status: i32, what: &str) {
        let lines: Vec<&str> = self.stderr.lines().collect();
        let error = lines.iter().find(|l| l.starts_with("error: ")).copied().unwrap_or_default();
        assert!(error.contains(what), "`{what}` is not in the error: {}", self.stderr);
        assert_eq!(self.status, status, "{}", self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
    }

    /// Asserts that a line `  help: …` says this.
    #[track_caller]
    pub fn helps(&self, what: &str) {
        assert!(self.stderr.lines().any(|l| l.starts_with("  help: ") && l.contains(what)), "{}", self.stderr);
    }
}

/// The header of an IDX file: type of numbers and sizes.
pub fn idx_header(kind: u8, shape: &[u32]) -> Vec<u8> {
    let sizes = shape.iter().flat_map(|s| s.to_be_bytes());
    [0, 0, kind, shape.len() as u8].into_iter().chain(sizes).collect()
}

/// An IDX file of bytes.
pub fn idx_bytes(shape: &[u32], bytes: &[u8]) -> Vec<u8> {
    [idx_header(0x08, shape), bytes.to_vec()].concat()
}

/// An IDX file of f32.
pub fn idx_floats(shape: &[u32], numbers: &[f32]) -> Vec<u8> {
    [idx_header(0x0d, shape), numbers.iter().flat_map(|n| n.to_be_bytes()).collect()].concat()
}

/// Writes MNIST's four files: samples as given, for both parts, and labels.
pub fn write_four(folder: &Folder, name: &str, samples: &[u8], labels: &[u8]) {
    for part in ["train", "t10k"] {
        folder.write(&format!("{name}/{part}-images-idx3-ubyte"), samples);
        folder.write(&format!("{name}/{part}-labels-idx1-ubyte"), &idx_bytes(&[labels.len() as u32], labels));
    }
}
