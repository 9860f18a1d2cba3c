//! What the words of the network notation mean: [`LAYERS`] has one line a word.

use super::picture_words as pictures;
use super::ready::READY_NETWORKS;
use super::sequence_words as sequences;
use super::words::{CHECKPOINT, RESIDUAL, Word};
use crate::error::{Error, ErrorKind, Result};
use crate::layers::{
    ACTIVATIONS, Activation, BatchNorm, Checkpoint, Dropout, GroupNorm, Initializer, LayerNorm, Linear, Maxout, Module, PRelu,
    Residual, RmsNorm, Sequential,
};

/// What a word needs to know to make its layer.
pub(super) struct Site<'a> {
    /// The whole notation, for errors.
    pub text: &'a str,
    /// The shape of one sample that arrives.
    pub input: &'a [usize],
    /// The initialiser for weights.
    pub initializer: Initializer,
    /// The same for layers inside this one: the one for all weights if the user chose it, and the activation behind.
    pub inner: Suiting<'a>,
}

/// How weights are initialised: as the user says, or as it suits the activation that comes next.
#[derive(Clone, Copy)]
pub(super) struct Suiting<'a> {
    pub chosen: Option<Initializer>,
    pub behind: Option<&'a Word>,
}

impl<'a> Suiting<'a> {
    /// The initialiser for a layer before `words`, and what its own layers need to know.
    fn at(self, words: &'a [Word]) -> (Initializer, Suiting<'a>) {
        // Poolings and the like leave it to the activation behind them.
        let next =
            words.iter().chain(self.behind).find(|word| !LAYERS.iter().any(|layer| layer.name == word.name && layer.passing));
        let suited = next.map_or(Initializer::LeCun, |word| suited_before(&word.name));
        (self.chosen.unwrap_or(suited), Suiting { behind: next, ..self })
    }
}

/// The layers of `words` one after the other, for samples of shape `input`, and the shape that they make. Errors tell the place
/// in `text`.
pub(super) fn sequence(text: &str, words: &[Word], input: &[usize], suiting: Suiting<'_>) -> Result<(Sequential, Vec<usize>)> {
    let mut shape = input.to_vec();
    let mut layers = Sequential::new();
    for (i, word) in words.iter().enumerate() {
        let (initializer, inner) = suiting.at(&words[i + 1..]);
        let site = Site { text, input: &shape, initializer, inner };
        let mark = |e: Error| {
            if e.marked_excerpt().is_empty() {
                e.context(format_args!("network, column {}, layer {i}", word.column + 1)).excerpt(text, word.column, word.length)
            } else {
                e // a layer inside this one
            }
        };
        let layer = build(word, &site).map_err(mark)?;
        shape = layer.output_shape(&shape).map_err(mark)?;
        layers.push(layer);
    }
    Ok((layers, shape))
}

