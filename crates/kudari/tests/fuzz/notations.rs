//! What people write: networks, optimizers, schedules, losses, augmentations, initialisers, formulas, worksheets.

use kudari::array::Stream;
use kudari::data::Augmentation;
use kudari::explain::Problem;
use kudari::formula::Formula;
use kudari::layers::Initializer;
use kudari::model::{Network, NetworkOptions};
use kudari::optimizers::{self, Schedule};
use kudari::train::Loss;

use crate::harness::{Expected, feed, mixture, noise, one};

/// Numbers small and impossible. Those between are what a user may ask for, with all the memory that it takes.
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "5",
    "8",
    "0.5",
    "-1",
    "1e-3",
    "1e999",
    "nan",
    "inf",
    "99999999999999999999",
    "9223372036854775807",
    "x",
    "",
];
/// Between words.
const SIGNS: &[&str] = &["(", ")", ",", " ", " ", "=", "|", "((", "\n", "…", "\u{feff}", "0x", "3x(", ";", "\"", "\\"];

/// Words with numbers in parentheses, and now and then anything.
fn words(stream: &mut Stream, words: &[&str], names: &[&str]) -> Vec<u8> {
    match stream.next_below(8) {
        0 => return noise(stream, 60),
        // Deep or long in one sign.
        1 if stream.next_below(50) == 0 => {
            let piece = [one(stream, words), one(stream, SIGNS)].concat();
            return piece.repeat(1 + stream.next_below(3_000)).into_bytes();
        }
        _ => {}
    }
    let mut text = String::new();
    for _ in 0..1 + stream.next_below(7) {
        match stream.next_below(10) {
            0 => text += one(stream, SIGNS),
            1 => text += one(stream, NUMBERS),
            _ => {
                text += one(stream, words);
                if stream.next_below(2) == 0 {
                    let count = 1 + stream.next_below(3);
                    let argument = |stream: &mut Stream| match stream.next_below(6) {
                        0 => one(stream, names).to_string(),
                        1 => format!("{}={}", one(stream, names), one(stream, NUMBERS)),
                        _ => one(stream, NUMBERS).to_string(),
                    };
                    let arguments: Vec<String> = (0..count).map(|_| argument(stream)).collect();
                    text += &format!("({})", arguments.join(","));
                }
                text += " ";
            }
        }
    }
    text.into_bytes()
}

/// A reader of text: bytes that are no text do not reach it.
fn text<'a>(read: impl Fn(&str) -> bool + 'a) -> impl Fn(&[u8]) -> bool + 'a {
    move |bytes| read(&String::from_utf8_lossy(bytes))
}

const LAYERS: &[&str] = &[
    "linear",
    "conv",
    "conv_transpose",
    "upsample",
    "maxpool",
    "avgpool",
    "globalpool",
    "globalmaxpool",
    "adaptive_avgpool",
    "flatten",
    "relu",
    "leaky_relu",
    "prelu",
    "maxout",
    "softmax",
    "dropout",
    "batchnorm",
    "layernorm",
    "groupnorm",
    "rmsnorm",
    "embedding",
    "positions",
    "attention",
    "rnn",
    "lstm",
    "gru",
    "last",
    "res(linear(2))",
    "res(linear(2) | linear(2))",
    "checkpoint(relu)",
    "reshape",
    "2x(relu)",
    "identity",
    "mlp",
    "lenet",
    "vgg-small",
    "char-lstm",
    "char-gpt",
    "autoencoder",
];

#[test]
fn any_text_is_a_network_or_an_error() {
    let names = ["nobias", "stride", "padding", "causal", "layers", "both", "dropout", "kink", "shared"];
    const SHAPES: [&[usize]; 6] = [&[4], &[1, 8, 8], &[3, 6], &[5], &[], &[2, 0, 3]];
    // lenet(8) has 60,000 parameters, vgg-small more, whatever its input.
    let expected = Expected { name: "networks", usual: 6_000, memory: [1_000, 4 << 20], one_of: 100 };
    feed(
        &expected,
        |stream| words(stream, LAYERS, &names),
        |bytes| {
            let text = String::from_utf8_lossy(bytes);
            let shape = SHAPES[bytes.len() % SHAPES.len()];
            let Ok(network) = Network::new(&text, shape, &NetworkOptions::default()) else { return false };
            let again = Network::new(network.notation(), shape, &NetworkOptions::default()).unwrap();
            assert_eq!(again.notation(), network.notation());
            let _ = (network.summary().to_string(), network.output_shape());
            true
        },
    );
}

#[test]
fn any_text_is_an_optimizer_or_an_error() {
    const WORDS: &[&str] = &[
        "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adadelta", "adam", "adamw", "amsgrad", "adamax", "nadam", "radam",
        "lion", "muon", "lbfgs",
    ];
    let expected = Expected { name: "optimizers", usual: 20_000, memory: [1_000, 1 << 14], one_of: 50 };
    feed(&expected, |stream| words(stream, WORDS, &["beta", "weight_decay"]), text(|text| optimizers::parse(text, 0.1).is_ok()));
}

#[test]
fn any_text_is_a_schedule_or_an_error() {
    const WORDS: &[&str] =
        &["constant", "warmup", "step", "exponential", "cosine", "restarts", "onecycle", "polynomial", "plateau"];
    let expected = Expected { name: "schedules", usual: 20_000, memory: [1_000, 1 << 14], one_of: 50 };
    feed(
        &expected,
        |stream| words(stream, WORDS, &["end"]),
        text(|text| {
            let Ok(schedule) = Schedule::parse(text) else { return false };
            assert_eq!(Schedule::parse(&schedule.to_string()).unwrap(), schedule);
            let _ = schedule.validate(100).map(|()| [0, 1, 50, 99].map(|update| schedule.factor(update, 100)));
            true
        }),
    );
}

