//! The page of a worked calculation: well-formed, linked throughout, in two languages, with the derivation's values.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers outside of #[test] functions are tests too

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use kudari::explain::{Explanation, HtmlFormat, Item, Language, Notation, Options, Problem};
use kudari::model::{Network, NetworkOptions};
use kudari::train::Loss;
use kudari::{Array, DType};
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::Value;

fn worksheet(name: &str) -> Problem {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/worksheets");
    Problem::load_worksheet(&folder.join(name)).unwrap()
}

/// 784 inputs, 50 and 10 units: too many weights to write.
fn large() -> Problem {
    let options = NetworkOptions { seed: 1, initializer: None, double: true };
    let network = Network::new("linear(50) sigmoid linear(10)", &[784], &options).unwrap();
    let input: Vec<f64> = (0..784).map(|i| f64::from(i % 7) / 7.0).collect();
    let target = Problem::target_for(&[3.0], 1, &network).unwrap();
    let input = Array::from_slice(&input, &[1, 784]).unwrap().to_dtype(DType::F64);
    let loss = Loss::named("softmax_cross_entropy").unwrap();
    Problem { name: "large".into(), network, loss, input, target, optimizer: "sgd".into(), learning_rate: 0.1 }
}

fn page(explanation: &Explanation, language: Language) -> String {
    explanation.document(&explanation.lines()).html(&HtmlFormat { language })
}

/// Every kind of document there is.
fn explanations() -> Vec<(String, Explanation)> {
    let plain = Options::default;
    let mut all: Vec<(String, Problem, Options)> = Vec::new();
    for name in ["by-hand-1.toml", "by-hand-2.toml", "deep.toml", "softmax.toml", "xor.toml"] {
        all.push((name.into(), worksheet(name), plain()));
        all.push((format!("{name}, matrices"), worksheet(name), Options { notation: Notation::Matrix, ..plain() }));
        all.push((format!("{name}, one unit"), worksheet(name), Options { unit: Some("1:2".into()), ..plain() }));
        all.push((format!("{name}, one gradient"), worksheet(name), Options { only: Some("0.weight[1,1]".into()), ..plain() }));
    }
    all.push(("xor by index".into(), worksheet("xor.toml"), Options { notation: Notation::Index, ..plain() }));
    all.push(("many steps".into(), worksheet("by-hand-2.toml"), Options { steps: 50, ..plain() }));
    all.push(("large".into(), large(), plain()));
    all.push(("one unit of the large".into(), large(), Options { unit: Some("2:4".into()), ..plain() }));
    all.into_iter().map(|(name, problem, options)| (name, Explanation::new(problem, options).unwrap())).collect()
}

fn parsed(page: &str) -> Document<'_> {
    Document::parse_with_options(page, ParsingOptions { allow_dtd: true, ..ParsingOptions::default() }).unwrap()
}

fn by_id<'a>(document: &'a Document<'_>, id: &str) -> Node<'a, 'a> {
    document.descendants().find(|n| n.attribute("id") == Some(id)).unwrap_or_else(|| panic!("no element has the id {id}"))
}

/// The words and signs of an element, scripts and styles and the other language left out.
fn text(node: Node, hidden: &str) -> String {
    if node.is_text() {
        return node.text().unwrap_or_default().to_string();
    }
    if ["script", "style"].contains(&node.tag_name().name()) || node.attribute("lang") == Some(hidden) {
        return String::new();
    }
    node.children().map(|child| text(child, hidden)).collect()
}

fn facts(document: &Document) -> HashMap<String, Value> {
    serde_json::from_str(by_id(document, "quantities").text().unwrap()).unwrap()
}

