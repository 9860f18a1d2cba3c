//! The notation's words for sequences.

use super::notation::{Site, no_arguments, whole_number};
use super::words::Word;
use crate::error::{Error, ErrorKind, Result};
use crate::layers::{Embedding, Module, MultiHeadAttention, Positions};

pub(super) const ATTENTION: &str = "attention(HEADS) with causal, nobias";

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
    fn what_does_not_fit_is_told() {
        for (text, shape, what) in [
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
