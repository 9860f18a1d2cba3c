//! Arrays of NumPy from the file to predictions: `kudari train`, `eval` and `predict` on NPY and NPZ files.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

mod common;

use common::Folder;

/// An NPY file of version 1.
fn npy(kind: &str, shape: &[usize], body: Vec<u8>) -> Vec<u8> {
    let sizes: String = shape.iter().map(|size| format!("{size},")).collect();
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({sizes}), }}\n");
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), &body].concat()
}

/// A ZIP archive of stored files.
fn npz(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut archive, mut list) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let mut sum = check_sum(bytes).to_le_bytes().to_vec();
        sum.extend([bytes.len() as u32; 2].iter().flat_map(|size| size.to_le_bytes()));
        let name = format!("{name}.npy");
        let length = (name.len() as u16).to_le_bytes();
        let place = (archive.len() as u32).to_le_bytes();
        archive.extend([&b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0"[..], &sum, &length, &[0, 0], name.as_bytes(), bytes].concat());
        let entry: [&[u8]; 7] =
            [b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0", &sum, &length, &[0; 12], &place, name.as_bytes(), &[]];
        list.extend(entry.concat());
    }
    let count = (files.len() as u16).to_le_bytes();
    let (place, size) = ((archive.len() as u32).to_le_bytes(), (list.len() as u32).to_le_bytes());
    [archive, list, [&b"PK\x05\x06\0\0\0\0"[..], &count, &count, &size, &place, &[0, 0]].concat()].concat()
}

/// The check sum of ZIP, bit by bit: the remainder by the polynomial 0x04C11DB7, mirrored.
fn check_sum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    })
}

/// Two columns around 500; the class is 7 where the first is larger, else 3.
fn columns(rows: usize) -> ([Vec<f32>; 2], Vec<i64>) {
    let x: Vec<f32> = (0..rows * 2).map(|i| 500.0 + ((i * 37) % 101) as f32).collect();
    let classes = x.chunks(2).map(|row| if row[0] > row[1] { 7 } else { 3 }).collect();
    let sums = x.chunks(2).map(|row| (row[0] - row[1]) / 50.0).collect();
    ([x, sums], classes)
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn folder() -> Folder {
    let folder = Folder::new();
    let ([x, numbers], classes) = columns(200);
    let labels: Vec<u8> = classes.iter().flat_map(|c| c.to_be_bytes()).collect();
    folder.write("x.npy", &npy("<f4", &[200, 2], floats(&x)));
    folder.write("y.npy", &npy(">i8", &[200, 1], labels));
    folder.write("n.npy", &npy("<f4", &[200], floats(&numbers)));
    folder
}

#[test]
fn classes_are_learnt_and_predicted_by_their_numbers() {
    let folder = folder();
    let run = folder.run(&["train", "x.npy,y.npy", "--out", "run"]);
    assert!(run.stdout.contains("160 training and 40 test samples of shape [2], 2 classes"), "{}", run.stdout);
    assert!(run.stdout.contains("each column of the inputs is taken less its mean"), "{}", run.stdout);
    let measured = folder.json(&["eval", "run", "x.npy,y.npy", "--json"]);
    assert!(measured["accuracy"].as_f64().unwrap() > 0.9, "{measured}");
    let predicted = folder.run(&["predict", "run", "x.npy"]);
    let right = predicted
        .stdout
        .lines()
        .zip(columns(200).1)
        .filter(|(line, class)| line.split_whitespace().nth(1) == Some(&class.to_string()));
    assert!(right.count() > 180, "{}", predicted.stdout);
    // One class among those learnt is enough; another is an error.
    folder.write("other.npy", &npy("|i1", &[200], vec![5; 200]));
    folder.run(&["eval", "run", "x.npy,other.npy"]).fails(1, "the class 5 of sample 0 is not known");
    folder.run(&["eval", "run", "x.npy,n.npy"]).fails(1, "the targets are numbers, the model predicts classes");
    folder.run(&["eval", "run", "x.npy"]).fails(2, "samples without targets");
    folder.run(&["train", "x.npy"]).fails(2, "samples without targets");
}

#[test]
fn numbers_are_learnt_and_predicted() {
    let folder = folder();
    let trained = folder.json(&["train", "x.npy,n.npy", "--json", "--out", "run"]);
    assert!(trained["r_squared"].as_f64().unwrap() > 0.95, "{trained}");
    let measured = folder.json(&["eval", "run", "x.npy,n.npy", "--json"]);
    assert!(measured["r_squared"].as_f64().unwrap() > 0.95, "{measured}");
    let json = folder.run(&["predict", "run", "x.npy", "--json"]);
    assert!(json.stdout.starts_with("{\"index\": 0, \"value\": "), "{}", json.stdout);
    folder.run(&["eval", "run", "x.npy,y.npy"]).fails(1, "the targets are classes, the model predicts numbers");
}

#[test]
fn arrays_of_an_archive_go_by_usual_names() {
    let folder = Folder::new();
    let pictures = |count: usize| -> Vec<u8> { (0..count * 64).map(|i| if (i / 64) % 2 == i % 2 { 250 } else { 5 }).collect() };
    let labels = |count: usize| -> Vec<u8> { (0..count).map(|i| (i % 2) as u8).collect() };
    let pair = |part: &str, count: usize| {
        let x = (format!("{part}_images"), npy("|u1", &[count, 8, 8], pictures(count)));
        [x, (format!("{part}_labels"), npy("|u1", &[count, 1], labels(count)))]
    };
    let arrays = [pair("train", 40), pair("val", 10)].concat();
    let arrays: Vec<(&str, Vec<u8>)> = arrays.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    folder.write("p.npz", &npz(&arrays));
    let run = folder.run(&["train", "p.npz", "--out", "run"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(run.stdout.contains("40 training and 10 test samples of shape [1, 8, 8], 2 classes"), "{}", run.stdout);
    assert!(run.stdout.contains("inputs are divided by 255") && run.stdout.contains("conv(16,3,padding=1)"), "{}", run.stdout);
    assert_eq!(folder.json(&["eval", "run", "p.npz", "--json"])["accuracy"], 1.0);
    assert_eq!(folder.json(&["eval", "run", "p.npz:train", "--json"])["samples"], 40);
    assert_eq!(folder.run(&["predict", "run", "p.npz"]).stdout.lines().count(), 10);

    folder.write("q.npz", &npz(&[("a", npy("|u1", &[4, 2], vec![0; 8]))]));
    let run = folder.run(&["train", "q.npz"]);
    run.fails(1, "q.npz: no arrays of samples and targets to train on");
    run.helps("here they are a");
    folder.write("r.npz", b"PK\x03\x04 and nothing else");
    folder.run(&["train", "r.npz"]).fails(1, "r.npz: the archive has no list of its files");
}

#[test]
fn symbols_for_an_embedding_are_not_scaled() {
    let folder = Folder::new();
    let x: Vec<u8> = (0..400u32).map(|i| (i * i % 50) as u8).collect();
    let y: Vec<u8> = x.chunks(4).map(|row| u8::from(row[0] > 20)).collect();
    folder.write("x.npy", &npy("|i1", &[100, 4], x));
    folder.write("y.npy", &npy("|b1", &[100], y));
    let net = "embedding(50,8) flatten linear(2)";
    let run = folder.run(&["train", "x.npy,y.npy", "--net", net, "--epochs", "3"]);
    assert!(run.status == 0 && run.stdout.contains("inputs are taken as they are"), "{}{}", run.stdout, run.stderr);
}