#[test]
fn every_page_is_well_formed_and_every_link_has_its_place() {
    for (name, explanation) in explanations() {
        let page = page(&explanation, Language::English);
        let document = parsed(&page);
        let ids: Vec<&str> = document.descendants().filter_map(|n| n.attribute("id")).collect();
        let places: HashSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), places.len(), "{name}: two elements have the same id");
        let references: HashSet<&str> = document.descendants().filter_map(|n| n.attribute("data-ref")).collect();
        let facts = facts(&document);
        for reference in &references {
            assert!(places.contains(reference), "{name}: {reference} has no place");
            assert!(facts.contains_key(*reference), "{name}: nothing is told of {reference}");
        }
        for (quantity, fact) in &facts {
            let from = fact["from"].as_array().unwrap();
            assert!(from.iter().all(|f| facts.contains_key(f.as_str().unwrap())), "{name}: {quantity} comes from {from:?}");
        }
        assert!(references.len() > 3, "{name}");
        // Every line of the document is a step of the page, in the same order of sections.
        let lines = explanation.lines();
        let sections = explanation.document(&lines).sections;
        let is_line = |item: &&Item| matches!(item, Item::Line(_) | Item::Matrix(_));
        let expected: Vec<(&str, usize)> =
            sections.iter().map(|s| (s.part.key(), s.items.iter().filter(is_line).count())).collect();
        let steps = |s: Node| s.descendants().filter(|n| n.attribute("class") == Some("step")).count();
        let is_section = |n: &Node| n.has_tag_name("section") && n.has_attribute("id");
        let written = document.descendants().filter(is_section).map(|s| (s.attribute("id").unwrap(), steps(s)));
        assert_eq!(written.collect::<Vec<_>>(), expected, "{name}");
    }
}

/// Values by NumPy in f64, calculated outside of kudari for this network.
#[test]
fn gradients_have_links_and_show_their_values() {
    let expected = [
        ("dw-1-1-1", 3.252376178898, "3.252"),
        ("dw-1-1-2", 6.504752357797, "6.505"),
        ("dw-1-2-3", 10.892307934, "10.89"),
        ("dw-2-1-1", 1.409277811683, "1.409"),
        ("dw-2-2-2", 3.082605206781, "3.083"),
        ("delta-1-2", 3.630769311334, "3.631"),
        ("slope-a-1-1", 0.228784240457, "0.2288"),
        ("new-w-1-1-3", -0.875712853670, "−0.8757"),
        ("E", 10.426435926092, "10.43"),
    ];
    let explanation = Explanation::new(worksheet("by-hand-2.toml"), Options::default()).unwrap();
    let page = page(&explanation, Language::English);
    let document = parsed(&page);
    let facts = facts(&document);
    for (id, value, shown) in expected {
        let line = by_id(&document, id);
        assert_eq!((line.tag_name().name(), line.attribute("class")), ("li", Some("step")), "{id}");
        let result = line.descendants().find(|n| n.attribute("class") == Some("segment result")).unwrap();
        let number = result.descendants().find(|n| n.attribute("data-ref") == Some(id)).unwrap();
        assert_eq!(text(number, ""), shown, "{id}");
        let full: f64 = facts[id]["value"].as_str().unwrap().replace('−', "-").parse().unwrap();
        assert!((full - value).abs() < 1e-9, "{id}: {full}");
    }
    let from = |id: &str| -> HashSet<String> {
        facts[id]["from"].as_array().unwrap().iter().map(|f| f.as_str().unwrap().to_string()).collect()
    };
    let set = |keys: &[&str]| keys.iter().map(|k| k.to_string()).collect::<HashSet<_>>();
    assert_eq!(from("dw-1-2-3"), set(&["delta-1-2", "x-3"]));
    // The derivative by z stands inside this line, and so do its own sources.
    assert_eq!(from("delta-1-1"), set(&["slope-a-1-1", "w-2-1-1", "w-2-2-1", "delta-2-1", "delta-2-2"]));
    assert!(from("w-1-1-1").is_empty());
}

/// A number as it is written on the page.
fn read(shown: &str) -> Option<f64> {
    let plain = shown.replace('−', "-");
    match plain.split_once("·10") {
        Some((mantissa, exponent)) => Some(mantissa.parse::<f64>().ok()? * 10f64.powi(exponent.parse().ok()?)),
        None => plain.parse().ok(),
    }
}

