//! Texts: `kudari train`, `eval`, `predict` and `data` on files of characters.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

mod common;

use common::Folder;

const SENTENCE: &str = "Der Hahn kräht früh.\n";

/// A folder with a text in which one sentence is repeated, and a model that has learnt it.
fn learnt() -> Folder {
    let folder = Folder::new();
    folder.write("book.txt", SENTENCE.repeat(100).as_bytes());
    let net = "embedding(15,8) gru(24) last linear(15)";
    let run = folder.run(&["train", "book.txt", "--context", "8", "--net", net, "--epochs", "12", "--out", "run"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    for said in [
        "book.txt: 1,882 training and 202 test samples of shape [8], 15 classes",
        "a text of 2,100 characters, 15 different; each is predicted from the 8 before it; the last tenth is the test part",
    ] {
        assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
    }
    folder
}

#[test]
fn a_repeated_sentence_is_learnt_and_continued() {
    let folder = learnt();
    for (data, samples) in [("book.txt", 2092), ("book.txt:test", 202), ("book.txt:train", 1882)] {
        let found = folder.json(&["eval", "run", data, "--json"]);
        assert_eq!((&found["accuracy"], &found["samples"]), (&1.0.into(), &samples.into()), "{data}");
    }
    folder.write("prompt.txt", "früh.\nDer Hahn".as_bytes());
    let run = folder.run(&["predict", "run", "prompt.txt", "--characters", "34", "--temperature", "0"]);
    assert_eq!(run.stdout, format!("früh.\n{SENTENCE}Der Hahn kräht früh.\n\n"), "{}", run.stderr);
    // A longer continuation begins with the shorter one of the same seed; another seed gives another.
    let text = |count: &str, seed: &str| {
        let arguments = ["predict", "run", "prompt.txt", "--json", "--temperature", "9", "--characters", count, "--seed", seed];
        let found = folder.json(&arguments);
        assert_eq!(found["prompt"], "früh.\nDer Hahn");
        found["text"].as_str().unwrap().to_string()
    };
    let (short, long, other) = (text("20", "3"), text("30", "3"), text("20", "4"));
    assert!(long.starts_with(&short) && long.chars().count() == 30 && short != other);
    // The matrix has names that can be seen.
    let shown = folder.run(&["eval", "run", "book.txt"]).stdout;
    assert!(shown.lines().any(|line| line.trim_start().starts_with("\\n ")) && shown.contains(" ␣ "), "{shown}");
    // A text with other characters is measured without them.
    folder.write("other.txt", format!("{SENTENCE}€{SENTENCE}").as_bytes());
    let run = folder.run(&["eval", "run", "other.txt", "--json"]);
    assert_eq!(run.json()["samples"], 43 - 8 - 9);
    assert!(run.stderr.contains("9 windows are left out"), "{}", run.stderr);
}

#[test]
fn what_the_text_holds_is_shown() {
    let folder = Folder::new();
    folder.write("book.txt", SENTENCE.repeat(3).as_bytes());
    let shown = folder.run(&["data", "book.txt"]).stdout;
    assert!(shown.starts_with("book.txt: a text of 63 characters in 3 lines, 15 different\n"), "{shown}");
    assert!(shown.contains("  h          9      14.3 %") && shown.contains("vocabulary: \\n␣.DHaefhknrtäü"), "{shown}");
    let found = folder.json(&["data", "book.txt", "--json"]);
    assert_eq!((&found["characters"], &found["lines"], &found["bytes"]), (&63.into(), &3.into(), &69.into()));
}

#[test]
fn a_usual_network_is_printed_and_crossval_divides_in_pieces() {
    let folder = Folder::new();
    folder.write("book.txt", SENTENCE.repeat(100).as_bytes());
    let run = folder.run(&["train", "book.txt", "--dry-run", "--validation", "0.1"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(run.stdout.contains("linear(15)"), "{}", run.stdout);
    assert!(run.stdout.contains("1,669 training, 157 validation and 178 test samples of shape [32]"), "{}", run.stdout);
    let run =
        folder.run(&["crossval", "book.txt", "--folds", "3", "--net", "embedding(15,4) flatten linear(15)", "--epochs", "1"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
}

#[test]
fn what_cannot_be_learnt_is_told() {
    let folder = learnt();
    folder.write("short.txt", b"Hello");
    folder.write("empty.txt", b"");
    folder.write("latin.txt", b"fr\xfch");
    folder.write("same.txt", "a".repeat(1000).as_bytes());
    for (arguments, status, said) in [
        (&["train", "short.txt"][..], 1, "short.txt: 5 characters are too few for a window of 32 and the one that follows"),
        (&["train", "empty.txt"], 1, "empty.txt: the text is empty"),
        (&["train", "latin.txt"], 1, "latin.txt: not UTF-8: byte 0xfc at place 2 of the text (line 1)"),
        (&["train", "same.txt"], 1, "same.txt: a text of one character, \"a\", again and again"),
        (&["train", "none.txt"], 1, "none.txt: there is no such file or folder"),
        (&["train", "xor", "--context", "4"], 2, "`xor` is no text"),
        (&["train", "book.txt", "--context", "0"], 2, "a number of characters from 1 to 1024"),
        (&["train", "book.txt", "--target", "a"], 2, "`book.txt` is no table"),
        (&["predict", "run", "empty.txt"], 1, "empty.txt: the text is empty"),
        (&["predict", "run", "book.txt", "--temperature", "-1"], 2, "a number from 0 to 1000, as in 0.7"),
        (&["predict", "run", "xor", "--characters", "3"], 2, "`xor` is no text to continue"),
        (&["eval", "run", "short.txt"], 1, "short.txt: 5 characters are too few for a window of 8"),
        (&["eval", "run", "xor"], 1, "the model takes samples of shape [8]"),
    ] {
        let run = folder.run(arguments);
        assert!(run.status == status && run.stderr.contains(said), "{arguments:?}: {} {}", run.status, run.stderr);
    }
    folder.train_xor();
    let run = folder.run(&["predict", "xor", "book.txt"]);
    assert!(run.status == 1 && run.stderr.contains("book.txt: a text, but the model was not trained on one"), "{}", run.stderr);
}
