//! The worked calculations: every number of sections D to G of the figures that kudari must reproduce, the rules of the lines,
//! the verdicts on somebody's own numbers. The expected values are published or were computed with NumPy.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::excessive_precision)] // published figures stand as they were published

use std::path::PathBuf;

use kudari::Variable;
use kudari::explain::{
    Carry, Derivation, Digits, Explanation, Item, Language, Lines, Notation, Options, Problem, TextFormat, Verdict,
};
use kudari::layers::Layer;
use kudari::optimizers::OPTIMIZERS;
use serde_json::Value;

fn worksheet(name: &str, options: Options) -> Explanation {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/worksheets").join(name);
    Explanation::new(Problem::load_worksheet(&path).unwrap(), options).unwrap()
}

fn by_hand_2() -> Explanation {
    worksheet("by-hand-2.toml", Options::default())
}

/// All numbers of a JSON value, in order.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(list) => list.iter().flat_map(numbers).collect(),
        number => vec![number.as_f64().unwrap()],
    }
}

fn assert_close(found: &Value, expected: &[f64], tolerance: f64) {
    let found = numbers(found);
    assert_eq!(found.len(), expected.len());
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() <= tolerance * e.abs().max(1e-3), "{f} is not {e}");
    }
}

fn text(explanation: &Explanation, language: Language) -> String {
    let format = TextFormat { language, columns: 200, ..TextFormat::default() };
    explanation.document(&explanation.lines()).text(&format)
}

#[test]
fn a_row_that_is_no_distribution_is_warned_of() {
    let sheet = "net = \"identity\"\nloss = \"cross_entropy\"\ninput = [0.1, 0.6, 0.2, 0, 0]\ntarget = 1\n";
    let explanation = Explanation::new(Problem::from_worksheet(sheet, "losses").unwrap(), Options::default()).unwrap();
    assert_close(&explanation.json()["E"], &[0.5108256237659907], 1e-12);
    assert!(text(&explanation, Language::English).contains("! row 1 sums to 0.9, not to 1"));
    let fair = Explanation::new(Problem::from_worksheet(&sheet.replace("0.2", "0.3"), "losses").unwrap(), Options::default());
    assert!(!text(&fair.unwrap(), Language::English).contains("sums to"));
}

#[test]
fn section_d_by_hand_with_relu() {
    let json = worksheet("by-hand-1.toml", Options::default()).json();
    assert_close(&json["forward"][0]["values"], &[11.0, -14.0], 1e-12);
    assert_close(&json["forward"][1]["values"], &[11.0, 0.0], 1e-12);
    assert_close(&json["forward"][2]["values"], &[33.0], 1e-12);
    assert_close(&json["E"], &[169.0], 1e-12);
    assert_close(&json["deltas"]["2"], &[26.0], 1e-12);
    assert_close(&json["gradients"]["2.weight"], &[286.0, 0.0], 1e-12);
    assert_close(&json["gradients"]["2.bias"], &[26.0], 1e-12);
    assert_close(&json["gradients"]["0.weight"], &[156.0, 234.0, 78.0, 0.0, 0.0, 0.0], 1e-12);
    assert_close(&json["gradients"]["0.bias"], &[78.0, 0.0], 1e-12);
    assert_close(&json["derivatives"]["x"], &[234.0, 78.0, 156.0], 1e-12);
}

