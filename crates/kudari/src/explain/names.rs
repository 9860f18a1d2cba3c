//! What the numbers of a derivation are called.

use super::derivation::{Block, Derivation, Id, Origin};
use super::symbol::Symbol;
use crate::array::index_of;
use crate::autograd::Character;
use crate::functions::registry;
use crate::layers::ACTIVATIONS;

impl Derivation {
    /// The name of a number.
    pub fn symbol(&self, id: Id) -> Symbol {
        let (number, at) = self.locate(id);
        let block = &self.blocks[number];
        // What has no letter of its own is named after what it belongs to.
        match block.origin {
            Origin::Slope(step) => {
                let argument = &self.steps[step].inputs[0];
                let argument = self.symbol(self.blocks[argument.block].first + argument.place(at));
                Symbol::Slope(self.function_letter(step), Box::new(argument))
            }
            Origin::Updated(of) => Symbol::Updated(Box::new(self.symbol(self.blocks[of].first + at))),
            Origin::State(of, _) => Symbol::State(block.letter, Box::new(self.symbol(self.blocks[of].first + at))),
            Origin::Gradient(of) if block.letter.is_empty() => {
                Symbol::Derivative(Box::new(self.symbol(self.blocks[of].first + at)))
            }
            _ => self.letter_at(block, at),
        }
    }

    /// The name of a whole block, in capitals where it is a matrix.
    pub fn block_symbol(&self, number: usize) -> Symbol {
        let block = &self.blocks[number];
        match block.origin {
            Origin::Gradient(of) if block.letter.is_empty() => Symbol::Derivative(Box::new(self.block_symbol(of))),
            Origin::Updated(of) => Symbol::Updated(Box::new(self.block_symbol(of))),
            Origin::State(of, _) => Symbol::State(block.letter, Box::new(self.block_symbol(of))),
            Origin::Slope(step) => {
                let argument = self.block_symbol(self.steps[step].inputs[0].block);
                Symbol::Slope(self.function_letter(step), Box::new(argument))
            }
            _ => {
                let is_matrix = block.letter == "w" || (self.samples() > 1 && block.by_sample);
                let is_matrix = is_matrix && !self.is_example();
                let letter = if is_matrix { capital(block.letter) } else { block.letter };
                Symbol::Letter { letter, layer: block.layer, index: block.place.into_iter().collect(), sample: None }
            }
        }
    }

    fn letter_at(&self, block: &Block, at: usize) -> Symbol {
        let mut index = index_of(at, &block.shape);
        let sample = if block.by_sample && !index.is_empty() { Some(index.remove(0)) } else { None };
        let sample = sample.filter(|_| self.samples() > 1).map(|n| n + 1);
        if self.is_example() {
            index = index.into_iter().zip(&block.shape).filter(|(_, size)| **size > 1).map(|(i, _)| i).collect();
        }
        // A loss, a learning rate: one number needs no index.
        if matches!(block.letter, "E" | "η") {
            index.clear();
        }
        let index = block.place.into_iter().chain(index.into_iter().map(|i| i + 1)).collect();
        Symbol::Letter { letter: block.letter, layer: block.layer, index, sample }
    }

    /// Whether a step is an activation function, and not the root in a normalisation.
    pub(super) fn is_activation(&self, step: usize) -> bool {
        ACTIVATIONS.iter().any(|activation| activation.name == self.steps[step].function)
    }

    /// Whether a line begins with an elementwise function by its name, h(a₁), and not by its formula: an activation function, but
    /// not one that is explained by itself.
    pub(super) fn is_called(&self, step: usize) -> bool {
        self.is_activation(step) && !(self.is_example() && self.steps.len() == 1)
    }

    /// What an elementwise function is called: h if it is the only activation function of a network, else its name.
    pub fn function_letter(&self, step: usize) -> &'static str {
        let is_elementwise =
            |&s: &usize| matches!(self.steps[s].character, Character::Elementwise { .. }) && self.is_activation(s);
        let mut names = (0..self.steps.len()).filter(is_elementwise).map(|s| self.steps[s].function.as_str());
        let first = names.next();
        match names.all(|name| Some(name) == first) && !self.is_example() && self.is_activation(step) {
            true => "h",
            false => registry().find(|e| e.name == self.steps[step].function).map_or("h", |e| e.name),
        }
    }
}

/// The capital letter that stands for all samples, or for a matrix.
fn capital(letter: &'static str) -> &'static str {
    const PAIRS: [(&str, &str); 13] = [
        ("x", "X"),
        ("w", "W"),
        ("a", "A"),
        ("z", "Z"),
        ("y", "Y"),
        ("t", "T"),
        ("p", "P"),
        ("δ", "Δ"),
        ("u", "U"),
        ("v", "V"),
        ("s", "S"),
        ("r", "R"),
        ("q", "Q"),
    ];
    PAIRS.iter().find(|p| p.0 == letter).map_or(letter, |p| p.1)
}
