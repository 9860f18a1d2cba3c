//! What bad input gets: a clear error with the right exit status, and nothing lost.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

mod common;

use std::process::Command;

use common::{Folder, Run, idx_bytes, idx_floats, idx_header, write_four};

#[test]
fn an_unknown_word_is_marked_and_the_nearest_one_named() {
    let run = Folder::new().run(&["train", "xor", "--net", "linear(8) rleu linear(2)"]);
    run.fails(2, "network, column 11, layer 1: unknown layer `rleu`");
    assert!(run.stderr.contains("\n    linear(8) rleu linear(2)\n              ^^^^\n"), "{}", run.stderr);
    run.helps("did you mean `relu`?");
}

#[test]
fn shapes_that_do_not_fit_are_explained() {
    let folder = Folder::new();
    let train = |net: &str| folder.run(&["train", "digits", "--net", net]);
    train("relu linear(10)").fails(2, "linear needs samples of one axis, here [1, 8, 8] arrives");
    train("linear(8) relu linear(3)").fails(2, "has 3 outputs, the data have 10 classes");
    train("flatten relu").fails(2, "has no parameters");
    folder.run(&["summary", "linear(1000000000)", "--input", "1000000000"]).fails(2, "[1000000000, 1000000000]");
    folder.train_xor();
    let run = folder.run(&["eval", "xor", "digits"]);
    run.fails(1, "the model takes samples of shape [2], those of digits have shape [1, 8, 8]");
    assert_eq!(folder.names("."), ["xor"], "nothing was begun");
}

#[test]
fn unknown_names_are_explained() {
    let folder = Folder::new();
    let run = folder.run(&["train", "mnits"]);
    run.fails(2, "unknown data `mnits`");
    run.helps("did you mean `mnist`?");
    folder.run(&["train", "xor", "--loss", "crossentropy"]).fails(2, "unknown loss `crossentropy`");
    folder.run(&["train", "xor", "--optimizer", "sdg"]).fails(2, "optimizer `sdg`");
    folder.run(&["train", "xor", "--init", "hee"]).fails(2, "initialiser `hee`");
    folder.run(&["train", "no/such/folder"]).fails(1, "no/such/folder: there is no such file or folder");
    folder.run(&["train", "xor", "--iterations", "5", "--epochs", "5"]).fails(2, "cannot be used with");
    assert!(folder.names(".").is_empty(), "nothing was begun");
}

#[test]
fn learning_rates_that_cannot_be() {
    let folder = Folder::new();
    for (rate, shown) in [("0", "0"), ("-0.1", "-0.1"), ("nan", "NaN"), ("inf", "inf")] {
        let run = folder.run(&["train", "xor", "--learning-rate", rate]);
        run.fails(2, &format!("learning rate {shown}"));
        run.helps("above 0");
    }
}

#[test]
fn batch_sizes_that_cannot_be() {
    let folder = Folder::new();
    for size in ["0", "5"] {
        let run = folder.run(&["train", "xor", "--batch-size", size]);
        run.fails(2, &format!("a batch of {size} from the 4 samples of xor"));
        run.helps("from 1 to 4");
    }
}

#[test]
fn labels_out_of_range_are_named() {
    let folder = Folder::new();
    folder.train_xor();
    folder.write("x", &idx_bytes(&[3, 2], &[0, 1, 1, 0, 1, 1]));
    folder.write("t", &idx_bytes(&[3], &[0, 1, 12]));
    folder.run(&["eval", "xor", "x,t"]).fails(1, "label 12 at position 2 is outside 0..2");
    folder.write("negative", &[idx_header(0x09, &[3]), vec![0, 0xff, 1]].concat());
    folder.run(&["eval", "xor", "x,negative"]).fails(1, "label -1 at position 1");
    folder.write("fractions", &idx_floats(&[3], &[0.0, 0.5, 1.0]));
    folder.run(&["eval", "xor", "x,fractions"]).fails(1, "labels of type f32");
    folder.write("two", &idx_bytes(&[2], &[0, 1]));
    folder.run(&["eval", "xor", "x,two"]).fails(1, "3 samples but targets of shape [2]");
}