#[test]
fn section_d_with_sigmoid_keeps_its_digits() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/worksheets/by-hand-1.toml");
    let sheet = std::fs::read_to_string(path).unwrap().replace("relu", "sigmoid");
    let explanation = Explanation::new(Problem::from_worksheet(&sheet, "sigmoid").unwrap(), Options::default()).unwrap();
    let json = explanation.json();
    assert_close(&json["forward"][2]["values"], &[2.999951558790512], 1e-12);
    assert_close(&json["gradients"]["2.weight"], &[-33.999529032458071, -2.8272033501027256e-05], 1e-12);
    // Exact to all digits, from mpmath. The published figures were computed as z(1 − z) in f64, where 1 − z loses digits:
    // they differ in the twelfth.
    let by_w1 = [
        -0.0034070428620458495264,
        -0.0051105642930687742896,
        -0.0017035214310229247632,
        -0.00011308803996815602277,
        -0.00016963205995223403416,
        -0.000056544019984078011386,
    ];
    assert_close(&json["gradients"]["0.weight"], &by_w1, 1e-12);
    let published = [-3.4070428620169087e-03, -5.1105642930253633e-03, -1.7035214310084543e-03];
    assert!(published.iter().zip(by_w1).all(|(p, e)| (p / e - 1.0f64).abs() < 1e-11));
    // In f32, by backpropagation.
    let checked = explanation.checked.iter().take(6).map(|c| c.single);
    assert!(checked.zip(by_w1).all(|(f, e)| (f / e - 1.0).abs() < 1e-5));
}

#[test]
fn section_e_by_hand_with_sigmoid() {
    let json = worksheet("by-hand-2.toml", Options { steps: 100, ..Options::default() }).json();
    assert_close(&json["forward"][0]["values"], &[0.6, 1.2], 1e-12);
    assert_close(&json["forward"][1]["values"], &[0.6456563062257954, 0.7685247834990178], 1e-12);
    assert_close(&json["forward"][2]["values"], &[2.182705873223831, 5.0110680526734575], 1e-12);
    assert_close(&json["E"], &[10.426435926091724], 1e-12);
    assert_close(&json["deltas"]["2"], &[2.182705873223831, 4.0110680526734575], 1e-12);
    let by_w2 = [1.409277811683048, 1.677463558661379, 2.5897713829094386, 3.0826052067806957];
    assert_close(&json["gradients"]["2.weight"], &by_w2, 1e-12);
    assert_close(&json["slopes"]["1"], &[0.22878424045665732, 0.17789444064680565], 1e-12);
    assert_close(&json["derivatives"]["z"], &[14.215910031244203, 20.409683957141493], 1e-12);
    let by_w1 =
        [3.2523761788983805, 6.504752357796761, 9.757128536695141, 3.6307693113337685, 7.261538622667537, 10.892307934001305];
    assert_close(&json["gradients"]["0.weight"], &by_w1, 1e-12);
    assert_close(&json["numerical_gradients"]["0.weight"], &by_w1, 1e-9);
    assert_close(&json["derivatives"]["x"], &[1.0513914801565918; 3], 1e-12);
    let w2 = [0.8590722188316952, 1.8322536441338622, 2.741022861709056, 3.6917394793219303];
    assert_close(&json["updated"]["2.weight"], &w2, 1e-12);
    let w1 = [
        -0.22523761788983807,
        -0.5504752357796762,
        -0.8757128536695142,
        -0.16307693113337685,
        -0.5261538622667536,
        -0.8892307934001307,
    ];
    assert_close(&json["updated"]["0.weight"], &w1, 1e-12);
    assert_close(&json["E_after"], &[0.38327812923136795], 1e-12);
    let later = [(2, 0.374972706), (3, 0.365564440), (5, 0.342589502), (10, 0.246855720), (20, 0.081874670), (50, 0.062825748)];
    for (steps, loss) in later.into_iter().chain([(100, 0.036806055)]) {
        assert!((json["losses"][steps].as_f64().unwrap() - loss).abs() < 1e-9, "after {steps}");
    }
}

