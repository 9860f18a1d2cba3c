//! Explanations in LaTeX and Markdown: the lines of the worked calculation in EXPLAIN's notation, well-formed whatever is
//! explained, and, where TeX is installed, compiled.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;

use kudari::explain::{Carry, Explanation, Language, LatexFormat, Notation, Options, Problem};

const LANGUAGES: [Language; 2] = [Language::English, Language::Japanese];

fn worksheets() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/worksheets");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "toml"));
    paths.sort();
    assert!(paths.len() >= 5);
    paths
}

fn explanation(worksheet: &str, options: Options) -> Explanation {
    let path = worksheets().into_iter().find(|path| path.file_stem().unwrap() == worksheet).unwrap();
    Explanation::new(Problem::load_worksheet(&path).unwrap(), options).unwrap()
}

fn latex(explanation: &Explanation, language: Language, body: bool) -> String {
    explanation.document(&explanation.lines()).latex(&LatexFormat { language, body })
}

fn markdown(explanation: &Explanation, language: Language) -> String {
    explanation.document(&explanation.lines()).markdown(language)
}

/// Every way of explaining the examples, with a name.
fn variants() -> Vec<(String, Explanation)> {
    let mut variants = Vec::new();
    for path in worksheets() {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let parameter = if name == "softmax" { "0.weight[1,1]" } else { "0.weight[1,0]" };
        let options = [
            ("", Options::default()),
            ("-index", Options { notation: Notation::Index, ..Options::default() }),
            ("-matrix", Options { notation: Notation::Matrix, steps: 20, ..Options::default() }),
            ("-shown", Options { carry: Carry::Shown, digits: 11, ..Options::default() }),
            ("-only", Options { only: Some(parameter.to_string()), ..Options::default() }),
            ("-unit", Options { unit: Some("1:1".to_string()), terms: usize::MAX, ..Options::default() }),
        ];
        for (suffix, options) in options {
            let problem = Problem::load_worksheet(&path).unwrap();
            variants.push((format!("{name}{suffix}"), Explanation::new(problem, options).unwrap()));
        }
    }
    variants
}

/// The lines of EXPLAIN.md's sections 1 and 5, written by hand.
#[test]
fn the_worked_calculation_is_set_as_on_paper() {
    let text = latex(&explanation("by-hand-2", Options::default()), Language::English, true);
    for expected in [
        "a^{(1)}_{1} &= w^{(1)}_{11}\\,x_{1} + w^{(1)}_{12}\\,x_{2} + w^{(1)}_{13}\\,x_{3} = 0.1 \\cdot 1 + 0.1 \\cdot 2 + 0.1 \\cdot 3 = 0.6",
        "z_{1} &= h(a^{(1)}_{1}) = \\frac{1}{1 + e^{-0.6}} \\approx 0.6457",
        "\\delta^{(2)}_{1} &= y_{1} - t_{1} = 2.183 - 0 \\approx 2.183",
        "\\frac{\\partial E}{\\partial w^{(2)}_{11}} &= \\delta^{(2)}_{1}\\,z_{1} = 2.183 \\cdot 0.6457 \\approx 1.409\\;\\dagger",
        // A line that is too long has a row for each of its forms.
        "\\delta^{(1)}_{1} &= h'(a^{(1)}_{1})\\,(w^{(2)}_{11}\\,\\delta^{(2)}_{1} + w^{(2)}_{21}\\,\\delta^{(2)}_{2})\\\\\n\
         &= 0.2288\\,(1 \\cdot 2.183 + 3 \\cdot 4.011)\\\\\n&= 0.2288 \\cdot 14.22 \\approx 3.252\\;\\dagger",
        "w^{(2)}_{12} &\\leftarrow w^{(2)}_{12} - \\eta\\,\\frac{\\partial E}{\\partial w^{(2)}_{12}} = 2 - 0.1 \\cdot 1.677 \\approx 1.832",
        "\\textbf{loss} & $E = \\tfrac{1}{2} \\sum_{k} (y_{k} - t_{k})^{2}$\\quad the $\\tfrac{1}{2}$ is included; a sum, divided by nothing",
        "$w^{(1)}_{11}$ & 3.2523761789 & 3.2523761789 & 3.2523761790 & $4.4\\cdot 10^{-11}$",
        "$E$: $10.43 \\to 0.3833$",
        "With $\\eta = 0.05$ this step gives $E \\approx 0.1788$",
    ] {
        assert!(text.contains(expected), "{expected}\n\n{text}");
    }
    assert!(!text.contains("\\documentclass") && !text.contains("\\begin{document}"), "{text}");
}

#[test]
fn matrices_have_their_shapes_beneath() {
    let text =
        latex(&explanation("by-hand-2", Options { notation: Notation::Matrix, ..Options::default() }), Language::English, true);
    for expected in [
        "\\underset{2\\times 3}{\\frac{\\partial E}{\\partial W^{(1)}}} &= \\underset{2\\times 1}{\\boldsymbol{\\delta}^{(1)}}\\;\\underset{1\\times 3}{\\boldsymbol{x}^{\\mathsf{T}}}",
        "= \\begin{pmatrix}3.252\\\\ 3.631\\end{pmatrix} \\begin{pmatrix}1 & 2 & 3\\end{pmatrix}",
        "\\approx \\begin{pmatrix}3.252 & 6.505 & 9.757\\\\ 3.631 & 7.262 & 10.89\\end{pmatrix}",
    ] {
        assert!(text.contains(expected), "{expected}\n\n{text}");
    }
}