#[test]
fn idx_files_that_are_not_right() {
    let folder = Folder::new();
    folder.train_xor();
    let eval = |bytes: &[u8]| {
        folder.write("t", &idx_bytes(&[2], &[0, 1]));
        folder.write("x", bytes);
        folder.run(&["eval", "xor", "x,t"])
    };
    eval(b"").fails(1, "x: the file is empty");
    eval(b"\x89PNG and more").fails(1, "x: not an IDX file");
    eval(&idx_bytes(&[2, 2], &[0, 1, 1])).fails(1, "the header promises 4 bytes of numbers for shape [2, 2], there are 3");
    eval(&idx_header(0x08, &[2])[..6]).fails(1, "the file ends inside its header");
    eval(&idx_bytes(&[0, 2], &[])).fails(1, "targets of shape [2]");
    let run = folder.run(&["predict", "xor", "x"]);
    run.fails(1, "x: no samples");
    folder.run(&["eval", "xor", "x,missing"]).fails(1, "missing: No such file");
    folder.write("incomplete/train-images-idx3-ubyte", &idx_bytes(&[1, 2, 2], &[0; 4]));
    folder.run(&["train", "incomplete"]).fails(1, "incomplete: there is no train-labels-idx1-ubyte");
}

#[test]
fn an_unwritable_run_folder_is_found_before_training() {
    let folder = Folder::new();
    folder.write("file", b"precious");
    for out in ["file", "file/below"] {
        folder.run(&["train", "xor", "--iterations", "1000000000", "--out", out]).fails(1, out);
    }
    assert_eq!(folder.read("file"), b"precious");
}

/// A limit on the size of files stands for a full disk: both end a write in its middle.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_what_was_there() {
    let folder = Folder::new();
    folder.write("run/report.html", b"of an earlier run");
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" train digits --epochs 1 --out run";
    let output =
        Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_kudari")]).current_dir(folder.path()).output().unwrap();
    let run = Run::of(output);
    run.fails(1, "run/model.safetensors: ");
    run.helps("what was written before is unchanged");
    assert_eq!(folder.read("run/report.html"), b"of an earlier run");
    assert_eq!(
        folder.names("run"),
        ["checkpoints", "config.toml", "metrics.csv", "metrics.jsonl", "report.html"],
        "nothing half-written stays"
    );
}

#[test]
fn model_files_that_are_not_right() {
    let folder = Folder::new();
    folder.train_xor();
    let whole = folder.read("xor/model.safetensors");
    folder.write("short", &whole[..whole.len() - 5]);
    folder.write("text", b"this is a letter and no model");
    folder.write("foreign", &[&2u64.to_le_bytes()[..], b"{}"].concat());
    folder.write("empty", b"");
    for command in ["eval", "predict"] {
        folder.run(&[command, "short", "xor"]).fails(1, "short: not a whole safetensors file");
        folder.run(&[command, "text", "xor"]).fails(1, "text: not a whole safetensors file");
        folder.run(&[command, "empty", "xor"]).fails(1, "empty: not a whole safetensors file");
        folder.run(&[command, "foreign", "xor"]).fails(1, "foreign: a safetensors file, but not a model of kudari");
        folder.run(&[command, "nowhere", "xor"]).fails(1, "nowhere: No such file");
    }
}

#[test]
fn nan_in_the_data_is_found_before_training() {
    let folder = Folder::new();
    write_four(&folder, "mine", &idx_floats(&[2, 3], &[0.0, 1.0, 2.0, 3.0, f32::NAN, 5.0]), &[0, 1]);
    let run = folder.run(&["train", "mine"]);
    run.fails(1, "sample 1 holds NaN at position 1");
    assert_eq!(folder.names("."), ["mine"], "nothing was begun");
}

#[test]
fn nan_in_the_loss_names_iteration_and_function_and_keeps_the_last_good_model() {
    let folder = Folder::new();
    let run = folder.run(&["train", "digits", "--learning-rate", "1e30", "--json", "--out", "run"]);
    run.fails(1, "iteration 2: the loss is NaN; `linear` in layer 2.linear(10) first produced ");
    run.helps("the parameters of iteration 0 are kept");
    let kept = folder.json(&["eval", "run", "digits", "--json"]);
    assert_eq!(kept["loss"], run.json()["test_loss"]);
    assert!(kept["loss"].as_f64().unwrap() < 10.0, "{kept}");
    assert_eq!(folder.names("run"), ["config.toml", "metrics.csv", "metrics.jsonl", "model.safetensors", "report.html"]);
    // The update after which nothing more comes, and gradients whose norm cannot be taken.
    let last = folder.run(&["train", "digits", "--learning-rate", "1e38", "--iterations", "1", "--optimizer", "sgd"]);
    last.fails(1, "iteration 1: after it the loss on the training data is");
    let clipped = ["train", "digits", "--learning-rate", "1e38", "--optimizer", "sgd", "--clip-norm", "1"];
    folder.run(&clipped).fails(1, "iteration 2: the loss is NaN");
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    let folder = Folder::new();
    folder.train_xor();
    if let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") {
        let output = folder.command(&["predict", "xor", "xor"]).stdout(full).output().unwrap();
        Run::of(output).fails(1, "standard output: ");
    }
}