#[test]
fn section_f_softmax() {
    let json = worksheet("softmax.toml", Options::default()).json();
    assert_close(&json["forward"][0]["values"], &[0.200155254, -1.173494685, 0.361051125], 1e-9);
    let part = json["forward"].as_array().unwrap().iter().find(|f| f["name"] == "p").unwrap();
    assert_close(&part["values"], &[0.4119050729226101, 0.10428661043624295, 0.48380831664114693], 1e-12);
    assert_close(&json["E"], &[0.7260664907076876], 1e-12);
    // One row for each class.
    let by_w = [
        0.24714304375356605,
        0.3707145656303491,
        0.06257196626174577,
        0.09385794939261866,
        -0.3097150100153119,
        -0.4645725150229678,
    ];
    assert_close(&json["gradients"]["0.weight"], &by_w, 1e-12);
}

#[test]
fn section_g_xor_stands_on_kinks() {
    let explanation = worksheet("xor.toml", Options::default());
    let json = explanation.json();
    assert_close(&json["E"], &[0.6946098904657625], 1e-12);
    let by_b1 = [0.00284964, 0.01692179, -0.0465023, 0.0232874, 0.05399893, 0.00298776, 0.00092802, -0.00029373];
    let found = numbers(&json["gradients"]["0.bias"]);
    assert!(found.iter().zip(by_b1).all(|(f, e)| (f - e).abs() < 5e-9), "{found:?}");
    // The input (0, 0) puts every hidden unit on the kink: all eight biases are told so, and count as agreeing.
    assert_eq!(explanation.checked.iter().filter(|c| c.kink.is_some()).count(), 8);
    assert!(explanation.checked.iter().all(|c| c.agrees()));
    assert!(text(&explanation, Language::English).contains("not differentiable here: left slope"));
}

#[test]
fn every_line_worked_by_its_own_expression_is_what_the_engine_computed() {
    for name in ["by-hand-1.toml", "by-hand-2.toml", "softmax.toml", "xor.toml", "deep.toml"] {
        let derivation = worksheet(name, Options::default()).derivation;
        for id in 0..derivation.len() {
            let (worked, value) = (derivation.worked_value(id), derivation.value(id));
            assert!((worked - value).abs() <= 1e-12 * value.abs().max(1.0), "{name} {}", derivation.symbol(id).text());
        }
    }
}

#[test]
fn eight_lines_of_the_published_calculation_are_marked() {
    let explanation = by_hand_2();
    let lines = explanation.lines();
    let marked = |item: &Item| match item {
        Item::Line(line) if line.differs => Some(explanation.derivation.symbol(line.id).key()),
        _ => None,
    };
    let document = explanation.document(&lines);
    let mut marked: Vec<String> = document.sections.iter().flat_map(|s| &s.items).filter_map(marked).collect();
    marked.sort();
    let mut expected =
        ["E", "dE/dw2_11", "dE/dw2_12", "dE/dw2_22", "delta1_1", "dE/dw1_12", "dE/dw1_13", "new w1_23"].map(str::to_string);
    expected.sort();
    assert_eq!(marked, expected);
}

#[test]
fn the_rounded_chain_is_the_one_of_the_table() {
    let explanation = by_hand_2();
    let lines = Lines::new(&explanation.derivation, Digits { count: 4 }, Carry::Shown, 8);
    let of = |key: &str| {
        let id = (0..explanation.derivation.len()).find(|&id| explanation.derivation.symbol(id).key() == key).unwrap();
        lines.by_hand(id)
    };
    let expected = [
        ("z1", 0.6457),
        ("z2", 0.7685),
        ("y1", 2.183),
        ("y2", 5.011),
        ("E", 10.43),
        ("dE/dw2_11", 1.410),
        ("dE/dw2_12", 1.678),
        ("dE/dw2_21", 2.590),
        ("dE/dw2_22", 3.082),
        ("h'(a1_1)", 0.2288),
        ("h'(a1_2)", 0.1779),
        ("delta1_1", 3.251),
        ("delta1_2", 3.631),
        ("dE/dw1_12", 6.502),
        ("dE/dw1_13", 9.753),
        ("dE/dw1_23", 10.89),
        ("new w2_11", 0.8590),
        ("new w1_11", -0.2251),
        ("new w1_13", -0.8753),
        ("new w1_23", -0.8890),
    ];
    for (key, value) in expected {
        assert!((of(key) - value).abs() < 1e-12, "{key}: {} is not {value}", of(key));
    }
}