#[test]
fn every_number_on_the_page_is_that_of_the_derivation() {
    for (name, explanation) in explanations() {
        let derivation = &explanation.derivation;
        let values: HashMap<String, f64> =
            (0..derivation.len()).map(|id| (derivation.symbol(id).anchor(), derivation.value(id))).collect();
        let page = page(&explanation, Language::Japanese);
        let document = parsed(&page);
        let facts = facts(&document);
        let mut compared = 0;
        for node in document.descendants().filter(|n| n.tag_name().name() == "mrow") {
            let Some(key) = node.attribute("data-ref") else { continue };
            let Some(shown) = read(&text(node, "")) else { continue };
            let value = values[key];
            assert!((shown - value).abs() <= 0.5001e-3 * value.abs(), "{name}: {key} is {value}, not {shown}");
            let full: f64 = facts[key]["value"].as_str().unwrap().replace('−', "-").parse().unwrap();
            assert_eq!(full, value, "{name}: {key}");
            compared += 1;
        }
        assert!(compared > 10, "{name}: {compared}");
    }
}

#[test]
fn formulas_are_laid_out() {
    let explanation = Explanation::new(worksheet("by-hand-2.toml"), Options::default()).unwrap();
    let page = page(&explanation, Language::English);
    let document = parsed(&page);
    // z₁ = h(a₁) = 1/(1 + e^−0.6): a fraction with a power below.
    let line = by_id(&document, "z-1");
    let fraction = line.descendants().find(|n| n.has_tag_name("mfrac")).unwrap();
    assert_eq!(fraction.children().map(|n| text(n, "")).collect::<Vec<_>>(), ["1", "1+e−0.6"]);
    assert_eq!(fraction.descendants().filter(|n| n.has_tag_name("msup")).count(), 1);
    // w⁽²⁾₁₁: the base, the indices below, the layer above.
    let weight = by_id(&document, "y-1").descendants().find(|n| n.has_tag_name("msubsup")).unwrap();
    assert_eq!(weight.children().map(|n| text(n, "")).collect::<Vec<_>>(), ["w", "11", "(2)"]);
    // ∂E/∂w is a fraction; the line is named for those who listen.
    let gradient = by_id(&document, "dw-1-2-3");
    assert!(gradient.descendants().any(|n| n.has_tag_name("mfrac")));
    assert_eq!(gradient.attribute("aria-label"), Some("the derivative of E by w 2 3 of layer 1 is about 10.89"));
    assert_eq!(gradient.attribute("data-label-ja"), Some("第 1 層の w 2 3 による E の微分はおよそ 10.89"));
    // The sum may be broken between its terms, so each is a formula.
    let symbols = by_id(&document, "a-1-1").descendants().find(|n| n.attribute("class") == Some("segment symbols")).unwrap();
    assert_eq!(symbols.children().filter(|n| n.has_tag_name("math")).count(), 3);
    // † and what is got by hand.
    assert!(
        text(by_id(&document, "dw-2-1-1"), "ja").contains("≈1.409† by hand 1.410"),
        "{}",
        text(by_id(&document, "dw-2-1-1"), "ja")
    );
}

#[test]
fn matrices_have_brackets_and_gaps() {
    let explanation = Explanation::new(worksheet("xor.toml"), Options::default()).unwrap();
    let page = page(&explanation, Language::English);
    let document = parsed(&page);
    let line = by_id(&document, "A-1");
    let result = line.descendants().find(|n| n.attribute("class") == Some("segment result")).unwrap();
    let rows: Vec<Node> = result.descendants().filter(|n| n.has_tag_name("mtr")).collect();
    // 4 samples, 8 units: the first three columns, a gap and the last.
    assert_eq!((rows.len(), rows.iter().all(|r| r.children().count() == 5)), (4, true));
    assert!(text(result, "").starts_with("=[") && text(result, "").contains('⋯') && text(result, "").ends_with(']'));
    // The third sample is (1, 0): its sums are the first column of W, whose first number the worksheet gives as 0.1764.
    let first = rows[2].descendants().find(|n| n.attribute("data-ref") == Some("a-1-1-s3")).unwrap();
    assert_eq!((text(first, "").as_str(), first.attribute("id")), ("0.1764", Some("a-1-1-s3")));
    // In the transposed matrix too a number links to its own weight: row 2 of W⁽¹⁾ᵀ is column 2.
    let factors = line.descendants().find(|n| n.attribute("class") == Some("segment numbers")).unwrap();
    let transposed = factors.descendants().filter(|n| n.has_tag_name("mtable")).nth(1).unwrap();
    let links: Vec<&str> = transposed.descendants().filter_map(|n| n.attribute("data-ref")).collect();
    assert_eq!(links, ["w-1-1-1", "w-1-2-1", "w-1-3-1", "w-1-8-1", "w-1-1-2", "w-1-2-2", "w-1-3-2", "w-1-8-2"]);
}

