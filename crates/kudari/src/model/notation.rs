//! Reading the network notation: words separated by spaces, some with arguments in parentheses.
//!
//! `linear(50) sigmoid linear(10)`. What the words mean is in [`LAYERS`], one line a word; this file only knows how they
//! are written.

use super::picture_words as pictures;
use crate::error::{Error, ErrorKind, Result};
use crate::layers::{ACTIVATIONS, Activation, Initializer, Linear, Maxout, Module, PRelu};

/// A word of the notation with its arguments and its place in the text, in characters.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub name: String,
    pub arguments: Vec<String>,
    pub column: usize,
    pub length: usize,
}

/// What a word needs to know to make its layer.
pub(super) struct Site<'a> {
    /// The shape of one sample that arrives.
    pub input: &'a [usize],
    /// The initialiser for weights.
    pub initializer: Initializer,
}

/// A word that is not an activation function.
pub(super) struct LayerWord {
    pub name: &'static str,
    /// How it is written, for help texts.
    pub usage: &'static str,
    pub build: fn(&Word, &Site<'_>) -> Result<Box<dyn Module>>,
}

/// The layers of the notation besides the activation functions.
pub(super) const LAYERS: &[LayerWord] = &[
    LayerWord { name: "linear", usage: "linear(OUTPUTS) or linear(OUTPUTS,nobias)", build: linear },
    LayerWord { name: "conv", usage: pictures::CONV, build: pictures::conv },
    LayerWord { name: "maxpool", usage: pictures::MAXPOOL, build: pictures::maxpool },
    LayerWord { name: "avgpool", usage: pictures::AVGPOOL, build: pictures::avgpool },
    LayerWord { name: "globalpool", usage: "globalpool", build: pictures::globalpool },
    LayerWord { name: "prelu", usage: "prelu or prelu(shared)", build: prelu },
    LayerWord { name: "maxout", usage: "maxout(POOL)", build: maxout },
    LayerWord { name: "flatten", usage: "flatten", build: pictures::flatten },
    LayerWord { name: "reshape", usage: "reshape(SIZES)", build: pictures::reshape },
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
    let [inputs] = site.input else {
        return Err(Error::shape(format!("linear needs samples of one axis, here {:?} arrives", site.input))
            .help("put `flatten` before it"));
    };
    Ok(Box::new(Linear::try_new(*inputs, outputs, site.initializer, bias)?))
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
pub(super) fn suited_before(name: &str) -> Initializer {
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

fn whole_number(text: &str) -> Result<usize> {
    text.parse().ok().filter(|&n| n > 0).ok_or_else(|| {
        Error::new(ErrorKind::Notation, format!("`{text}` is not a number of units")).help("use a whole number from 1")
    })
}

/// Every word of the notation.
pub(super) fn words() -> impl Iterator<Item = &'static str> {
    LAYERS.iter().map(|l| l.name).chain(ACTIVATIONS.iter().map(|a| a.name))
}

fn unknown(name: &str) -> Error {
    let nearest = words().map(|w| (strsim::damerau_levenshtein(name, w), w)).min();
    let help = match nearest {
        Some((distance, word)) if distance <= 2.max(name.chars().count() / 3) => format!("did you mean `{word}`?"),
        _ => {
            let usages = LAYERS.iter().map(|l| l.usage).chain(ACTIVATIONS.iter().map(|a| a.name));
            format!("the words are {}", usages.collect::<Vec<_>>().join(", "))
        }
    };
    Error::new(ErrorKind::Notation, format!("unknown layer `{name}`")).help(help)
}

/// Splits the notation into words.
pub(super) fn read(text: &str) -> Result<Vec<Word>> {
    let characters: Vec<char> = text.chars().collect();
    let mut words = Vec::new();
    let mut at = 0;
    let fail = |what: &str, column: usize| {
        Error::new(ErrorKind::Notation, format!("network, column {}: {what}", column + 1))
            .excerpt(text, column, 1)
            .help("layers are words separated by spaces, e.g. linear(50) sigmoid linear(10)")
    };
    while at < characters.len() {
        if characters[at].is_whitespace() {
            at += 1;
            continue;
        }
        let start = at;
        while at < characters.len() && (characters[at].is_alphanumeric() || "_-".contains(characters[at])) {
            at += 1;
        }
        if at == start {
            return Err(fail(&format!("`{}` does not begin a layer", characters[at]), at));
        }
        let name: String = characters[start..at].iter().collect();
        let mut arguments = Vec::new();
        if characters.get(at) == Some(&'(') {
            let Some(length) = characters[at..].iter().position(|&c| c == ')') else {
                return Err(fail("`(` is never closed", at));
            };
            let inside: String = characters[at + 1..at + length].iter().collect();
            if let Some(place) = inside.find('(') {
                return Err(fail("`(` inside parentheses", at + 1 + inside[..place].chars().count()));
            }
            if !inside.trim().is_empty() {
                arguments = inside.split(',').map(|a| a.trim().to_string()).collect();
            }
            at += length + 1;
        }
        words.push(Word { name, arguments, column: start, length: at - start });
    }
    if words.is_empty() {
        return Err(
            Error::new(ErrorKind::Notation, "network: there is no layer").help("write e.g. linear(50) sigmoid linear(10)")
        );
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_arguments_and_columns() {
        let words = read("linear( 50 , nobias ) sigmoid").unwrap();
        assert_eq!(words[0].arguments, ["50", "nobias"]);
        assert_eq!((words[1].name.as_str(), words[1].column, words[1].length), ("sigmoid", 22, 7));
    }

    #[test]
    fn what_cannot_be_read_is_marked() {
        let error = read("linear(50) ;sigmoid").unwrap_err();
        assert_eq!(error.what(), "network, column 12: `;` does not begin a layer");
        assert_eq!(error.marked_excerpt(), "linear(50) ;sigmoid\n           ^");
        for bad in ["", "  ", "linear(50", "linear((5))", "()"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn unknown_words_get_the_nearest_known_one() {
        assert_eq!(unknown("sigmoyd").what_to_do(), "did you mean `sigmoid`?");
        assert!(unknown("qqqqqqqqq").what_to_do().starts_with("the words are linear"));
    }

    #[test]
    fn arguments_by_place_and_by_name() {
        let build = |text: &str| {
            let site = Site { input: &[4], initializer: Initializer::LeCun };
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
