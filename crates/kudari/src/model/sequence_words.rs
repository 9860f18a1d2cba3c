//! The notation's words for sequences.

use super::notation::{Site, no_arguments, whole_number};
use super::words::Word;
use crate::error::{Error, ErrorKind, Result};
use crate::functions::RecurrentActivation;
use crate::layers::{Embedding, Gru, Last, Lstm, Module, MultiHeadAttention, Positions, RecurrentLayers, Rnn};

pub(super) const ATTENTION: &str = "attention(HEADS) with causal, nobias";
pub(super) const RNN: &str = "rnn(UNITS) with layers=, both, dropout=, relu";
pub(super) const LSTM: &str = "lstm(UNITS) with layers=, both, dropout=";
pub(super) const GRU: &str = "gru(UNITS) with layers=, both, dropout=";

/// Recurrent layers of one word at most: a short text may stand for very many.
const MOST_LAYERS: usize = 100;

/// The places of a sequence and the numbers of a place.
fn sequence(word: &Word, site: &Site<'_>) -> Result<[usize; 2]> {
    site.input.try_into().map_err(|_| {
        Error::shape(format!("{} needs samples of shape [places, numbers], here {:?} arrives", word.name, site.input))
            .help("put e.g. embedding(65,128) before it if the samples are whole numbers")
    })
}

pub(super) fn embedding(word: &Word, _: &Site<'_>) -> Result<Box<dyn Module>> {
    let usage = || {
        Error::new(ErrorKind::Notation, "embedding needs its numbers of rows and of numbers in a row")
            .help("write e.g. embedding(65,128)")
    };
    let [rows, size] = &word.arguments[..] else { return Err(usage()) };
    Ok(Box::new(Embedding::new(whole_number(rows)?, whole_number(size)?)?))
}

pub(super) fn positions(word: &Word, site: &Site<'_>) -> Result<Box<dyn Module>> {
    no_arguments(word)?;
    let [places, size] = sequence(word, site)?;
    Ok(Box::new(Positions::new(places, size)?))
}

pub(super) fn attention(word: &Word, site: &Site<'_>) -> Result<Box<dyn Module>> {
    let usage = |what: &str| {
        Error::new(ErrorKind::Notation, format!("attention: {what}")).help("write e.g. attention(4) or attention(4,causal)")
    };
    let (heads, flags) = word.arguments.split_first().ok_or_else(|| usage("the number of heads is needed"))?;
    let heads = heads.parse().map_err(|_| usage(&format!("`{heads}` is not a number of heads")))?;
    let (mut causal, mut bias) = (false, true);
    for flag in flags {
        match flag.as_str() {
            "causal" => causal = true,
            "nobias" => bias = false,
            other => return Err(usage(&format!("there is no argument `{other}`; there are causal and nobias"))),
        }
    }
    let [_, size] = sequence(word, site)?;
    Ok(Box::new(MultiHeadAttention::new(size, heads, causal, site.initializer, bias)?))
}

/// `rnn`, `lstm` and `gru`.
pub(super) fn recurrent(word: &Word, site: &Site<'_>) -> Result<Box<dyn Module>> {
    let name = word.name.as_str();
    let usage = |what: String| {
        Error::new(ErrorKind::Notation, format!("{name}: {what}"))
            .help(format!("write e.g. {name}(128) or {name}(128,layers=2,both,dropout=0.1)"))
    };
    let (units, rest) = word.arguments.split_first().ok_or_else(|| usage("the number of units is needed".into()))?;
    let units = whole_number(units)?;
    let mut layers = RecurrentLayers { initializer: site.inner.chosen, ..RecurrentLayers::default() };
    let mut activation = RecurrentActivation::Tanh;
    for argument in rest {
        match argument.split_once('=').map_or((argument.as_str(), ""), |(name, value)| (name.trim(), value.trim())) {
            ("both", "") => layers.both = true,
            ("relu", "") if name == "rnn" => activation = RecurrentActivation::Relu,
            ("layers", count) => {
                let fail = || usage(format!("layers `{count}` is not a whole number from 1 to {MOST_LAYERS}"));
                layers.layers = count.parse().ok().filter(|count| (1..=MOST_LAYERS).contains(count)).ok_or_else(fail)?;
            }
            ("dropout", share) => {
                layers.dropout = share.parse().map_err(|_| usage(format!("dropout `{share}` is not a number")))?;
            }
            _ => return Err(usage(format!("there is no argument `{argument}`"))),
        }
    }
    let [_, inputs] = site.input.try_into().map_err(|_| {
        Error::shape(format!("{name} needs samples of shape [places, numbers], here {:?} arrives", site.input))
            .help("put e.g. reshape(28,28) or embedding(65,128) before it")
    })?;
    Ok(match name {
        "rnn" => Box::new(Rnn::new(inputs, units, activation, &layers)?),
        "lstm" => Box::new(Lstm::new(inputs, units, &layers)?),
        _ => Box::new(Gru::new(inputs, units, &layers)?),
    })
}

