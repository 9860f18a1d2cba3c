//! The examples of the words of the network notation.

use super::Plan;
use crate::array::Array;
use crate::autograd::Variable;
use crate::error::Result;
use crate::explain::trace::parameter_letter;
use crate::explain::words::Phrase;
use crate::functions::function_named;
use crate::layers::{Layer, Path};
use crate::model::{Network, NetworkOptions, layer_words};

/// A word, a network of it, the shape of a sample, and the numbers of all samples.
struct Word {
    name: &'static str,
    network: &'static str,
    shape: &'static [usize],
    input: &'static [f64],
    /// The function that it applies to its parameters; a word of several functions has none.
    function: &'static str,
    /// What it does in words.
    about: (&'static str, &'static str),
}

/// Numbers for weights and for biases, as many as are needed.
const WEIGHTS: [f64; 7] = [1.0, -1.0, 2.0, 0.5, -0.5, 3.0, 0.2];
const BIASES: [f64; 3] = [0.5, -1.0, 0.2];

const NOTHING: (&str, &str) = ("", "");

/// The words that are no functions of the same name.
const WORDS: &[Word] = &[
    Word {
        name: "conv",
        network: "conv(1,2)",
        shape: &[1, 3, 3],
        input: &[1.0, 2.0, 0.0, 0.0, 1.0, 3.0, 2.0, 1.0, 1.0],
        function: "conv2d",
        about: NOTHING,
    },
    Word {
        name: "convtranspose",
        network: "convtranspose(1,2)",
        shape: &[1, 2, 2],
        input: &[1.0, 2.0, -1.0, 3.0],
        function: "conv_transpose2d",
        about: NOTHING,
    },
    Word {
        name: "upsample",
        network: "upsample(2)",
        shape: &[1, 2, 2],
        input: &[1.0, 2.0, -1.0, 3.0],
        function: "",
        about: ("every number several times, next to and below each other", "各数を縦横に繰り返す"),
    },
    Word {
        name: "maxpool",
        network: "maxpool(2)",
        shape: &[1, 2, 4],
        input: &[1.0, 3.0, -2.0, 0.0, 2.0, -1.0, 4.0, 1.0],
        function: "max_pool2d",
        about: NOTHING,
    },
    Word {
        name: "avgpool",
        network: "avgpool(2)",
        shape: &[1, 2, 4],
        input: &[1.0, 3.0, -2.0, 0.0, 2.0, -1.0, 4.0, 1.0],
        function: "average_pool2d",
        about: NOTHING,
    },
    Word {
        name: "globalpool",
        network: "globalpool",
        shape: &[2, 2, 2],
        input: &[1.0, 3.0, 2.0, -2.0, 4.0, 0.0, 1.0, -1.0],
        function: "average_pool2d",
        about: ("the mean of every channel", "各チャネルの平均"),
    },
    Word {
        name: "globalmaxpool",
        network: "globalmaxpool",
        shape: &[2, 2, 2],
        input: &[1.0, 3.0, 2.0, -2.0, 4.0, 0.0, 1.0, -1.0],
        function: "adaptive_max_pool2d",
        about: ("the largest number of every channel", "各チャネルの最大値"),
    },
    Word {
        name: "adaptiveavgpool",
        network: "adaptiveavgpool(1x2)",
        shape: &[1, 1, 5],
        input: &[1.0, 3.0, -2.0, 0.0, 2.0],
        function: "adaptive_average_pool2d",
        about: NOTHING,
    },
    Word {
        name: "adaptivemaxpool",
        network: "adaptivemaxpool(1x2)",
        shape: &[1, 1, 5],
        input: &[1.0, 3.0, -2.0, 0.0, 2.0],
        function: "adaptive_max_pool2d",
        about: NOTHING,
    },
    Word {
        name: "flatten",
        network: "flatten",
        shape: &[2, 2],
        input: &[1.0, 2.0, 3.0, 4.0],
        function: "reshape",
        about: ("all numbers of a sample in one row", "1 件のデータの数をすべて一列に並べる"),
    },
    Word {
        name: "batchnorm",
        network: "batchnorm",
        shape: &[1],
        input: &[1.0, 2.0, 4.0, 5.0],
        function: "batch_norm",
        about: NOTHING,
    },
    Word {
        name: "layernorm",
        network: "layernorm",
        shape: &[4],
        input: &[1.0, 3.0, 5.0, 7.0],
        function: "layer_norm",
        about: NOTHING,
    },
    Word { name: "rmsnorm", network: "rmsnorm", shape: &[2], input: &[3.0, 4.0], function: "rms_norm", about: NOTHING },
    Word {
        name: "groupnorm",
        network: "groupnorm(2)",
        shape: &[4],
        input: &[1.0, 3.0, 2.0, 6.0],
        function: "layer_norm",
        about: ("layer_norm of every group of channels by itself", "チャネルのグループごとに layer_norm を行う"),
    },
    Word {
        name: "dropout",
        network: "dropout(0.5)",
        shape: &[6],
        input: &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        function: "",
        about: (
            "each number is made 0 with probability p, the others are divided by 1 − p; c is what was drawn",
            "各数を確率 p で 0 にし、残りを 1 − p で割る。c は引いた結果",
        ),
    },
    Word {
        name: "embedding",
        network: "embedding(3,2)",
        shape: &[2],
        input: &[2.0, 0.0],
        function: "embedding",
        about: ("x are numbers of rows, from 0", "x は行の番号(0 から)"),
    },
    Word {
        name: "positions",
        network: "positions",
        shape: &[2, 2],
        input: &[1.0, 2.0, 3.0, 4.0],
        function: "",
        about: ("adds a vector that is learnt for every place", "位置ごとに学習したベクトルを足す"),
    },
    Word {
        name: "last",
        network: "last",
        shape: &[3, 2],
        input: &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        function: "slice",
        about: ("the last place of a sequence", "系列の最後の位置"),
    },
    Word {
        name: "res",
        network: "res(linear(2))",
        shape: &[2],
        input: &[1.0, 2.0],
        function: "",
        about: ("x + what the layers inside make of it", "x に、中の層の結果を足す"),
    },
    Word {
        name: "checkpoint",
        network: "checkpoint(linear(2) tanh)",
        shape: &[2],
        input: &[0.5, -1.0],
        function: "",
        about: (
            "the layers inside; their numbers are forgotten and computed again on the way back",
            "中の層をそのまま行う。途中の数は忘れ、逆伝播で計算し直す",
        ),
    },
];