#[test]
fn lines_read_as_on_paper() {
    let text = text(&by_hand_2(), Language::English);
    for line in [
        "a⁽¹⁾₁ = w⁽¹⁾₁₁·x₁ + w⁽¹⁾₁₂·x₂ + w⁽¹⁾₁₃·x₃ = 0.1·1 + 0.1·2 + 0.1·3 = 0.6",
        "z₁    = h(a⁽¹⁾₁) = 1/(1 + e^−0.6) ≈ 0.6457",
        "E = ½·((y₁ − t₁)² + (y₂ − t₂)²) = ½·((2.183 − 0)² + (5.011 − 1)²) = ½·(4.764 + 16.09) ≈ 10.43 †",
        "∂E/∂w⁽²⁾₁₂ = δ⁽²⁾₁·z₂ = 2.183·0.7685 ≈ 1.677 †  (1.678 by hand)",
        "δ⁽¹⁾₁      = h′(a⁽¹⁾₁)·(w⁽²⁾₁₁·δ⁽²⁾₁ + w⁽²⁾₂₁·δ⁽²⁾₂) = 0.2288·(1·2.183 + 3·4.011) = 0.2288·14.22 ≈ 3.252 †",
        "w⁽²⁾₁₁ ← w⁽²⁾₁₁ − η·∂E/∂w⁽²⁾₁₁ = 1 − 0.1·1.409 ≈ 0.8591",
        "10 of 10 agree (worst relative difference 7.9e−11; below 1e−7 is good).",
        "E: 10.43 → 0.3833   (straight-line forecast −η‖g‖² = −35.37, real change −10.04, 0.284 of forecast)",
        "W⁽¹⁾ 4.71   W⁽²⁾ 0.0837",
        "With η = 0.05 this step gives E ≈ 0.1788",
    ] {
        assert!(text.contains(line), "missing: {line}\n{text}");
    }
}

#[test]
fn only_words_change_with_the_language() {
    for name in ["by-hand-1.toml", "by-hand-2.toml", "softmax.toml", "xor.toml", "deep.toml"] {
        let explanation = worksheet(name, Options { steps: 5, ..Options::default() });
        let (english, japanese) = (text(&explanation, Language::English), text(&explanation, Language::Japanese));
        assert_eq!(english.lines().count(), japanese.lines().count(), "{name}");
        let digits = |text: &str| {
            text.lines().filter(|l| l.contains(['=', '≈', '←'])).map(|l| l.matches(char::is_numeric).count()).sum::<usize>()
        };
        assert_eq!(digits(&english), digits(&japanese), "{name}");
        for word in ["FORWARD", "layer", "weights", "learning", "by hand", "agree", "samples", "more", "else", "step"] {
            assert!(!japanese.contains(word), "{name}: `{word}` in\n{japanese}");
        }
    }
}

#[test]
fn plain_signs_are_plain() {
    for name in ["by-hand-1.toml", "by-hand-2.toml", "softmax.toml", "xor.toml", "deep.toml"] {
        let explanation = worksheet(name, Options::default());
        let format = TextFormat { ascii: true, columns: 100, ..TextFormat::default() };
        let text = explanation.document(&explanation.lines()).text(&format);
        let foreign: Vec<char> = text.chars().filter(|c| !c.is_ascii()).collect();
        assert!(foreign.is_empty(), "{name}: {foreign:?}");
    }
}

