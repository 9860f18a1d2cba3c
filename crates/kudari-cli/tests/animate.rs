//! `kudari train --animate` and `--filmstrip`: pictures of learning.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

mod common;

use common::{Folder, idx_bytes, write_four};

/// The iterations in the captions of an animation's page.
fn captions(page: &[u8]) -> Vec<String> {
    let page = String::from_utf8(page.to_vec()).unwrap();
    let captions = page.split_once("\"captions\":[").unwrap().1.split_once(']').unwrap().0;
    captions.split("\"iteration ").skip(1).map(|c| c.split_once(", loss ").unwrap().0.to_string()).collect()
}

#[test]
fn a_training_is_shown_moment_by_moment() {
    let folder = Folder::new();
    let arguments = ["train", "xor", "--quiet", "--iterations", "1250", "--every", "500"];
    let pictures = ["--animate", "xor.html", "--filmstrip", "xor.svg"];
    assert_eq!(folder.run(&[&arguments[..], &pictures].concat()).status, 0);
    assert_eq!(captions(&folder.read("xor.html")), ["0", "500", "1,000", "1,250"]);
    let strip = String::from_utf8(folder.read("xor.svg")).unwrap();
    for text in ["learns xor", "iteration 0", "iteration 500", "iteration 1,000", "iteration 1,250", "loss on the training data"]
    {
        assert!(strip.contains(text), "{text}");
    }
    let run = folder.run(&["train", "spiral", "--epochs", "20", "--animate", "a.GIF", "--filmstrip", "b.png"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    assert!(folder.read("a.GIF").starts_with(b"GIF89a") && folder.read("b.png").starts_with(b"\x89PNG"));
    assert!(run.stdout.contains("\na.GIF: ") && run.stdout.contains("\nb.png: "), "{}", run.stdout);
}

#[test]
fn the_pictures_change_nothing_about_the_training() {
    let folder = Folder::new();
    let sum = |rest: &[&str]| {
        folder.json(&[&["train", "moons", "--epochs", "5", "--json", "--quiet"], rest].concat())["weights_sha256"].clone()
    };
    assert_eq!(sum(&["--animate", "a.gif", "--every", "1"]), sum(&[]));
}

#[test]
fn by_default_there_are_thirty_to_sixty_moments() {
    let folder = Folder::new();
    folder.run(&["train", "xor", "--quiet", "--iterations", "5001", "--animate", "a.html"]);
    let iterations = captions(&folder.read("a.html"));
    assert_eq!((iterations.len(), iterations[1].as_str(), iterations[51].as_str()), (52, "100", "5,001"));
}

#[test]
fn what_cannot_be_drawn_is_said_before_training() {
    let folder = Folder::new();
    let begin = |data: &str, rest: &[&str]| folder.run(&[&["train", data, "--iterations", "1000000000"], rest].concat());
    begin("xor", &["--animate", "a.mp4"]).fails(2, "a.mp4");
    begin("xor", &["--animate", "a.png"]).fails(2, "a.png");
    begin("xor", &["--filmstrip", "a.gif"]).fails(2, "a.gif");
    begin("xor", &["--filmstrip", "png"]).fails(2, "png");
    begin("xor", &["--every", "5"]).fails(2, "--every without a picture");
    begin("xor", &["--animate", "a.gif", "--every", "0"]).fails(2, "--every");
    let run = begin("xor", &["--animate", "a.gif", "--every", "10"]);
    run.fails(2, "gives 100,000,000 pictures");
    run.helps("--every 2000000 or more");
    begin("xor", &["--animate", "no/such/a.gif"]).fails(1, "no/such: there is no such folder");
    let run = begin("digits", &["--animate", "a.gif"]);
    run.fails(2, "decision regions of samples of shape [1, 8, 8]");
    run.helps("xor, moons, circles and spiral");
    write_four(&folder, "three", &idx_bytes(&[4, 3], &[1; 12]), &[0, 1, 0, 1]);
    begin("three", &["--filmstrip", "a.png"]).fails(2, "decision regions of samples of shape [3]");
    folder.write("full.gif/file", b"");
    begin("xor", &["--animate", "full.gif"]).fails(1, "full.gif: is a folder");
    assert_eq!(folder.names("."), ["full.gif", "three"], "nothing was begun");
}

#[test]
fn a_training_that_fails_leaves_its_pictures() {
    let folder = Folder::new();
    let arguments = ["train", "moons", "--learning-rate", "1e38", "--optimizer", "sgd", "--animate", "a.html", "--epochs", "20"];
    folder.run(&arguments).fails(1, "the loss is ");
    assert_eq!(captions(&folder.read("a.html"))[0], "0");
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_the_pictures_made_so_far() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    let folder = Folder::new();
    let arguments = ["train", "xor", "--iterations", "1000000000000", "--animate", "a.html"];
    let mut child = folder.command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!((0..20).any(|_| lines.next().unwrap().unwrap().trim_start().starts_with("0.0 ")), "training has begun");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    // The rest of what it prints must be read, or it could not end.
    assert_eq!(lines.map(Result::unwrap).filter(|line| line.starts_with("a.html: ")).count(), 1);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(captions(&folder.read("a.html"))[0], "0");
}
