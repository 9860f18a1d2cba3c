//! Tables from the file to predictions: `kudari data`, `train`, `eval` and `predict` on CSV files.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

mod common;

use common::Folder;

/// Houses whose price is 3·rooms + 10 in the north + 2 if somebody knows the year, and a little that nobody can know.
fn houses(rows: usize) -> String {
    let mut text = String::from("\u{feff}id;Ort;rooms;built;note;price\r\n");
    for i in 0..rows {
        let (rooms, north) = ((i * 7 % 11) as f64 / 2.0 + 1.0, i % 3 == 0);
        let known = i % 4 != 0;
        let price = 3.0 * rooms + if north { 10.0 } else { 0.0 } + if known { 2.0 } else { 0.0 } + (i % 5) as f64 * 0.02;
        let number = |x: f64| x.to_string().replace('.', ",");
        text += &format!(
            "h{i};{};{};{};same;{}\r\n",
            if north { "\"Nord; Küste\"" } else { "Süd" },
            number(rooms),
            if known { "2001-05-17" } else { "" },
            number(price)
        );
    }
    text
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("houses.csv", houses(300).as_bytes());
    folder
}

#[test]
fn a_price_is_learnt_and_predicted() {
    let folder = folder();
    let trained = folder.json(&["train", "houses.csv", "--target", "price", "--json", "--out", "run"]);
    assert!(trained["r_squared"].as_f64().unwrap() > 0.99 && trained["test_accuracy"].is_null(), "{trained}");
    let again = folder.json(&["train", "houses.csv", "--target", "price", "--json", "--threads", "1"]);
    assert_eq!(trained["weights_sha256"], again["weights_sha256"]);

    let measured = folder.json(&["eval", "run", "houses.csv", "--json"]);
    assert_eq!(measured["samples"], 300);
    assert!(measured["mean_absolute_error"].as_f64().unwrap() < 0.5, "{measured}");
    // Other columns in another order, without the target, with a word and a gap that were not there before.
    folder.write("new.csv", "built,Ort,rooms\n2001-05-17,\"Nord; Küste\",4\n,Süd,2\n,Westen,2\n".as_bytes());
    let run = folder.run(&["predict", "run", "new.csv"]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!((run.status, lines[0], lines.len()), (0, "price", 4));
    let [first, second] = [1, 2].map(|i| lines[i].parse::<f64>().unwrap());
    assert!((first - 24.0).abs() < 1.0 && (second - 6.0).abs() < 1.0, "{lines:?}");
    let json = folder.run(&["predict", "run", "new.csv", "--json"]);
    assert!(json.stdout.starts_with("{\"row\": 0, \"price\": "), "{}", json.stdout);
}

#[test]
fn other_rows_may_judge() {
    let folder = folder();
    let text = houses(300);
    let lines: Vec<&str> = text.lines().collect();
    folder.write("first.csv", lines[..201].join("\n").as_bytes());
    folder.write("second.csv", [&lines[..1], &lines[201..]].concat().join("\n").as_bytes());
    folder.write("without.csv", "id;Ort\nh1;Süd\nh2;Süd\n".as_bytes());
    let run = folder.run(&["train", "first.csv", "--test", "second.csv", "--target", "price", "--out", "run"]);
    assert!(
        run.stderr.contains("200 training and 100 test rows") || run.stdout.contains("200 training and 100 test rows"),
        "{}{}",
        run.stdout,
        run.stderr
    );
    let record = folder.json(&["eval", "run", "second.csv", "--json"]);
    assert_eq!(record["samples"], 100);
    let wrong = folder.run(&["train", "first.csv", "--test", "without.csv", "--target", "price"]);
    assert!(wrong.status == 1 && wrong.stderr.contains("without.csv: there is no column `price`"), "{}", wrong.stderr);
}

#[test]
fn classes_have_names_and_probabilities() {
    let folder = folder();
    let trained = folder.json(&["train", "houses.csv", "--target", "Ort", "--ignore", "id", "--json", "--out", "run"]);
    assert!(trained["test_accuracy"].as_f64().unwrap() > 0.95, "{trained}");
    let run = folder.run(&["predict", "run", "houses.csv"]);
    let lines: Vec<&str> = run.stdout.lines().take(3).collect();
    assert_eq!(lines[0], "Ort,probability");
    assert!(lines[1].starts_with("Nord; Küste,0.9") || lines[1].starts_with("Nord; Küste,1.0"), "{lines:?}");
    let read = std::process::Stdio::from(std::fs::File::open(folder.path().join("houses.csv")).unwrap());
    let piped = folder.command(&["predict", "run", "-"]).stdin(read).output().unwrap();
    assert_eq!(String::from_utf8(piped.stdout).unwrap(), run.stdout);
    // The printed command repeats the run.
    let model = kudari::model::Model::load(&folder.path().join("run/model.safetensors")).unwrap();
    let command = model.training["command"].as_str().unwrap();
    assert!(command.contains("houses.csv --target Ort --ignore id --net "), "{command}");
}

#[test]
fn what_a_table_holds_is_shown() {
    let folder = folder();
    let shown = folder.json(&["data", "houses.csv", "--json"]);
    let kinds: Vec<&str> = shown["columns"].as_array().unwrap().iter().map(|c| c["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["text", "category", "number", "date", "category", "number"]);
    assert_eq!((&shown["rows"], &shown["separator"], &shown["target"]), (&300.into(), &";".into(), &"price".into()));
    assert_eq!(shown["columns"][3]["missing"], 75);
    let text = folder.run(&["data", "houses.csv"]).stdout;
    assert!(text.starts_with("houses.csv: 300 rows, 6 columns, separated by `;`, a header\n"), "{text}");
    assert!(text.contains("\n  built   date           75  2001-05-17   2001-05-17 to 2001-05-17\n"), "{text}");
    let note =
        "note: id: every text is another, as of names or numbers of rows: left out\nnote: note: one value only: left out\n";
    assert!(text.contains(note), "{text}");
}

/// One line says what is wrong, one what to do; the status tells wrong usage from failed work.
#[test]
fn bad_tables_and_columns_are_refused() {
    let folder = folder();
    folder.write("ragged.csv", b"a,b\n1,2\n3\n4,5\n");
    folder.write("few.csv", b"a,b\n1,2\n");
    folder.write("empty.csv", b"");
    folder.write("other.csv", b"x,y\n1,2\n3,4\n");
    assert_eq!(folder.run(&["train", "houses.csv", "--target", "price", "--quiet", "--out", "run"]).status, 0);
    folder.train_xor();
    let cases: [(&[&str], i32, &str, &str); 11] = [
        (&["train", "houses.csv", "--target", "prise"], 2, "there is no column `prise`", "did you mean `price`?"),
        (&["train", "houses.csv", "--features", "rooms,price"], 2, "the target `price` is among the features", "itself"),
        (&["train", "houses.csv", "--ignore", "roms"], 2, "there is no column `roms`", "did you mean `rooms`?"),
        (&["train", "mnist", "--target", "price"], 2, "`mnist` is no table", "--target"),
        (&["train", "ragged.csv"], 1, "ragged.csv, line 3: 1 cells, the first row has 2", "in quotes"),
        (&["train", "few.csv"], 1, "few.csv: 1 rows with a target are too few", "at least five"),
        (&["data", "empty.csv"], 1, "empty.csv: no rows", "a table has a header"),
        (&["predict", "run", "other.csv"], 1, "other.csv: there is no column `Ort`", "its columns are x, y"),
        (&["predict", "xor", "other.csv"], 1, "other.csv: a table, which only a model", "that the model was trained on"),
        (&["eval", "xor", "other.csv"], 1, "other.csv: a table, which only a model", "that the model was trained on"),
        (&["eval", "run", "other.csv"], 1, "other.csv: there is no column `price`", "its columns are x, y"),
    ];
    for (arguments, status, what, help) in cases {
        let run = folder.run(arguments);
        assert_eq!(run.status, status, "{arguments:?}: {}", run.stderr);
        let lines: Vec<&str> = run.stderr.lines().collect();
        assert!(lines.len() == 2 && lines[0].contains(what) && lines[1].contains(help), "{arguments:?}: {}", run.stderr);
    }
}