#[test]
fn one_gradient_is_the_sum_of_its_ways() {
    let explanation = worksheet("deep.toml", Options { only: Some("0.weight[1,2]".into()), ..Options::default() });
    let derivation = &explanation.derivation;
    let find = |key: &str| (0..derivation.len()).find(|&id| derivation.symbol(id).key() == key).unwrap();
    let routes = derivation.routes(find("w1_23"), 100).unwrap();
    assert_eq!(routes.len(), 6); // three units of the second layer, two outputs
    let sum: f64 = routes.iter().map(|r| r.value).sum();
    assert!((sum - derivation.value(find("dE/dw1_23"))).abs() < 1e-15);
    assert!(derivation.routes(find("w1_23"), 5).is_none());
    assert!(text(&explanation, Language::English).contains("6 ways, together 0.2220"));
}

#[test]
fn matrices_hold_the_same_numbers() {
    let text =
        text(&worksheet("by-hand-2.toml", Options { notation: Notation::Matrix, ..Options::default() }), Language::English);
    for line in ["∂E/∂W⁽¹⁾ = δ⁽¹⁾·xᵀ", "⎡3.252  6.505  9.757⎤", "⎣3.631  7.262  10.89⎦", "δ⁽¹⁾ = h′(a⁽¹⁾) ⊙ W⁽²⁾ᵀ·δ⁽²⁾"]
    {
        assert!(text.contains(line), "missing {line} in\n{text}");
    }
}

fn verdicts(answers: &str) -> Vec<(String, Verdict)> {
    let explanation = by_hand_2();
    let judged = explanation.judge(answers).unwrap();
    judged.into_iter().map(|j| (explanation.derivation.symbol(j.answer.id).key(), j.verdict)).collect()
}

#[test]
fn the_twelve_slips_are_named_from_their_values() {
    // δ⁽¹⁾₁ and δ⁽¹⁾₂ with each slip, computed with NumPy.
    let slips = [
        (6.505, 7.262, "½"),
        (1.626, 1.815, "mean over the outputs"),
        (-3.252, -3.631, "sign"),
        (14.22, 20.41, "without the slope"),
        (2.335, 4.019, "not transposed"),
        (2.944, 3.346, "after the update"),
        (3.208, 4.417, "taken at z"),
        (9.179, 15.69, "only z is taken"),
        (5.037, 4.724, "only 1 − z is taken"),
        (8.290, 8.355, "slope of tanh"),
        (0.01869, 0.02908, "applied to the output too"),
        (0.4994, 2.854, "only one of the paths"),
    ];
    for (first, second, words) in slips {
        for (_, verdict) in verdicts(&format!("delta1_1 = {first}\nδ⁽¹⁾₂: {second}")) {
            match verdict {
                Verdict::Wrong(Some(slip)) => assert!(slip.english.contains(words), "{first}: {}", slip.english),
                other => panic!("{first} {words}: {other:?}"),
            }
        }
    }
    assert_eq!(verdicts("delta1_1 = 3.3333")[0].1, Verdict::Wrong(None));
}

#[test]
fn consequences_follow_and_both_chains_are_right() {
    let found = verdicts(
        "z1 = 0.6457\ny1 = 2.183\ndE/dw2_11 = 1.410\ndE/dw2_12: 1.677\ndelta1_1 = 14.22\ndE/dw1_12 = 28.43\ndE/dw1_13 = 42.66\nw1_12 = -2.743\n",
    );
    let of = |key: &str| &found.iter().find(|f| f.0 == key).unwrap().1;
    assert_eq!((of("z1"), of("dE/dw2_12")), (&Verdict::Right, &Verdict::Right));
    assert_eq!(of("dE/dw2_11"), &Verdict::RightFromRounded);
    assert!(matches!(of("delta1_1"), Verdict::Wrong(Some(_))));
    for follows in ["dE/dw1_12", "dE/dw1_13", "new w1_12"] {
        assert!(matches!(of(follows), Verdict::Follows(_)), "{follows}: {:?}", of(follows));
    }
    assert_eq!(verdicts("dE/dw2_11 = 1.409")[0].1, Verdict::Right);
    assert_eq!(verdicts("dE/dw2_11 = 1.410")[0].1, Verdict::RightFromRounded);
    assert_eq!(verdicts("dE/dw2_11 = 1.41")[0].1, Verdict::Right);
    assert_eq!(verdicts("y2 = 5.0110")[0].1, Verdict::Cut);
}