pub(super) fn last(word: &Word, _: &Site<'_>) -> Result<Box<dyn Module>> {
    no_arguments(word)?;
    Ok(Box::new(Last))
}

#[cfg(test)]
mod tests {
    use crate::autograd::inference;
    use crate::model::{Network, NetworkOptions};
    use crate::{Array, DType, Variable};

    fn build(text: &str, shape: &[usize]) -> crate::Result<Network> {
        Network::new(text, shape, &NetworkOptions::default())
    }

    #[test]
    fn a_transformer_is_written_in_a_line() {
        let text = "embedding(11,8) positions 2x(res(layernorm attention(2,causal)) res(layernorm linear(32) gelu linear(8))) \
                    layernorm linear(11)";
        let net = build(text, &[5]).unwrap();
        assert_eq!(net.output_shape(), [5, 11]);
        assert_eq!(build(net.notation(), &[5]).unwrap().notation(), net.notation());
        // What comes later does not change what comes before: every place sees only those before it.
        let logits = |ids: [i64; 5]| {
            let ids = Array::from([ids]).to_dtype(DType::F32);
            inference(|| net.forward(&Variable::constant(ids))).unwrap().array().to_f64_vec()
        };
        let (one, other) = (logits([1, 2, 3, 4, 5]), logits([1, 2, 3, 9, 0]));
        assert!(one[..33] == other[..33] && one[33..] != other[33..]);
    }

    #[test]
    fn recurrent_networks_are_written_in_a_line() {
        for (text, output, parameters) in [
            ("lstm(5) last linear(2)", vec![2], 4 * 5 * (3 + 5 + 2) + 12),
            ("gru(4,layers=2,both)", vec![7, 8], 2 * (12 * (3 + 4 + 2) + 12 * (8 + 4 + 2))),
            ("rnn(6,relu,dropout=0.5) gru(1)", vec![7, 1], 6 * (3 + 6 + 2) + 3 * (6 + 1 + 2)),
        ] {
            let net = build(text, &[7, 3]).unwrap();
            assert_eq!((net.output_shape(), crate::layers::parameter_count(&net)), (output.clone(), parameters), "{text}");
            assert_eq!(net.notation(), text);
            let x = Variable::constant(Array::zeros(&[2, 7, 3], DType::F32).unwrap());
            assert_eq!(net.forward(&x).unwrap().shape()[1..], output);
        }
    }

    #[test]
    fn what_does_not_fit_is_told() {
        for (text, shape, what) in [
            ("lstm(4)", vec![8], "lstm needs samples of shape [places, numbers], here [8] arrives"),
            ("lstm", vec![4, 8], "lstm: the number of units is needed"),
            ("gru(0)", vec![4, 8], "`0` is not a number of units"),
            ("gru(4)", vec![0, 8], "gru for 8 inputs gets samples of shape [0, 8]"),
            ("gru(4,relu)", vec![4, 8], "gru: there is no argument `relu`"),
            ("rnn(4,layers=0)", vec![4, 8], "rnn: layers `0` is not a whole number from 1 to 100"),
            ("rnn(4,layers)", vec![4, 8], "rnn: layers `` is not a whole number from 1 to 100"),
            ("rnn(4,dropout=1)", vec![4, 8], "dropout: a probability of 1"),
            ("rnn(4,dropout=x)", vec![4, 8], "rnn: dropout `x` is not a number"),
            ("last(3)", vec![4, 8], "last takes no arguments"),
            ("last last last", vec![4, 8], "last gets samples of shape []"),
            ("attention(2)", vec![8], "attention needs samples of shape [places, numbers], here [8] arrives"),
            ("attention(3)", vec![4, 8], "attention: 3 heads for places of 8 numbers"),
            ("attention", vec![4, 8], "attention: the number of heads is needed"),
            ("attention(2,casual)", vec![4, 8], "attention: there is no argument `casual`; there are causal and nobias"),
            ("attention(x)", vec![4, 8], "attention: `x` is not a number of heads"),
            ("positions", vec![3, 4, 8], "positions needs samples of shape [places, numbers], here [3, 4, 8] arrives"),
            ("embedding(5)", vec![4], "embedding needs its numbers of rows and of numbers in a row"),
        ] {
            let error = build(text, &shape).err().unwrap();
            assert!(error.what().ends_with(what), "{text}: {error}");
        }
    }
}