/// A word that is not an activation function.
pub(super) struct LayerWord {
    pub name: &'static str,
    /// How it is written, for help texts.
    pub usage: &'static str,
    /// Whether it leaves the spread of its numbers as it is, so that weights before it suit the activation behind it.
    pub passing: bool,
    pub build: fn(&Word, &Site<'_>) -> Result<Box<dyn Module>>,
}

/// The layers of the notation besides the activation functions.
pub(super) const LAYERS: &[LayerWord] = &[
    LayerWord { name: "linear", usage: "linear(OUTPUTS) or linear(OUTPUTS,nobias)", passing: false, build: linear },
    LayerWord { name: "conv", usage: pictures::CONV, passing: false, build: pictures::conv },
    LayerWord { name: "convtranspose", usage: pictures::CONV_TRANSPOSE, passing: false, build: pictures::conv_transpose },
    LayerWord { name: "upsample", usage: "upsample(FACTOR)", passing: true, build: pictures::upsample },
    LayerWord { name: "maxpool", usage: pictures::MAXPOOL, passing: true, build: pictures::maxpool },
    LayerWord { name: "avgpool", usage: pictures::AVGPOOL, passing: true, build: pictures::avgpool },
    LayerWord { name: "adaptiveavgpool", usage: "adaptiveavgpool(PARTS)", passing: true, build: pictures::adaptiveavgpool },
    LayerWord { name: "adaptivemaxpool", usage: "adaptivemaxpool(PARTS)", passing: true, build: pictures::adaptivemaxpool },
    LayerWord { name: "globalpool", usage: "globalpool", passing: false, build: pictures::globalpool },
    LayerWord { name: "globalmaxpool", usage: "globalmaxpool", passing: false, build: pictures::globalmaxpool },
    LayerWord { name: "flatten", usage: "flatten", passing: false, build: pictures::flatten },
    LayerWord { name: "batchnorm", usage: "batchnorm", passing: true, build: batch_norm },
    LayerWord { name: "layernorm", usage: "layernorm", passing: true, build: layer_norm },
    LayerWord { name: "rmsnorm", usage: "rmsnorm", passing: true, build: rms_norm },
    LayerWord { name: "groupnorm", usage: "groupnorm(GROUPS)", passing: true, build: group_norm },
    LayerWord { name: "dropout", usage: "dropout(SHARE)", passing: true, build: dropout },
    LayerWord { name: "embedding", usage: "embedding(ROWS,SIZE)", passing: false, build: sequences::embedding },
    LayerWord { name: "positions", usage: "positions", passing: false, build: sequences::positions },
    LayerWord { name: "attention", usage: sequences::ATTENTION, passing: false, build: sequences::attention },
    LayerWord { name: "rnn", usage: sequences::RNN, passing: false, build: sequences::recurrent },
    LayerWord { name: "lstm", usage: sequences::LSTM, passing: false, build: sequences::recurrent },
    LayerWord { name: "gru", usage: sequences::GRU, passing: false, build: sequences::recurrent },
    LayerWord { name: "last", usage: "last", passing: true, build: sequences::last },
    LayerWord { name: RESIDUAL, usage: "res(LAYERS) or res(LAYERS | LAYERS)", passing: false, build: residual },
    LayerWord { name: CHECKPOINT, usage: "checkpoint(LAYERS)", passing: false, build: checkpoint },
    LayerWord { name: "reshape", usage: "reshape(SIZES)", passing: false, build: pictures::reshape },
    LayerWord { name: "prelu", usage: "prelu or prelu(shared)", passing: false, build: prelu },
    LayerWord { name: "maxout", usage: "maxout(POOL)", passing: false, build: maxout },
];

fn linear(word: &Word, site: &Site<'_>) -> Result<Box<dyn Module>> {
    let usage = || Error::new(ErrorKind::Notation, "linear needs its number of outputs").help("write e.g. linear(50)");
    let (outputs, rest) = word.arguments.split_first().ok_or_else(usage)?;
    let outputs = whole_number(outputs)?;
    let bias = match rest {
        [] => true,
        [flag] if flag == "nobias" => false,
        _ => {
            return Err(Error::new(ErrorKind::Notation, "linear takes a number and perhaps `nobias`")
                .help("write e.g. linear(50,nobias)"));
        }
    };
    // Of a sequence every place by itself; a picture has to be flattened.
    let ([inputs] | [_, inputs]) = site.input else {
        return Err(Error::shape(format!("linear needs samples of one axis, here {:?} arrives", site.input))
            .help("put `flatten` before it"));
    };
    Ok(Box::new(Linear::try_new(*inputs, outputs, site.initializer, bias)?))
}

/// The channels of samples, their first axis.
fn channels(word: &Word, site: &Site<'_>) -> Result<usize> {
    site.input
        .first()
        .copied()
        .ok_or_else(|| Error::shape(format!("{} needs samples of shape [channels, …], here a single number arrives", word.name)))
}

fn batch_norm(word: &Word, site: &Site<'_>) -> Result<Box<dyn Module>> {
    no_arguments(word)?;
    Ok(Box::new(BatchNorm::new(channels(word, site)?)?))
}

/// Over the last axis of samples.
fn last_axis(word: &Word, site: &Site<'_>) -> Result<usize> {
    no_arguments(word)?;
    site.input
        .last()
        .copied()
        .ok_or_else(|| Error::shape(format!("{} needs samples of at least one axis, here a single number arrives", word.name)))
}

fn layer_norm(word: &Word, site: &Site<'_>) -> Result<Box<dyn Module>> {
    Ok(Box::new(LayerNorm::new(&[last_axis(word, site)?])?))
}

fn rms_norm(word: &Word, site: &Site<'_>) -> Result<Box<dyn Module>> {
    Ok(Box::new(RmsNorm::new(last_axis(word, site)?)?))
}

fn group_norm(word: &Word, site: &Site<'_>) -> Result<Box<dyn Module>> {
    let usage = || Error::new(ErrorKind::Notation, "groupnorm needs its number of groups").help("write e.g. groupnorm(8)");
    let [groups] = &word.arguments[..] else { return Err(usage()) };
    Ok(Box::new(GroupNorm::new(whole_number(groups)?, channels(word, site)?)?))
}

fn dropout(word: &Word, _: &Site<'_>) -> Result<Box<dyn Module>> {
    let usage = || Error::new(ErrorKind::Notation, "dropout needs the share that it drops").help("write e.g. dropout(0.5)");
    let [share] = &word.arguments[..] else { return Err(usage()) };
    Ok(Box::new(Dropout::new(share.parse().map_err(|_| usage())?)?))
}

fn residual(word: &Word, site: &Site<'_>) -> Result<Box<dyn Module>> {
    let part = |words: &[Word]| sequence(site.text, words, site.input, site.inner).map(|(layers, _)| layers);
    match &word.parts[..] {
        [body] => Ok(Box::new(Residual::new(part(body)?))),
        [body, shortcut] => Ok(Box::new(Residual::with_shortcut(part(body)?, part(shortcut)?))),
        _ => Err(Error::new(ErrorKind::Notation, "res needs layers in parentheses, and perhaps others after a `|`")
            .help("write e.g. res(conv(8,3,padding=same) relu)")),
    }
}

fn checkpoint(word: &Word, site: &Site<'_>) -> Result<Box<dyn Module>> {
    let [body] = &word.parts[..] else {
        return Err(Error::new(ErrorKind::Notation, "checkpoint needs layers in parentheses")
            .help("write e.g. checkpoint(linear(50) relu)"));
    };
    Ok(Box::new(Checkpoint::new(sequence(site.text, body, site.input, site.inner)?.0)))
}

fn prelu(word: &Word, site: &Site<'_>) -> Result<Box<dyn Module>> {
    let channels = match (&word.arguments[..], site.input) {
        ([], &[channels, ..]) => Some(channels),
        ([], []) => None,
        ([flag], _) if flag == "shared" => None,
        _ => {
            return Err(Error::new(ErrorKind::Notation, "prelu takes no number; perhaps `shared`")
                .help("write `prelu`, or prelu(shared) for one slope in all"));
        }
    };
    Ok(Box::new(PRelu::new(channels)?))
}

fn maxout(word: &Word, _: &Site<'_>) -> Result<Box<dyn Module>> {
    let [pool] = &word.arguments[..] else {
        return Err(
            Error::new(ErrorKind::Notation, "maxout needs the number of units that make one").help("write e.g. maxout(2)")
        );
    };
    Ok(Box::new(Maxout { pool: whole_number(pool)? }))
}

/// The initialiser that suits the weights before a word.
fn suited_before(name: &str) -> Initializer {
    match Activation::new(name) {
        Some(activation) => activation.kind().initializer,
        None if name == "prelu" => Initializer::He,
        // Maxout too: the larger of two standard normal numbers has a mean square of 1.
        None => Initializer::LeCun,
    }
}

/// The layer of a word.
pub(super) fn build(word: &Word, site: &Site<'_>) -> Result<Box<dyn Module>> {
    if let Some(layer) = LAYERS.iter().find(|l| l.name == word.name) {
        return (layer.build)(word, site);
    }
    let activation = Activation::new(&word.name).ok_or_else(|| unknown(&word.name))?;
    Ok(Box::new(with_argument(activation, word)?))
}

/// The activation function with the argument that the word gives it: `0.2` by its place or `slope=0.2` by name. What has
/// a choice of values is told by name alone.
fn with_argument(activation: Activation, word: &Word) -> Result<Activation> {
    let Some(parameter) = activation.kind().parameter else {
        return no_arguments(word).map(|()| activation);
    };
    let fail = |what: String| {
        Error::new(ErrorKind::Notation, what).help(format!("write e.g. {}", parameter.example(activation.kind().name)))
    };
    let argument = match &word.arguments[..] {
        [] => return Ok(activation),
        [argument] => argument,
        _ => return Err(fail(format!("{} takes one argument", word.name))),
    };
    let value = match argument.split_once('=') {
        Some((name, value)) if name.trim() == parameter.name => value.trim(),
        Some((name, _)) => return Err(fail(format!("{} has no argument `{}`", word.name, name.trim()))),
        None if parameter.choices.is_empty() => argument,
        None => return Err(fail(format!("{} takes its {} by name", word.name, parameter.name))),
    };
    let value = value.parse().map_err(|_| fail(format!("`{value}` is not a number")))?;
    activation.with(value)
}

pub(super) fn no_arguments(word: &Word) -> Result<()> {
    if word.arguments.is_empty() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Notation, format!("{} takes no arguments", word.name)).help(format!("write `{}`", word.name)))
}

