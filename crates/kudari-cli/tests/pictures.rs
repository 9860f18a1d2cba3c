//! Folders of pictures by class: `kudari train`, `eval` and `predict` on PNG and JPEG files.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

mod common;

use common::Folder;
use image::{GrayImage, Luma, Rgb, RgbImage};

/// Bars across or down on a dark ground, at places by number.
fn bar(number: u32, down: bool, side: u32) -> GrayImage {
    let at = number * 5 % (side - 3);
    GrayImage::from_fn(side, side, |x, y| {
        let place = if down { x } else { y };
        Luma([if (at..at + 3).contains(&place) { 230 } else { (number * 7 % 40) as u8 }])
    })
}

fn put(folder: &Folder, name: &str, picture: &GrayImage) {
    let path = folder.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    picture.save(path).unwrap();
}

fn bars(folder: &Folder, name: &str, count: u32) {
    for i in 0..count {
        put(folder, &format!("{name}/across/{i:02}.png"), &bar(i, false, 12));
        put(folder, &format!("{name}/down/{i:02}.jpg"), &bar(i, true, 12));
    }
}

#[test]
fn bars_are_told_apart() {
    let folder = Folder::new();
    bars(&folder, "bars", 30);
    folder.write("bars/down/list.txt", b"x");
    let run = folder.run(&["train", "bars", "--out", "run"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    for said in [
        "bars: 48 training and 12 test samples of shape [1, 12, 12], 2 classes",
        "pictures of 12×12 pixels, grey, bytes divided by 255",
        "1 file has another ending than .png, .jpg and .jpeg and is left out",
        "conv(16,3,padding=1) relu maxpool(2) flatten linear(64) relu linear(2)",
    ] {
        assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
    }
    let shown = folder.run(&["data", "bars"]);
    assert!(
        shown.stdout.contains("bars: 48 training and 12 test samples of shape [1, 12, 12]"),
        "{}{}",
        shown.stdout,
        shown.stderr
    );
    assert!(shown.stdout.contains("  across  24        6"), "{}", shown.stdout);
    assert_eq!(folder.json(&["data", "bars", "--json"])["classes"][1]["class"], "down");
    assert_eq!(folder.json(&["eval", "run", "bars", "--json"])["accuracy"], 1.0);
    // Pictures of another size and in colours are brought to the model's form.
    let large = RgbImage::from_fn(48, 48, |x, _| if (20..32).contains(&x) { Rgb([240, 230, 220]) } else { Rgb([20, 20, 10]) });
    large.save(folder.path().join("large.png")).unwrap();
    let predicted = folder.run(&["predict", "run", "large.png"]);
    assert!(predicted.stdout.starts_with("large.png  down  "), "{}{}", predicted.stdout, predicted.stderr);
    let json = folder.run(&["predict", "run", "bars", "--json"]);
    assert_eq!(json.stdout.lines().count(), 60);
    assert!(
        json.stdout.starts_with("{\"file\": \"bars/across/00.png\", \"class\": \"across\", \"probability\": "),
        "{}",
        json.stdout
    );
    // Threads and repetition change nothing.
    let sum = |arguments: &[&str]| folder.json(arguments)["weights_sha256"].clone();
    let one = sum(&["train", "bars", "--json", "--quiet", "--epochs", "2", "--threads", "1"]);
    assert_eq!(one, sum(&["train", "bars", "--json", "--quiet", "--epochs", "2", "--threads", "2"]));
}

#[test]
fn folders_for_training_and_tests() {
    let folder = Folder::new();
    bars(&folder, "bars/train", 10);
    bars(&folder, "bars/test", 4);
    let run = folder.run(&["train", "bars", "--epochs", "2", "--image-size", "10x8", "--rgb", "--out", "run"]);
    assert!(run.stdout.contains("20 training and 8 test samples of shape [3, 10, 8]"), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("pictures of 10×8 pixels, as asked for, red, green and blue"), "{}", run.stdout);
    for (data, samples) in [("bars", 8), ("bars:test", 8), ("bars:train", 20), ("bars/train", 20)] {
        assert_eq!(folder.json(&["eval", "run", data, "--json"])["samples"], samples, "{data}");
    }
    bars(&folder, "bars/test/more", 1);
    folder.run(&["eval", "run", "bars"]).fails(1, "the class `more` was not learnt");
    folder.run(&["eval", "run", "bars/train:test"]).fails(2, "no folders `train` and `test`");
}

#[test]
fn what_cannot_be_learnt_from() {
    let folder = Folder::new();
    bars(&folder, "bars", 6);
    folder.run(&["train", "bars", "--image-size", "0x3"]).fails(2, "invalid value '0x3'");
    folder.run(&["train", "xor", "--grey"]).fails(2, "`xor` is no folder of pictures");
    folder.run(&["train", "bars/down/00.jpg"]).fails(2, "one picture to train on");
    folder.run(&["train", "bars/down"]).fails(1, "a picture outside of the folders of classes");
    folder.train_xor();
    folder.run(&["predict", "xor", "bars"]).fails(1, "pictures, but the model takes samples of shape [2]");
    let whole = folder.read("bars/across/03.png");
    folder.write("bars/across/03.png", &whole[..whole.len() / 2]);
    folder.run(&["train", "bars"]).fails(1, "bars/across/03.png: cannot be decoded");
    folder.write("bars/across/03.png", b"no picture");
    let run = folder.run(&["train", "bars"]);
    run.fails(1, "bars/across/03.png: neither PNG nor JPEG");
    run.helps("take it away");
    std::fs::remove_dir_all(folder.path().join("bars/across")).unwrap();
    folder.run(&["train", "bars"]).fails(1, "pictures of one class only, down");
}

#[test]
fn augmentation_goes_on_to_the_same_bits() {
    let folder = Folder::new();
    bars(&folder, "bars", 12);
    let train = |more: &[&str]| {
        let arguments = [&["train", "bars", "--batch-size", "5", "--json", "--quiet"], more].concat();
        folder.json(&arguments)["weights_sha256"].clone()
    };
    let how = ["--augment", "flip crop(2) rotate(10) noise(0.05)"];
    let whole = train(&[&how[..], &["--iterations", "11"]].concat());
    // The first part ends in the middle of the second epoch of four batches.
    train(&[&how[..], &["--iterations", "6", "--out", "part"]].concat());
    let resumed = folder.json(&["train", "--resume", "part", "--iterations", "11", "--json", "--quiet"]);
    assert_eq!(resumed["weights_sha256"], whole);
    assert_ne!(train(&["--iterations", "11"]), whole);
    folder.run(&["train", "xor", "--augment", "flip"]).fails(2, "flip of samples of shape [2]");
    folder.run(&["train", "bars", "--augment", "flipp"]).fails(2, "`flipp` is unknown");
}

#[test]
fn a_validation_part_and_a_configuration_work_for_pictures_too() {
    let folder = Folder::new();
    bars(&folder, "bars", 20);
    let arguments =
        ["train", "bars", "--image-size", "9x8", "--grey", "--validation", "0.25", "--epochs", "2", "--json", "--quiet"];
    let first = folder.json(&[&arguments[..], &["--out", "run"]].concat());
    let again = folder.json(&["train", "--config", "run/config.toml", "--json", "--quiet"]);
    assert_eq!(first["weights_sha256"], again["weights_sha256"]);
}
