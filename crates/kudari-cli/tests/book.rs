//! The book of `docs/book`: its commands print what the pages show, both languages have the same commands, and its links lead
//! somewhere. `docs/book/README.md` tells how blocks are written.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers outside of #[test] functions are tests too

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Folder, Run};

/// A fenced block of a page, and what the comments directly before it say.
struct Block {
    marks: Vec<String>,
    kind: String,
    lines: Vec<String>,
}

/// A line `$ kudari …` and what the page shows behind it.
struct Shown {
    command: String,
    lines: Vec<String>,
    status: i32,
}

impl Block {
    /// What a comment `<!-- name: value -->` before the block says.
    fn mark(&self, name: &str) -> Option<&str> {
        self.marks.iter().find_map(|mark| mark.strip_prefix(name)?.strip_prefix(": "))
    }

    /// Whether it is left to `cargo test --release`.
    fn is_left_out(&self) -> bool {
        cfg!(debug_assertions) && self.marks.iter().any(|mark| mark == "slow")
    }

    fn commands(&self) -> Vec<Shown> {
        let mut commands: Vec<Shown> = Vec::new();
        for line in self.lines.iter().filter(|_| self.kind == "console") {
            if let Some(command) = line.strip_prefix("$ ") {
                assert!(command.starts_with("kudari "), "only kudari is run: {command}");
                commands.push(Shown { command: command.into(), lines: Vec::new(), status: 0 });
                continue;
            }
            let last = commands.last_mut().unwrap_or_else(|| panic!("a line before the first command: {line}"));
            match line.strip_prefix("# exit status ") {
                Some(status) => last.status = status.parse().unwrap(),
                None => last.lines.push(line.clone()),
            }
        }
        commands
    }

    /// What must be the same in both languages.
    fn without_words(&self) -> (Vec<String>, String, Vec<String>) {
        let lines = match self.kind.as_str() {
            "console" => self.commands().iter().map(|shown| shown.command.replace(" --lang ja", "")).collect(),
            _ => self.lines.clone(),
        };
        (self.marks.clone(), self.kind.clone(), lines)
    }
}

fn book() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/book")
}

fn page(language: &str, name: &str) -> String {
    std::fs::read_to_string(book().join(language).join("src").join(name)).unwrap()
}

/// Names of the pages of a language, sorted, with SUMMARY.md.
fn pages(language: &str) -> Vec<String> {
    let entries = std::fs::read_dir(book().join(language).join("src")).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn blocks(text: &str) -> Vec<Block> {
    let (mut found, mut marks) = (Vec::new(), Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(mark) = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) {
            marks.push(mark.to_string());
        } else if let Some(kind) = line.strip_prefix("```") {
            let lines = lines.by_ref().take_while(|line| *line != "```").map(str::to_string).collect();
            found.push(Block { marks: std::mem::take(&mut marks), kind: kind.into(), lines });
        } else {
            marks.clear();
        }
    }
    found
}

/// Whether these lines are shown so; `…` alone stands for any lines.
fn lines_match(shown: &[String], lines: &[&str]) -> bool {
    match shown.split_first() {
        None => lines.is_empty(),
        Some((first, rest)) if first == "…" || first == "..." => (0..=lines.len()).any(|n| lines_match(rest, &lines[n..])),
        Some((first, rest)) => {
            lines.split_first().is_some_and(|(line, others)| line_matches(first, line) && lines_match(rest, others))
        }
    }
}

/// `…` in a line stands for any characters.
fn line_matches(shown: &str, line: &str) -> bool {
    let mut parts = shown.trim_end().split('…');
    let Some(mut rest) = parts.next().and_then(|start| line.trim_end().strip_prefix(start)) else { return false };
    let Some(end) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(end)
}

#[test]
fn shown_lines_leave_out_only_what_they_say() {
    let matches = |shown: &[&str], lines: &[&str]| lines_match(&shown.iter().map(|s| s.to_string()).collect::<Vec<_>>(), lines);
    assert!(matches(&["a", "…", "d"], &["a", "b", "c", "d"]) && matches(&["a", "…", "b"], &["a", "b"]));
    assert!(matches(&["in … s", "…"], &["in 3 s"]) && matches(&["… it … s"], &["9 it in 3 s"]));
    assert!(!matches(&["a", "d"], &["a", "b", "d"]) && !matches(&["a", "…", "c"], &["a", "b"]));
    assert!(!matches(&["a"], &["a", "b"]) && !matches(&["a", "b"], &["a"]) && !matches(&["in … s"], &["in 3 m"]));
    assert!(!matches(&["a … b … c"], &["a b"]) && !matches(&["a"], &["ab"]));
}