pub(super) fn whole_number(text: &str) -> Result<usize> {
    text.parse().ok().filter(|&n| n > 0).ok_or_else(|| {
        Error::new(ErrorKind::Notation, format!("`{text}` is not a number of units")).help("use a whole number from 1")
    })
}

/// Every word of the notation.
pub(super) fn words() -> impl Iterator<Item = &'static str> {
    let ready = READY_NETWORKS.iter().map(|network| network.name);
    LAYERS.iter().map(|l| l.name).chain(ACTIVATIONS.iter().map(|a| a.name)).chain(ready)
}

/// The words that stand for one layer: those of layers, then those of activation functions.
pub fn layer_words() -> impl Iterator<Item = &'static str> {
    LAYERS.iter().map(|layer| layer.name).chain(ACTIVATIONS.iter().map(|activation| activation.name))
}

fn unknown(name: &str) -> Error {
    let nearest = words().map(|w| (strsim::damerau_levenshtein(name, w), w)).min();
    let help = match nearest {
        Some((distance, word)) if distance <= 2.max(name.chars().count() / 3) => format!("did you mean `{word}`?"),
        _ => {
            let ready = READY_NETWORKS.iter().map(|network| network.usage);
            let usages = LAYERS.iter().map(|l| l.usage).chain(ACTIVATIONS.iter().map(|a| a.name)).chain(ready);
            format!("the words are {}", usages.collect::<Vec<_>>().join(", "))
        }
    };
    Error::new(ErrorKind::Notation, format!("unknown layer `{name}`")).help(help)
}

