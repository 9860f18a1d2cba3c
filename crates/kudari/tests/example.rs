//! The tiny examples: every function and every word of the notation has one, and every number written in it is what the function
//! computes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use kudari::explain::{
    Cell, Derivation, Document, Example, HtmlFormat, Item, Language, LatexFormat, Options, Origin, TextFormat,
};
use kudari::functions::registry;
use kudari::model::layer_words;

fn example(name: &str) -> Example {
    Example::named(name).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn text(example: &Example, all: bool) -> String {
    let lines = example.lines(&Options::default());
    example.document(&lines, all).text(&TextFormat { columns: 120, ..TextFormat::default() })
}

/// Half a unit of the fourth significant digit, as the lines write numbers.
fn half_a_unit(value: f64) -> f64 {
    if value == 0.0 { 0.0 } else { 0.5 * 10f64.powf(value.abs().log10().floor() - 3.0) }
}

/// What is written behind the last sign of a line: `≈ 0.09003 †  (0.09000 by hand)` is 0.09003.
fn result(line: &str) -> Option<f64> {
    let behind = line.rsplit(['=', '≈']).next()?.trim().split(' ').next()?.replace('−', "-");
    let (digits, power) = behind.split_once("·10").unwrap_or((&behind, ""));
    let superscript = |c: char| "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().position(|s| s == c).map_or(c.to_string(), |digit| digit.to_string());
    let power: String = power.replace('⁻', "-").chars().map(superscript).collect();
    Some(digits.parse::<f64>().ok()? * 10f64.powi(if power.is_empty() { 0 } else { power.parse().ok()? }))
}

/// The numbers of a derivation whose line gives another number than the engine has.
fn disagreements(derivation: &Derivation) -> Vec<String> {
    let differs = |&id: &usize| {
        let (worked, value) = (derivation.worked_value(id), derivation.value(id));
        (worked - value).abs() > 1e-9 * value.abs() + 1e-15
    };
    (0..derivation.len()).filter(differs).map(|id| derivation.symbol(id).text()).collect()
}

#[test]
fn every_function_and_every_word_has_an_example_whose_lines_are_right() {
    let names: Vec<&str> = registry().map(|entry| entry.name).chain(layer_words()).collect();
    assert!(Example::names().all(|name| names.contains(&name)) && names.len() > 130);
    for name in names {
        let example = example(name);
        let derivation = &example.derivation;
        assert_eq!(disagreements(derivation), Vec::<String>::new(), "{name}");
        assert!(derivation.len() < 1000, "{name}: {} numbers are no tiny example", derivation.len());
        // All inputs are short numbers.
        for block in derivation.blocks.iter().filter(|block| block.origin == Origin::Input) {
            let short = |value: &&f64| (*value * 100.0).round() / 100.0 == **value;
            assert!(block.values.iter().filter(|v| !short(v)).count() == 0, "{name}: {:?}", block.values);
        }
        // Every number of the result and every derivative by an input has its line, and it ends in the number.
        let text = text(&example, true);
        let outputs = derivation.blocks[derivation.output].ids();
        let inputs = (0..derivation.blocks.len()).filter(|&block| derivation.blocks[block].origin == Origin::Input);
        let gradients = inputs.flat_map(|block| {
            let gradient = derivation.gradient_of(block).unwrap_or_else(|| panic!("{name}: no derivative by an input"));
            derivation.blocks[gradient].ids()
        });
        for id in outputs.chain(gradients) {
            let (symbol, value) = (derivation.symbol(id).text(), derivation.value(id));
            let mut lines = text.lines().skip_while(|line| !line.trim_start().starts_with(&format!("{symbol} ")));
            let first = lines.next().unwrap_or_else(|| panic!("{name}: no line of {symbol} in\n{text}"));
            let goes_on = |line: &&str| line.trim_start().starts_with(['=', '≈']);
            let last = lines.take_while(goes_on).last().unwrap_or(first);
            // Behind the number may stand what one gets by hand; the number of a case stands before its condition.
            let last = if last.ends_with(" by hand)") { &last[..last.rfind("  (").unwrap()] } else { last };
            let found = if last.ends_with(')') { result(last.split("  (").next().unwrap()) } else { result(last) };
            let found = found.unwrap_or_else(|| panic!("{name}: no number at the end of {last}"));
            assert!((found - value).abs() <= 1.0001 * half_a_unit(value), "{name}: {symbol} is {value}, not {found}");
        }
    }
}

#[test]
fn the_result_is_that_of_the_function_with_its_kernel() {
    // What is worked out is a composition; the kernel computes the same. Values from PyTorch: the formulas of its documentation in
    // float64 on these inputs, see tests/reference/examples.py.
    let reference: serde_json::Value = serde_json::from_str(include_str!("reference/examples.json")).unwrap();
    for (name, expected) in reference.as_object().unwrap() {
        let json = example(name).json();
        let numbers = |value: &serde_json::Value| {
            let mut numbers = Vec::new();
            fn collect(value: &serde_json::Value, numbers: &mut Vec<f64>) {
                match value {
                    serde_json::Value::Array(list) => list.iter().for_each(|member| collect(member, numbers)),
                    number => numbers.push(number.as_f64().unwrap()),
                }
            }
            collect(value, &mut numbers);
            numbers
        };
        let close = |what: &str, got: &serde_json::Value, expected: &serde_json::Value| {
            let (got, expected) = (numbers(got), numbers(expected));
            let fits =
                got.len() == expected.len() && got.iter().zip(&expected).all(|(g, e)| (g - e).abs() <= 1e-12 * e.abs().max(1.0));
            assert!(fits, "{name} {what}: {got:?}, not {expected:?}");
        };
        close("result", &json["result"], &expected["result"]);
        for (letter, gradient) in expected["gradients"].as_object().unwrap() {
            close(letter, &json["gradients"][letter], gradient);
        }
    }
}

#[test]
fn lines_read_as_on_paper() {
    for (name, lines) in [
        ("conv2d", &["y₁₁ = w₁₁·x₁₁ + w₁₂·x₁₂ + w₂₁·x₂₁ + w₂₂·x₂₂ + b = 1·1 + (−1)·2 + 2·0 + 0.5·1 + 0.5 = 0"][..]),
        (
            "batch_norm",
            &[
                "m  = (x₁ + x₂ + x₃ + x₄)/4 = (1 + 2 + 4 + 5)/4 = 12/4 = 3",
                "s  = √u = √2.501 ≈ 1.581",
                "y₃ = z₃·w + b = 0.6323·2 + 0.5 ≈ 1.765",
            ],
        ),
        ("attention", &["s₁₃ = q₁₁·k₃₁ + q₁₂·k₃₂ = 1·2 + 0·0 = 2", "y₂₂ = p₂₁·v₁₂ + p₂₂·v₂₂ + p₂₃·v₃₂ = "]),
        (
            "lstm",
            &[
                "u₂₁ = U₁·h₁ = 1·0.1444 ≈ 0.1444",
                "c₂  = f₂·c₁ + i₂·g₂ = 0.3607·0.6001 + 0.4736·(−0.7296) ≈ −0.1291",
                "h₂  = o₂·q₂ = 0.6876·(−0.1284) ≈ −0.08827",
                "e = ∂E/∂y",
            ],
        ),
        ("gru", &["h₁  = n₁·m₁ + z₁·h₀ = "]),
        ("prelu", &["∂E/∂x₂ = s·g₂ = 0.2·(−1) = −0.2"]),
        ("embedding", &["given       indices = (2, 0)", "∂E/∂w₂₁ = 0\n"]),
        ("average_pool2d_spread", &["∂E/∂x₁₁₁₁ = g₁₁₁₁/6 + g₁₁₁₂/6 + g₁₁₂₁/6 + g₁₁₂₂/6 = ", "more lines of y: --all"]),
        ("ctc", &["α₂₃ = (α₁₃ + α₁₂)·e^x₂₁ = "]),
        ("res", &["x + what the layers inside make of it", "y₁ = z₁ + x₁ = −0.5 + 1 = 0.5"]),
    ] {
        let text = text(&example(name), false);
        for line in lines {
            assert!(text.contains(line), "{name}: `{line}` is missing in\n{text}");
        }
    }
}

#[test]
fn every_format_and_both_languages_hold_the_same_example() {
    for name in Example::names() {
        let example = example(name);
        let lines = example.lines(&Options::default());
        let document: Document<'_> = example.document(&lines, false);
        let written = document.sections.iter().flat_map(|section| &section.items).filter(|i| matches!(i, Item::Line(_))).count();
        assert!(written > 1, "{name}");
        let page = document.html(&HtmlFormat { language: Language::English });
        assert!(page.matches("class=\"step").count() == written && page.contains("A tiny example, worked out"), "{name}");
        for language in [Language::English, Language::Japanese] {
            let text = document.text(&TextFormat { language, columns: 110, ..TextFormat::default() });
            let ascii =
                document.text(&TextFormat { language: Language::English, ascii: true, columns: 110, ..TextFormat::default() });
            let latex = document.latex(&LatexFormat { language, body: false });
            assert!(text.contains('≈') || text.contains('='), "{name}");
            assert!(ascii.is_ascii(), "{name}: {:?}", ascii.chars().find(|c| !c.is_ascii()));
            assert_eq!(latex.matches("\\begin{aligned}").count(), latex.matches("\\end{aligned}").count(), "{name}");
            assert!(document.markdown(language).contains("$$"), "{name}");
        }
    }
    let has_table =
        |item: &Item| matches!(item, Item::Table(table) if table.rows.iter().flatten().any(|c| matches!(c, Cell::Block(_))));
    let example = example("conv2d");
    let lines = example.lines(&Options::default());
    assert!(!example.document(&lines, false).sections.iter().flat_map(|s| &s.items).any(has_table));
}

#[test]
fn an_unknown_name_gets_the_nearest_one() {
    let error = |name: &str| Example::named(name).err().unwrap();
    assert_eq!(error("con2d").what(), "there is no function or layer `con2d`");
    assert_eq!(error("con2d").what_to_do(), "did you mean `conv2d`? `kudari explain --list` lists all");
    assert_eq!(error("batchnrm").what_to_do(), "did you mean `batchnorm`? `kudari explain --list` lists all");
    assert_eq!(error("qqqqqqqqqqqq").what_to_do(), "`kudari explain --list` lists all");
}
