//! A problem with everything that is known about one step of training on it.

use super::builder::Builder;
use super::derivation::Derivation;
use super::digits::Digits;
use super::document::Document;
use super::line::{Carry, Lines};
use super::measure::{self, Checked};
use super::problem::Problem;
use super::selection::{self, Unit};
use crate::error::{Error, ErrorKind, Result};

/// Index by index or with matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Notation {
    /// As the size of the network suggests.
    #[default]
    Automatic,
    /// One line for every number.
    Index,
    /// One line for every matrix.
    Matrix,
}

/// What to show, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// Significant digits, 1 to 15.
    pub digits: usize,
    /// Which numbers are carried.
    pub carry: Carry,
    /// How it is written.
    pub notation: Notation,
    /// Sums of more terms are shortened to the three largest and the rest.
    pub terms: usize,
    /// Only the gradient by this parameter, with all its ways: `0.weight[1,2]` or `w1_23`.
    pub only: Option<String>,
    /// Every number of this unit, by layer and number from 1: `2:5`.
    pub unit: Option<String>,
    /// The losses after so many updates are listed.
    pub steps: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options { digits: 4, carry: Carry::Exact, notation: Notation::Automatic, terms: 8, only: None, unit: None, steps: 1 }
    }
}

/// Networks up to this many weights are written out whole.
const EVERY_WEIGHT: usize = 60;
/// Networks up to this many weights are written with whole matrices.
const EVERY_MATRIX: usize = 2000;
/// How many parameters of a network are checked numerically if it has more than can be written.
const CHECKED: usize = 12;

/// How much of a network is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    Whole,
    Matrices,
    Statistics,
}

/// A problem with everything that is known about one step of training on it.
pub struct Explanation {
    /// The problem.
    pub problem: Problem,
    /// Its numbers.
    pub derivation: Derivation,
    /// The numbers of the next step, after the update.
    pub next: Derivation,
    /// The derivatives that were checked numerically.
    pub checked: Vec<Checked>,
    /// The losses after 0, 1, 2, … updates.
    pub losses: Vec<f64>,
    /// The loss after one update at half the learning rate.
    pub loss_at_half: f64,
    pub(super) options: Options,
    pub(super) size: Size,
    /// The block and the place of the parameter that alone is wanted.
    pub(super) only: Option<(usize, usize)>,
    pub(super) unit: Option<Unit>,
}

impl Explanation {
    /// Runs the step and measures what is shown of it.
    ///
    /// # Errors
    ///
    /// What the network and the loss return, a parameter or unit that does not exist, digits out of range, a function
    /// that does not tell how it is worked out.
    pub fn new(mut problem: Problem, options: Options) -> Result<Explanation> {
        if !(1..=15).contains(&options.digits) {
            return Err(Error::new(ErrorKind::Value, format!("{} significant digits", options.digits)).help("use 1 to 15"));
        }
        let derivation = Derivation::new(&problem)?;
        let only = options.only.as_deref().map(|text| selection::parameter(&derivation, text)).transpose()?;
        let unit = options.unit.as_deref().map(|text| selection::unit(&derivation, text)).transpose()?;
        let weights: usize = derivation.parameters.iter().map(|p| derivation.blocks[p.1].values.len()).sum();
        let size = match options.notation {
            _ if weights > EVERY_MATRIX => Size::Statistics,
            Notation::Index => Size::Whole,
            Notation::Matrix => Size::Matrices,
            Notation::Automatic if weights <= EVERY_WEIGHT && derivation.samples() == 1 => Size::Whole,
            Notation::Automatic => Size::Matrices,
        };
        let chosen = match only {
            Some(one) => vec![one],
            None => chosen_parameters(&derivation, weights),
        };
        let checked = measure::check(&mut problem, &derivation, &chosen)?;
        let next = measure::next_step(&mut problem)?;
        let rate = problem.learning_rate;
        let losses = measure::losses_after(&mut problem, rate, options.steps.max(1))?;
        let half = measure::losses_after(&mut problem, rate / 2.0, 1)?;
        let loss_at_half = half.last().copied().unwrap_or(f64::NAN);
        Ok(Explanation { problem, derivation, next, checked, losses, loss_at_half, options, size, only, unit })
    }

    /// The significant digits that are written.
    pub fn digits(&self) -> Digits {
        Digits { count: self.options.digits }
    }

    /// What writes the lines.
    pub fn lines(&self) -> Lines<'_> {
        let lines = Lines::new(&self.derivation, self.digits(), self.options.carry, self.options.terms);
        if self.size == Size::Statistics { lines.without_comparison() } else { lines }
    }

    /// The document, to be written in any format.
    pub fn document<'a>(&'a self, lines: &'a Lines<'a>) -> Document<'a> {
        let sections = Builder::new(self, lines).sections();
        Document { title: &self.problem.name, derivation: &self.derivation, lines, sections }
    }
}

/// All parameters, or those of a large network with the largest derivatives, some of each block.
fn chosen_parameters(derivation: &Derivation, weights: usize) -> Vec<(usize, usize)> {
    let blocks = derivation.parameters.iter().map(|p| p.1);
    if weights <= EVERY_MATRIX {
        return blocks.flat_map(|block| (0..derivation.blocks[block].values.len()).map(move |at| (block, at))).collect();
    }
    let each = (CHECKED / derivation.parameters.len().max(1)).max(1);
    blocks.flat_map(|block| derivation.steepest(block, each).into_iter().map(move |at| (block, at))).collect()
}

impl Derivation {
    /// The places in a block where the derivatives by it are largest, the largest first.
    pub(super) fn steepest(&self, block: usize, count: usize) -> Vec<usize> {
        let Some(gradient) = self.gradient_of(block) else { return Vec::new() };
        let values = &self.blocks[gradient].values;
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&a, &b| values[b].abs().total_cmp(&values[a].abs()).then(a.cmp(&b)));
        order.truncate(count);
        order
    }
}