#[cfg(test)]
mod tests {
    use super::super::words::read;
    use super::*;

    #[test]
    fn unknown_words_get_the_nearest_known_one() {
        assert_eq!(unknown("sigmoyd").what_to_do(), "did you mean `sigmoid`?");
        assert!(unknown("qqqqqqqqq").what_to_do().starts_with("the words are linear"));
    }

    #[test]
    fn arguments_by_place_and_by_name() {
        let build = |text: &str| {
            let inner = Suiting { chosen: None, behind: None };
            let site = Site { text, input: &[4], initializer: Initializer::LeCun, inner };
            super::build(&read(text).unwrap()[0], &site).map(|layer| layer.notation())
        };
        for (text, read_as) in [
            ("relu( kink = 0.50 )", "relu(kink=0.5)"),
            ("relu(kink=0)", "relu(kink=0)"),
            ("relu()", "relu"),
            ("leaky_relu(slope=0.2)", "leaky_relu(0.2)"),
            ("elu(1)", "elu(1)"),
            ("celu( alpha = 0.5 )", "celu(0.5)"),
            ("clipped_relu", "clipped_relu"),
            ("prelu", "prelu"),
            ("prelu( shared )", "prelu(shared)"),
            ("maxout( 2 )", "maxout(2)"),
        ] {
            assert_eq!(build(text).unwrap(), read_as);
        }
        for (text, what, help) in [
            ("relu(kink=0.3)", "relu: kink 0.3 is not one of 0, 0.5, 1", "write e.g. relu(kink=0.5)"),
            ("relu(kink=nan)", "relu: kink NaN is not a finite number", "write e.g. relu(kink=0.5)"),
            ("relu(knik=1)", "relu has no argument `knik`", "write e.g. relu(kink=0.5)"),
            ("relu(kink=half)", "`half` is not a number", "write e.g. relu(kink=0.5)"),
            ("relu(0.5)", "relu takes its kink by name", "write e.g. relu(kink=0.5)"),
            ("relu(kink=0, kink=1)", "relu takes one argument", "write e.g. relu(kink=0.5)"),
            ("leaky_relu(inf)", "leaky_relu: slope inf is not a finite number", "write e.g. leaky_relu(0.01)"),
            ("tanh(kink=1)", "tanh takes no arguments", "write `tanh`"),
            ("celu(0)", "celu: alpha 0 is not above 0", "write e.g. celu(1)"),
            ("clipped_relu(-1)", "clipped_relu: ceiling -1 is not above 0", "write e.g. clipped_relu(20)"),
            ("prelu(0.25)", "prelu takes no number; perhaps `shared`", "write `prelu`, or prelu(shared) for one slope in all"),
            ("maxout", "maxout needs the number of units that make one", "write e.g. maxout(2)"),
            ("maxout(0)", "`0` is not a number of units", "use a whole number from 1"),
        ] {
            let error = build(text).unwrap_err();
            assert_eq!((error.what(), error.what_to_do()), (what, help), "{text}");
        }
    }
}
