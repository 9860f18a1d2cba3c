//! Tiny examples of every function and of every word of the network notation, worked out by name.

mod document;
mod functions;
mod layers;
mod own;

use super::derivation::Derivation;
use super::digits::Digits;
use super::document::Document;
use super::explanation::Options;
use super::line::Lines;
use super::words::Phrase;
use crate::autograd::Variable;
use crate::error::{Error, ErrorKind, Result};
use crate::functions::{Entry, registry};

/// A function or a layer on inputs of a few short numbers: its result number by number, and the derivatives of a loss behind it
/// by every input.
///
/// ```
/// # use kudari::explain::{Example, Language, Options, TextFormat};
/// let example = Example::named("softmax")?;
/// let lines = example.lines(&Options::default());
/// let text = example.document(&lines, false).text(&TextFormat { columns: 100, ..TextFormat::default() });
/// assert!(text.contains("y₁ = e^x₁/(e^x₁ + e^x₂ + e^x₃) = e^1/(e^1 + e^2 + e^3) = 2.718/30.19 ≈ 0.09003"));
/// # Ok::<(), kudari::Error>(())
/// ```
pub struct Example {
    /// The name by which it was asked for.
    pub name: &'static str,
    /// How the layer is written; the name again for a function.
    pub notation: String,
    /// What the registry says of the function.
    pub entry: Option<&'static Entry>,
    /// Its numbers.
    pub derivation: Derivation,
    /// What the call is given besides the inputs.
    given: &'static str,
    /// What it does, for a layer that is no single function.
    about: Phrase,
    /// How many inputs there are; their blocks come first.
    inputs: usize,
}

/// An example before it is run.
struct Plan {
    name: &'static str,
    notation: String,
    entry: Option<&'static Entry>,
    given: &'static str,
    about: Phrase,
    inputs: Vec<(&'static str, Variable)>,
    #[allow(clippy::type_complexity)]
    run: Box<dyn FnOnce(&[Variable]) -> Result<Variable>>,
}

impl Example {
    /// The example of a function of the registry, or of a word of the network notation. A word that is also the name of a
    /// function (`lstm`, `relu`) gives the function.
    ///
    /// # Errors
    ///
    /// A name that is neither; the error names what was probably meant.
    pub fn named(name: &str) -> Result<Example> {
        match (registry().find(|entry| entry.name == name), layers::plan(name)) {
            (Some(entry), _) => Example::new(functions::plan(entry)?),
            (None, Some(plan)) => Example::new(plan?),
            (None, None) => {
                let nearest = Example::names().map(|known| (strsim::damerau_levenshtein(name, known), known)).min();
                let guess = nearest.filter(|n| n.0 <= 2.max(name.len() / 3));
                let guess = guess.map_or(String::new(), |n| format!("did you mean `{}`? ", n.1));
                Err(Error::new(ErrorKind::Value, format!("there is no function or layer `{name}`"))
                    .help(format!("{guess}`kudari explain --list` lists all")))
            }
        }
    }

    /// All names: the functions of the registry, then the words of the notation that are no functions.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let is_function = |name: &&'static str| registry().any(|entry| entry.name == *name);
        registry().map(|entry| entry.name).chain(layers::names().filter(move |name| !is_function(name)))
    }

    fn new(plan: Plan) -> Result<Example> {
        let Plan { name, notation, entry, given, about, inputs, run } = plan;
        let variables: Vec<Variable> = inputs.iter().map(|(_, variable)| variable.clone()).collect();
        // The result's letter is another than those of the inputs.
        let taken = |letter: &str| inputs.iter().any(|(taken, _)| *taken == letter);
        let result = ["y", "z", "r"].into_iter().find(|letter| !taken(letter)).unwrap_or("y");
        let is_loss = entry.is_some_and(|entry| entry.family() == "losses");
        let count = inputs.len();
        let derivation = Derivation::alone(&inputs, || run(&variables), result, is_loss)?;
        Ok(Example { name, notation, entry, derivation, given, about, inputs: count })
    }

    /// What writes the lines, with the digits, the carrying and the terms of the options.
    pub fn lines(&self, options: &Options) -> Lines<'_> {
        Lines::new(&self.derivation, Digits { count: options.digits.clamp(1, 15) }, options.carry, options.terms)
    }

    /// The document, to be written in any format. Of a block of many numbers the first few lines are written unless `all` are
    /// wanted.
    pub fn document<'a>(&'a self, lines: &'a Lines<'a>, all: bool) -> Document<'a> {
        Document { title: &self.notation, derivation: &self.derivation, lines, sections: self.sections(lines, all) }
    }
}