#[test]
fn answers_that_cannot_be_understood_are_errors() {
    let explanation = by_hand_2();
    for (answers, what) in [
        ("delta9_1 = 3", "there is no number `delta9_1`"),
        ("z1", "no name and number"),
        ("z1 = many", "`many` is not a number"),
        ("z1 = 0.6\nz1 = 0.6", "was given in line 1 already"),
        ("# nothing\n", "there are no answers"),
    ] {
        let error = explanation.judge(answers).unwrap_err();
        assert!(error.what().contains(what) && !error.what_to_do().is_empty(), "{error}");
    }
}

#[test]
fn parameters_and_units_that_do_not_exist_are_errors() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/worksheets/by-hand-2.toml");
    let error = |options: Options| Explanation::new(Problem::load_worksheet(&path).unwrap(), options).err().unwrap();
    let only = |text: &str| error(Options { only: Some(text.into()), ..Options::default() });
    assert_eq!(only("0.weight[2,0]").what(), "`0.weight` has shape [2, 3], there is no element [2, 0]");
    assert_eq!(only("0.weight[2,0]").what_to_do(), "indices count from 0: 0.weight[0,0] to 0.weight[1,2]");
    assert!(only("1.weight[0,0]").what().contains("there is no parameter `1.weight`"));
    assert!(only("0.weight[0;1]").what_to_do().contains("indices count from 0"));
    assert!(only("w9").what_to_do().contains("w1_11"));
    let unit = |text: &str| error(Options { unit: Some(text.into()), ..Options::default() });
    assert!(
        unit("3:1").what().contains("no layer 3")
            && unit("1:9").what().contains("no unit 9")
            && unit("x").what().contains("not a unit")
    );
    assert!(error(Options { digits: 0, ..Options::default() }).what().contains("digits"));
}