/// Runs a command line where the worksheets lie, with the built command first on the path.
fn run(folder: &Folder, line: &str) -> Run {
    let program = Path::new(env!("CARGO_BIN_EXE_kudari")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    Run::of(Command::new("sh").args(["-c", line]).env("PATH", path).current_dir(folder.path()).output().unwrap())
}

fn folder_with_worksheets() -> Folder {
    let folder = Folder::new();
    for kind in ["worksheets", "trainings"] {
        for entry in std::fs::read_dir(book().join("../../examples").join(kind)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            folder.write(&format!("examples/{kind}/{name}"), &std::fs::read(&path).unwrap());
        }
    }
    folder
}

#[test]
fn every_command_prints_what_the_pages_show() {
    let mut failures = Vec::new();
    let mut count = 0;
    for name in pages("en") {
        let folder = folder_with_worksheets();
        // A command that both languages share runs once.
        let mut runs: BTreeMap<String, Run> = BTreeMap::new();
        for language in ["en", "ja"] {
            for block in blocks(&page(language, &name)) {
                if let Some(file) = block.mark("file") {
                    folder.write(file, (block.lines.join("\n") + "\n").as_bytes());
                }
                for shown in block.commands().into_iter().filter(|_| !block.is_left_out()) {
                    count += 1;
                    assert!(shown.lines.is_empty() || shown.lines.iter().any(|line| line != "…"), "{}", shown.command);
                    let run = runs.entry(shown.command.clone()).or_insert_with(|| run(&folder, &shown.command));
                    let lines: Vec<&str> = run.stdout.trim_end().lines().collect();
                    let end = shown.lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
                    if run.status != shown.status || !lines_match(&shown.lines[..end], &lines) {
                        let Run { status, stdout, stderr } = run;
                        failures.push(format!("{language}/{name}: {}\nexit status {status}\n{stdout}{stderr}", shown.command));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} outputs differ from their pages:\n\n{}", failures.len(), failures.join("\n"));
    assert!(count > 60, "only {count} commands were found");
}

/// The folder of the example programs. `cargo test --workspace` has built them already, with the same settings.
fn built_examples() -> PathBuf {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--workspace", "--examples"]).current_dir(book());
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    let run = Run::of(build.output().unwrap());
    assert_eq!(run.status, 0, "{}", run.stderr);
    Path::new(env!("CARGO_BIN_EXE_kudari")).with_file_name("examples")
}

#[test]
fn every_example_prints_what_the_pages_show() {
    let folder = built_examples();
    let mut outputs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for language in ["en", "ja"] {
        for name in pages(language) {
            for block in blocks(&page(language, &name)).iter().filter(|block| !block.is_left_out()) {
                let Some(example) = block.mark("example") else { continue };
                let output = outputs.entry(example.into()).or_insert_with(|| {
                    let run = Run::of(Command::new(folder.join(example)).output().unwrap());
                    assert_eq!(run.status, 0, "{example}: {}", run.stderr);
                    run.stdout.trim().lines().map(str::to_string).collect()
                });
                let lines: Vec<&str> = output.iter().map(String::as_str).collect();
                assert!(lines_match(&block.lines, &lines), "{language}/{name}: {example} prints:\n{}", output.join("\n"));
            }
        }
    }
    assert!(outputs.len() >= 3, "only {} examples were found", outputs.len());
}

#[test]
fn both_languages_have_the_same_commands_in_the_same_order() {
    assert_eq!(pages("en"), pages("ja"));
    for name in pages("en") {
        let [en, ja] = ["en", "ja"].map(|language| blocks(&page(language, &name)));
        assert_eq!(en.len(), ja.len(), "{name}: number of blocks");
        for (en, ja) in en.iter().zip(&ja) {
            // What an example prints, and what a command prints, is compared with the program.
            if en.mark("example").is_none() {
                assert_eq!(en.without_words(), ja.without_words(), "{name}");
            }
        }
    }
}

/// Targets of the links and images of a text, without those to other sites.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://")).map(|target| target.split('#').next().unwrap()).collect()
}

#[test]
fn links_and_pictures_exist_and_the_summary_has_every_page() {
    for language in ["en", "ja"] {
        let source = book().join(language).join("src");
        for name in pages(language) {
            let text = page(language, &name);
            let missing: Vec<&str> = links(&text).into_iter().filter(|target| !source.join(target).is_file()).collect();
            assert!(missing.is_empty(), "{language}/{name}: {missing:?} do not exist");
        }
        let summary = page(language, "SUMMARY.md");
        let mut listed = links(&summary);
        listed.push("SUMMARY.md");
        listed.sort_unstable();
        assert_eq!(listed, pages(language), "{language}");
    }
}