#[test]
fn both_languages_are_whole() {
    const ENGLISH: [&str; 29] = [
        "Forward",
        "Error",
        "Backward",
        "Update",
        "Check",
        "step",
        "network",
        "loss",
        "sample",
        "function",
        "index",
        "weights",
        "learning",
        "layer",
        "output",
        "input",
        "hidden",
        "signal",
        "gradient",
        "slope",
        "by hand",
        "more",
        "if",
        "otherwise",
        "the ",
        "why",
        "worst",
        "rounded",
        "numbers",
    ];
    for (name, explanation) in explanations() {
        let page = page(&explanation, Language::Japanese);
        let document = parsed(&page);
        let root = document.root_element();
        assert_eq!(root.attribute("lang"), Some("ja"));
        let body = root.children().find(|n| n.has_tag_name("body")).unwrap();
        let japanese = text(body, "en").replace(&explanation.problem.name, "");
        for word in ENGLISH {
            assert!(!japanese.contains(word), "{name}: `{word}` in the Japanese view");
        }
        let english = text(body, "ja").replace("日本語", "");
        let foreign = english.chars().find(|c| ('\u{3040}'..='\u{9fff}').contains(c));
        assert_eq!(foreign, None, "{name}: Japanese in the English view");
        assert!(english.contains("Given numbers") && japanese.contains("与えられた数"), "{name}");
        for node in document.descendants().filter(|n| n.has_attribute("data-label-en")) {
            assert_eq!(node.attribute("aria-label"), node.attribute("data-label-ja"), "{name}");
        }
    }
}

#[test]
fn a_page_needs_nothing_else() {
    for (name, explanation) in explanations() {
        let page = page(&explanation, Language::English);
        let without = page.replace("http://www.w3.org/1999/xhtml", "").replace("http://www.w3.org/2000/svg", "");
        for foreign in ["http", "//www", "url(", "@import", "@font-face", " src=", "<link", "<iframe", "fetch("] {
            assert!(!without.contains(foreign), "{name}: {foreign}");
        }
    }
}

#[test]
fn a_title_with_markup_is_text() {
    let mut problem = worksheet("by-hand-2.toml");
    problem.name = "</title><script>alert(1)</script> <&\"".into();
    let explanation = Explanation::new(problem, Options::default()).unwrap();
    let page = page(&explanation, Language::English);
    let document = parsed(&page);
    assert_eq!(document.descendants().filter(|n| n.has_tag_name("script")).count(), 2);
    let title = document.descendants().find(|n| n.has_tag_name("title")).unwrap();
    assert_eq!(text(title, ""), "</title><script>alert(1)</script> <&\" · kudari explain");
}

#[test]
fn the_drawing_shows_units_and_edges_and_lights_up_for_them() {
    let drawing = |problem: Problem, class: &str| {
        let page = page(&Explanation::new(problem, Options::default()).unwrap(), Language::English);
        parsed(&page).descendants().filter(|n| n.attribute("class") == Some(class)).count()
    };
    // by-hand-1 has biases: (3 + 1)·2 + (2 + 1)·1 edges.
    assert_eq!((drawing(worksheet("by-hand-1.toml"), "unit"), drawing(worksheet("by-hand-1.toml"), "edge")), (6, 11));
    assert_eq!((drawing(worksheet("xor.toml"), "unit"), drawing(worksheet("xor.toml"), "edge")), (12, 42));
    // Too large for edges: two bands, and cells for the layers of 50 and 10.
    assert_eq!((drawing(large(), "edge"), drawing(large(), "band"), drawing(large(), "cell")), (0, 2, 60));
    let page = page(&Explanation::new(worksheet("by-hand-2.toml"), Options::default()).unwrap(), Language::English);
    let document = parsed(&page);
    let lit = |id: &str| {
        document.descendants().filter(|n| n.attribute("data-lit-by").is_some_and(|l| l.split(' ').any(|k| k == id))).count()
    };
    assert_eq!((lit("dw-1-2-3"), lit("new-w-1-2-3"), lit("slope-a-1-1"), lit("delta-2-1")), (1, 1, 1, 1));
}