/// Adam, momentum and others: the numbers on the way and the new parameters are those of the optimizer itself.
#[test]
fn the_first_step_of_every_optimizer_that_is_worked_out() {
    let sheet = "net = \"linear(2) tanh linear(1)\"\nloss = \"sum_squared_error\"\ninput = [0.5, -1]\ntarget = [1]\nseed = 3\n";
    let others = [
        "momentum(0.5)",
        "rmsprop(0.9)",
        "adadelta(0.8)",
        "adam(0.8,0.99)",
        "nadam(0.8,0.99)",
        "radam(0.5,0.5)",
        "lion(0.5,0.9)",
    ];
    let all = OPTIMIZERS.iter().filter(|optimizer| !optimizer.starts_with("muon"));
    for optimizer in all.chain(&others) {
        let sheet = format!("{sheet}optimizer = \"{optimizer}\"\n");
        let problem = Problem::from_worksheet(&sheet, "").unwrap();
        let derivation = Derivation::new(&problem).unwrap();
        let mut network = problem.network;
        let loss = problem.loss.of(&network.forward(&Variable::constant(problem.input)).unwrap(), &problem.target).unwrap();
        let gradients = loss.backward().unwrap();
        kudari::optimizers::parse(optimizer, problem.learning_rate).unwrap().step(&mut network, &gradients).unwrap();
        for ((name, array), (own, block)) in network.arrays().iter().zip(&derivation.parameters) {
            assert_eq!(name, own);
            let new = &derivation.blocks[derivation.updated(*block).unwrap()].values;
            for (a, b) in new.iter().zip(array.to_f64_vec()) {
                assert!((a - b).abs() <= 1e-12 * b.abs().max(1e-3), "{optimizer} {name}: {a} {b}");
            }
        }
    }
    let explanation = |optimizer: &str| {
        let problem = Problem::from_worksheet(&format!("{sheet}optimizer = \"{optimizer}\"\n"), "")?;
        Explanation::new(problem, Options::default())
    };
    let adam = explanation("adam").unwrap();
    let text = text(&adam, Language::English);
    for line in [
        "m ← β₁·m + (1 − β₁)·∂E/∂w",
        "m(w⁽²⁾₁₁)  = 0.9·0 + 0.1·∂E/∂w⁽²⁾₁₁ = ",
        "v(b⁽¹⁾₂)   = 0.999·0 + 0.001·(∂E/∂b⁽¹⁾₂)² = ",
        "m̂(w⁽¹⁾₁₂) = m(w⁽¹⁾₁₂)/(1 − 0.9)",
        "g·Δw",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let nadam = self::text(&explanation("nadam").unwrap(), Language::English);
    assert!(nadam.contains("μ₁ ≈ 0.4501; μ₂ ≈ 0.4501") && nadam.contains("= μ₂·m(w⁽²⁾₁₁)/(1 − μ₁·μ₂) + "), "{nadam}");
    let muon = explanation("muon").err().unwrap();
    assert_eq!(muon.what(), "the steps of muon are not worked out");
    assert!(muon.what_to_do().contains("orthogonal"));
    let lbfgs = explanation("lbfgs").err().unwrap();
    assert!(lbfgs.what().contains("it takes the calculation of the loss"));
}

/// What a layer of the notation brings: letters of its formulas, numbers that are told apart, cases that are decided.
#[test]
fn layers_have_the_letters_of_their_formulas() {
    let lines = |net: &str, input: &str| {
        let sheet = format!("net = \"{net}\"\nloss = \"sum_squared_error\"\ninput = [{input}]\ntarget = [1]\nseed = 1\n");
        let explanation = Explanation::new(Problem::from_worksheet(&sheet, net).unwrap(), Options::default()).unwrap();
        let names: Vec<String> = (0..explanation.derivation.len()).map(|id| explanation.derivation.symbol(id).text()).collect();
        (text(&explanation, Language::English), names)
    };
    let sample = |net: &str, samples: &str| lines(net, samples);
    let (norm, _) = lines("layernorm linear(1)", "1, 2, 4, 5");
    assert!(norm.contains("network  4 → layernorm linear(1) → 1") && norm.contains("s₁    = √u⁽⁰⁾₁ = √2.500 ≈ 1.581"), "{norm}");
    assert!(norm.contains("m₁    = (x₁ + x₂ + x₃ + x₄)/4 = ") && norm.matches("m₁    = ").count() == 1, "{norm}");
    let (lstm, _) = sample("reshape(2,1) lstm(1) last linear(1)", "1, -0.5");
    assert!(lstm.contains("place 2 of the sequence") && lstm.contains("c₂₁    = f₂₁·c₁₁ + i₂₁·g₂₁ = "), "{lstm}");
    assert!(lstm.contains("t = (1)") && lstm.contains("c₁₁    = f₁₁·c₀₁ + i₁₁·g₁₁ = "), "{lstm}");
    let (prelu, _) = lines("linear(3) prelu linear(1)", "1, -0.5");
    assert!(!prelu.contains("(a⁽¹⁾₁ > 0), ") && !prelu.contains("1·δ"), "{prelu}");
    // No two blocks share their names: constants, and letters before and behind the only layer.
    for net in
        ["dropout(0.5) layernorm", "reshape(1,2,2) upsample(2) conv(1,2) maxpool(2) flatten", "linear(2) layernorm dropout(0.5)"]
    {
        let (_, mut names) = lines(net, "1, 2, 4, 5");
        let updated = names.len();
        names.retain(|name| !name.starts_with('w') && !name.starts_with('b') && !name.starts_with('θ'));
        let all = names.len();
        names.sort();
        names.dedup();
        assert!(names.len() == all && all < updated, "{net}: {names:?}");
    }
}