#[test]
fn any_text_is_a_loss_or_an_error() {
    const WORDS: &[&str] = &[
        "softmax_cross_entropy",
        "cross_entropy",
        "sigmoid_cross_entropy",
        "focal",
        "hinge",
        "mean_squared_error",
        "huber",
        "smooth_l1",
        "softmax_cross_entropy(weights=1:2:0.5)",
        "softmax_cross_entropy(weights=balanced,smoothing=0.1)",
    ];
    // Losses with numbers are kept for as long as the program runs, each once.
    let expected = Expected { name: "losses", usual: 20_000, memory: [1_000, 1 << 14], one_of: 50 };
    feed(
        &expected,
        |stream| words(stream, WORDS, &["weights", "ignore", "smoothing", "1:2"]),
        text(|text| Loss::named(text).is_ok()),
    );
}

#[test]
fn any_text_is_an_augmentation_or_an_error() {
    let expected = Expected { name: "augmentations", usual: 20_000, memory: [1_000, 1 << 14], one_of: 30 };
    feed(
        &expected,
        |stream| words(stream, &["flip", "crop", "rotate", "noise"], &["pixels"]),
        text(|text| {
            let Ok(augmentation) = Augmentation::parse(text) else { return false };
            assert_eq!(Augmentation::parse(&augmentation.to_string()).unwrap(), augmentation);
            let _ = augmentation.validate("fuzz", &[1, 8, 8]);
            true
        }),
    );
}

#[test]
fn any_text_is_an_initialiser_or_an_error() {
    const WORDS: &[&str] =
        &["lecun", "glorot", "he", "orthogonal", "normal", "truncated_normal", "uniform", "constant", "zeros", "unset"];
    let expected = Expected { name: "initialisers", usual: 20_000, memory: [1_000, 1 << 14], one_of: 50 };
    feed(&expected, |stream| words(stream, WORDS, &["σ"]), text(|text| Initializer::parse(text).is_ok()));
}

#[test]
fn any_text_is_a_formula_or_an_error() {
    const PIECES: &[&[u8]] = &[
        b"x",
        b"y",
        b"x1",
        b"sin",
        b"cos(",
        b"exp(",
        b"ln(",
        b"max(",
        b"(",
        b")",
        b"(((",
        b")))",
        b"+",
        b"-",
        b"*",
        b"/",
        b"^",
        b"**",
        b"2",
        b"0.5",
        b"1e999",
        b"1e",
        b".",
        b"|",
        b",",
        b" ",
        "²".as_bytes(),
        "√".as_bytes(),
        "π".as_bytes(),
        "·".as_bytes(),
        b"e",
        b"if",
        b"<",
        b"=",
        b"\xff",
        b"if x > 0: x else: y",
        b"----------------",
    ];
    const GOOD: &[&[u8]] = &[b"x^2 + 4^2", b"sin(x*y)/(1 + exp(-x))", b"max(x, 0) + |y - 1|", "x² + √(y) − 3·π".as_bytes()];
    let expected = Expected { name: "formulas", usual: 20_000, memory: [1_000, 1 << 16], one_of: 50 };
    let make = |stream: &mut Stream| match stream.next_below(200) {
        0 => one(stream, PIECES).repeat(1 + stream.next_below(5_000)),
        _ => mixture(stream, GOOD, PIECES),
    };
    feed(
        &expected,
        make,
        text(|text| {
            let Ok(formula) = Formula::parse(text) else { return false };
            let at = vec![0.5; formula.variables().len()];
            let _ = (formula.value(&at), formula.checked_value(&at).is_ok());
            true
        }),
    );
}

#[test]
fn any_text_is_a_worksheet_or_an_error() {
    const GOOD: &[&[u8]] = &[
        include_bytes!("../../../../examples/worksheets/by-hand-1.toml"),
        include_bytes!("../../../../examples/worksheets/softmax.toml"),
        include_bytes!("../../../../examples/worksheets/xor.toml"),
    ];
    const PIECES: &[&[u8]] = &[
        b"net = \"linear(2)\"\n",
        b"loss = \"sum_squared_error\"\n",
        b"input = [1, 2]\n",
        b"input = [[1, 2], [3]]\n",
        b"target = [0, 1]\n",
        b"target = 99999999999999999999\n",
        b"target = -1\n",
        b"optimizer = \"adam(2)\"\n",
        b"learning_rate = inf\n",
        b"learning_rate = 1e999\n",
        b"[weights]\n",
        b"\"0.weight\" = [[1, 2], [3, 4]]\n",
        b"\"0.bias\" = []\n",
        b"seed = -5\n",
        b"initializer = \"he\"\n",
        b"title = ",
        b"\"\"\"",
        b"'",
        b"[",
        b"]",
        b"[[[[[[[[[[[[[[[[",
        b"{",
        b"}",
        b"=",
        b",",
        b"\n",
        b"#",
        b"nan",
        b"1979-05-27",
        b"\\u0000",
        b"\xff",
        b"a.b.c.d.e.f = 1\n",
        b"3",
        b"linear(3)",
        b"conv(2,3)",
        b"softmax_cross_entropy",
    ];
    let expected = Expected { name: "worksheets", usual: 6_000, memory: [400, 1 << 20], one_of: 100 };
    let make = |stream: &mut Stream| match stream.next_below(200) {
        0 => [&b"input = "[..], &one(stream, PIECES).repeat(1 + stream.next_below(3_000))].concat(),
        _ => mixture(stream, GOOD, PIECES),
    };
    feed(&expected, make, text(|text| Problem::from_worksheet(text, "fuzz").is_ok()));
}