/// The names of all words of the notation.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    layer_words()
}

/// The example of a word before it is run; `None` for other names.
pub(super) fn plan(name: &str) -> Option<Result<Plan>> {
    WORDS.iter().find(|word| word.name == name).map(of_word)
}

fn of_word(word: &'static Word) -> Result<Plan> {
    let options = NetworkOptions { seed: 1, initializer: None, double: true };
    let mut network = Network::new(word.network, word.shape, &options)?;
    let mut arrays = network.arrays();
    let parameters = network.parameter_names();
    for (name, array) in arrays.iter_mut().filter(|(name, _)| parameters.contains(name)) {
        let numbers: &[f64] = if parameter_letter(name) == "b" { &BIASES } else { &WEIGHTS };
        let numbers = numbers.iter().copied().cycle().take(array.len()).collect();
        *array = Array::from_vec(numbers, array.shape())?;
    }
    network.set_arrays(&arrays)?;
    let samples = word.input.len() / word.shape.iter().product::<usize>().max(1);
    let x = Variable::parameter(Array::from_slice(word.input, &[&[samples], word.shape].concat())?);
    let mut inputs = vec![("x", x)];
    network.visit(&Path::ROOT, &mut |path, parameter| {
        inputs.push((parameter_letter(&path.to_string()), parameter.variable().clone()));
    });
    let entry = if word.function.is_empty() { None } else { Some(function_named(word.function)?) };
    let (english, japanese) = word.about;
    Ok(Plan {
        name: word.name,
        notation: network.notation().to_string(),
        entry,
        given: "",
        about: Phrase::new(english, japanese),
        inputs,
        run: Box::new(move |inputs| network.forward(&inputs[0])),
    })
}
