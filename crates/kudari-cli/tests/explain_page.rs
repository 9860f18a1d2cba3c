//! `kudari explain` as a page for the browser.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

mod common;

use common::Folder;

const NET: [&str; 6] = ["explain", "linear(2) tanh linear(1)", "--input", "0.5,-1", "--target", "1"];

#[test]
fn a_page_is_written_by_name_or_by_the_files_ending() {
    let folder = Folder::new();
    let run = |rest: &[&str]| folder.run(&[&NET[..], rest].concat());
    let printed = run(&["--format", "html"]);
    assert_eq!((printed.status, printed.stderr.as_str()), (0, ""));
    assert!(printed.stdout.starts_with("<!DOCTYPE html>") && printed.stdout.trim_end().ends_with("</html>"));
    for rest in [&["--format", "html", "-o", "a.page"][..], &["-o", "b.HTML"], &["-o", "c.html", "--lang", "ja"]] {
        let run = run(rest);
        assert_eq!((run.status, run.stdout.as_str()), (0, ""), "{}", run.stderr);
    }
    let read = |name: &str| String::from_utf8(folder.read(name)).unwrap();
    assert_eq!((read("a.page").trim_end(), read("b.HTML").trim_end()), (printed.stdout.trim_end(), printed.stdout.trim_end()));
    assert!(read("c.html").contains("<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"ja\""));
    assert_eq!(run(&["-o", "d.txt"]).status, 0);
    assert!(read("d.txt").starts_with("network"));
}

#[test]
fn an_ending_that_names_no_format_is_explained() {
    let folder = Folder::new();
    let run = folder.run(&[&NET[..], &["-o", "page.pdf"]].concat());
    run.fails(2, "--output page.pdf: the ending names no format");
    run.helps("add --format");
    assert!(folder.names(".").is_empty(), "nothing was begun");
    folder.write("mine.txt", b"E = 1");
    folder
        .run(&[&NET[..], &["--check", "mine.txt", "--format", "html"]].concat())
        .fails(2, "--check judges in text or JSON only");
}