#[test]
fn english_is_ascii_and_everything_is_balanced() {
    for (name, explanation) in variants() {
        for language in LANGUAGES {
            for body in [false, true] {
                let text = latex(&explanation, language, body);
                balanced(&text, &name);
                let foreign: Vec<char> = text.chars().filter(|c| !c.is_ascii()).collect();
                match language {
                    Language::English => assert!(foreign.is_empty() && !text.contains('?'), "{name}: {foreign:?}"),
                    // Whatever is left is Japanese: kana, kanji and the punctuation between them.
                    Language::Japanese => {
                        let strange: Vec<&char> = foreign.iter().filter(|c| (**c as u32) < 0x3000).collect();
                        assert!(strange.is_empty() && !foreign.is_empty(), "{name}: {strange:?}");
                    }
                }
            }
        }
    }
}

/// Braces close what they open, environments end in the reverse of their order, dollars come in pairs.
fn balanced(text: &str, name: &str) {
    let plain = text.replace("\\{", "").replace("\\}", "").replace("\\$", "");
    let mut open = 0;
    for sign in plain.chars() {
        open += i32::from(sign == '{') - i32::from(sign == '}');
        assert!(open >= 0, "{name}");
    }
    assert_eq!((open, plain.matches('$').count() % 2), (0, 0), "{name}");
    let mut inside = Vec::new();
    for part in plain.split('\\') {
        let environment = |word| part.strip_prefix(word).and_then(|rest: &str| rest.split('}').next()).map(str::to_string);
        if let Some(begun) = environment("begin{") {
            inside.push(begun);
        } else if let Some(ended) = environment("end{") {
            assert_eq!(inside.pop(), Some(ended), "{name}");
        }
    }
    assert!(inside.is_empty(), "{name}: {inside:?}");
    assert_eq!(
        plain.matches("\\left").count(),
        plain.matches("\\right").count() + plain.matches("\\leftarrow").count(),
        "{name}"
    );
}

#[test]
fn japanese_is_for_lualatex() {
    let explanation = explanation("by-hand-2", Options::default());
    let text = latex(&explanation, Language::Japanese, false);
    for expected in ["{ltjsarticle}", "\\section{順伝播}", "(\\text{手計算では }{1.410})", "学習率 $\\eta = 0.1$"] {
        assert!(text.contains(expected), "{expected}\n\n{text}");
    }
    let english = latex(&explanation, Language::English, false);
    assert!(english.contains("{article}") && english.contains("\\section{What this step did}"), "{english}");
    // The language changes words, never a formula's lines.
    assert_eq!(text.matches("\\approx").count(), english.matches("\\approx").count());
}

#[test]
fn markdown_has_formulas_tables_and_quotes() {
    let text = markdown(&explanation("by-hand-2", Options::default()), Language::English);
    for expected in [
        "# by hand 2\n",
        "\n## 1 Forward\n\n$$\n\\begin{aligned}\n",
        "| loss | $E = \\tfrac{1}{2} \\sum_{k} (y_{k} - t_{k})^{2}$ &emsp; the $\\tfrac{1}{2}$ is included; a sum, divided by nothing |\n",
        "\\delta^{(2)}_{1} &= y_{1} - t_{1} = 2.183 - 0 \\approx 2.183\\cr\n",
        "\n```text\nx₁ ─0.1 ─┐",
        "| $w^{(1)}_{11}$ | 3.2523761789 | 3.2523761789 | 3.2523761790 | $4.4\\cdot 10^{-11}$ |",
        "\n> **Note:** the next $\\Vert\\partial E/\\partial W^{(1)}\\Vert$ falls from 18.2 to 0.283\n",
    ] {
        assert!(text.contains(expected), "{expected}\n\n{text}");
    }
}

/// Between dollar signs Markdown may take a backslash before a sign for its own; every row of a table has its columns.
#[test]
fn markdown_is_well_formed() {
    for (name, explanation) in variants() {
        for language in LANGUAGES {
            let text = markdown(&explanation, language);
            for (i, part) in text.split('$').enumerate().filter(|(i, _)| i % 2 == 1) {
                let commands = part.split('\\').skip(1).all(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()));
                assert!(commands, "{name}, part {i}: {part}");
            }
            let mut columns = None;
            for line in text.lines() {
                let bars = line.replace("\\|", "").matches('|').count();
                let is_row = line.starts_with('|');
                assert!(!is_row || columns.is_none_or(|c| c == bars), "{name}: {line}");
                columns = is_row.then_some(bars);
            }
        }
    }
}

/// Compiles every example where TeX is installed: without an error, a missing sign, or a line that leaves the page.
#[test]
fn tex_sets_every_example() {
    let installed = |program: &str| Command::new(program).arg("--version").output().is_ok_and(|run| run.status.success());
    let engines = ["pdflatex", "lualatex"].map(|engine| (engine, installed(engine)));
    let folder = std::env::temp_dir().join(format!("kudari-typeset-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (engine, is_installed) in engines {
        if !is_installed {
            println!("{engine} is not installed: nothing is compiled with it");
            continue;
        }
        let language = if engine == "pdflatex" { Language::English } else { Language::Japanese };
        if language == Language::Japanese
            && !Command::new("kpsewhich").arg("ltjsarticle.cls").output().is_ok_and(|r| r.status.success())
        {
            println!("ltjsarticle is not installed: no Japanese document is compiled");
            continue;
        }
        for worksheet in ["by-hand-2", "xor"] {
            let text = latex(&explanation(worksheet, Options::default()), language, false);
            std::fs::write(folder.join("sheet.tex"), text).unwrap();
            let run = Command::new(engine).args(["-interaction=nonstopmode", "sheet.tex"]).current_dir(&folder).output().unwrap();
            let log = String::from_utf8_lossy(&run.stdout);
            assert!(run.status.success(), "{engine} {worksheet}: {log}");
            assert!(!log.contains("Overfull") && !log.contains("Missing character"), "{engine} {worksheet}: {log}");
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
