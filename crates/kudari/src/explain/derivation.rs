//! Every number of one step of training, and how it follows from the others.
//!
//! Numbers are kept in blocks, one for each variable. How a number is calculated is not stored but asked for
//! ([`Derivation::expression`]): the functions themselves tell it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use super::problem::Problem;
use super::rule::{self, Rule};
use super::trace::Tracer;
use crate::autograd::{Character, Operand, Variable, Worked};
use crate::error::Result;
use crate::expression::Expression;

/// A number of the derivation.
pub type Id = usize;

/// Where a block's numbers come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The sample.
    Input,
    /// What the outputs should be, the learning rate, other given numbers.
    Given,
    /// A parameter of the network, by its place in [`Derivation::parameters`].
    Parameter(usize),
    /// The result of a step.
    Result(usize),
    /// An intermediate result of a step.
    Part(usize, usize),
    /// The slopes of an elementwise step.
    Slope(usize),
    /// The derivatives of the loss by a block.
    Gradient(usize),
    /// A number of the optimizer's for every element of a parameter's block, by its place in the optimizer's rule.
    State(usize, usize),
    /// A parameter's block after the update.
    Updated(usize),
}

/// The numbers of one variable.
#[derive(Debug)]
pub struct Block {
    /// Where they come from.
    pub origin: Origin,
    /// The letter.
    pub letter: &'static str,
    /// The layer, where the letter needs one.
    pub layer: Option<usize>,
    /// The place in a sequence that stands before the indices: h₂₁ is number 1 of the state after place 2.
    pub place: Option<usize>,
    /// Sizes of the axes.
    pub shape: Vec<usize>,
    /// Whether the first axis counts samples.
    pub by_sample: bool,
    /// The numbers as the engine computed them.
    pub values: Vec<f64>,
    /// The number of the first one.
    pub first: Id,
}

impl Block {
    /// The numbers of this block.
    pub fn ids(&self) -> std::ops::Range<Id> {
        self.first..self.first + self.values.len()
    }
}

/// One function that the network or the loss applied.
pub struct Step {
    /// The function's name.
    pub function: String,
    /// The layer to which it belongs, from 1; 0 is before the first layer with parameters.
    pub layer: usize,
    /// The block of its result.
    pub output: usize,
    /// What goes in.
    pub inputs: Vec<Elements>,
    /// The blocks of its intermediate results.
    pub parts: Vec<usize>,
    /// The blocks of its parameters.
    pub parameters: Vec<usize>,
    /// What kind of calculation it is.
    pub character: Character,
    /// Whether its result has a letter in the formula of the function or layer that it is part of.
    pub is_named: bool,
    pub(super) worked: Box<dyn Worked>,
}

impl Step {
    /// Whether it is a function of each element with a slope that depends on the element.
    pub fn has_slopes(&self) -> bool {
        matches!(&self.character, Character::Elementwise { slope, .. } if {
            let mut depends = false;
            slope.leaves(&mut |_| depends = true);
            depends || matches!(slope, Expression::Cases(..))
        })
    }
}

/// Which numbers a variable's elements are: those of a block, perhaps in another order.
#[derive(Debug, Clone)]
pub struct Elements {
    /// The block.
    pub block: usize,
    /// The place in the block for every element; `None` if they are the block as it is.
    pub map: Option<Vec<usize>>,
}

impl Elements {
    /// The place in the block of element `at`.
    pub fn place(&self, at: usize) -> usize {
        self.map.as_ref().map_or(at, |map| map[at])
    }
}

/// One way on which a change of a number reaches the loss: through element `at` of a step's result, with this slope.
struct Way {
    step: usize,
    at: usize,
    slope: Expression<Operand>,
}

type Ways = Arc<Vec<Vec<Way>>>;

/// Every number of one step of training.
pub struct Derivation {
    /// The blocks, in the order of calculation.
    pub blocks: Vec<Block>,
    /// What is calculated, in its order; the last one is the loss.
    pub steps: Vec<Step>,
    /// The block of the sample.
    pub input: usize,
    /// The block of the result of the network or function.
    pub output: usize,
    /// The block of the loss; of a function by itself that of its result.
    pub loss: usize,
    /// The block of the learning rate; a function by itself has none.
    pub learning_rate: Option<usize>,
    /// Number of layers with parameters.
    pub layers: usize,
    /// Names and blocks of the parameters, `0.weight` first.
    pub parameters: Vec<(String, usize)>,
    pub(super) gradients: HashMap<usize, usize>,
    pub(super) slopes: HashMap<usize, usize>,
    pub(super) updated: HashMap<usize, usize>,
    /// The blocks of the optimizer's numbers, by parameter.
    pub(super) states: HashMap<usize, Vec<usize>>,
    pub(super) rule: Option<Rule>,
    /// The blocks of what the rule has besides: numbers of the step alone.
    pub(super) rule_given: Vec<usize>,
    ways: Mutex<HashMap<usize, Ways>>,
}

impl Derivation {
    /// Runs the problem's network forward and backward and names every number.
    ///
    /// # Errors
    ///
    /// What the network and the loss return, and a function that does not tell how it is worked out.
    pub fn new(problem: &Problem) -> Result<Derivation> {
        Tracer::run(problem)
    }

    /// Runs a function by itself on inputs with their letters: no layers, and the derivatives of a loss behind its `result`, or
    /// of the result if that is a loss.
    pub(super) fn alone(
        inputs: &[(&'static str, Variable)],
        run: impl FnOnce() -> Result<Variable>,
        result: &'static str,
        is_loss: bool,
    ) -> Result<Derivation> {
        Tracer::run_alone(inputs, run, result, is_loss)
    }

    pub(super) fn from_parts(blocks: Vec<Block>, steps: Vec<Step>) -> Derivation {
        Derivation {
            blocks,
            steps,
            input: 0,
            output: 0,
            loss: 0,
            learning_rate: None,
            layers: 0,
            parameters: Vec::new(),
            gradients: HashMap::new(),
            slopes: HashMap::new(),
            updated: HashMap::new(),
            states: HashMap::new(),
            rule: None,
            rule_given: Vec::new(),
            ways: Mutex::default(),
        }
    }

    /// How many numbers there are.
    pub fn len(&self) -> usize {
        self.blocks.last().map_or(0, |b| b.first + b.values.len())
    }

    /// Whether there are none; there always are.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many samples there are.
    pub fn samples(&self) -> usize {
        self.blocks[self.input].shape.first().copied().unwrap_or(1)
    }

    /// Whether this is a function by itself, without a step of training. Then axes of one number have no index.
    pub fn is_example(&self) -> bool {
        self.learning_rate.is_none()
    }

    /// The block of a number, and its place in it.
    pub fn locate(&self, id: Id) -> (usize, usize) {
        let block = self.blocks.partition_point(|b| b.first <= id).saturating_sub(1);
        (block, id - self.blocks[block].first)
    }

    /// The number as the engine computed it.
    pub fn value(&self, id: Id) -> f64 {
        let (block, at) = self.locate(id);
        self.blocks[block].values[at]
    }

    /// The block of the derivatives by a block, if there is one.
    pub fn gradient_of(&self, block: usize) -> Option<usize> {
        self.gradients.get(&block).copied()
    }

    /// The block of the slopes of a step, if it has them.
    pub fn slope_of(&self, step: usize) -> Option<usize> {
        self.slopes.get(&step).copied()
    }

    /// The blocks of what the optimizer calculates for a parameter on the way to its new value, in their order.
    pub fn states(&self, block: usize) -> &[usize] {
        self.states.get(&block).map_or(&[], Vec::as_slice)
    }

    /// What the optimizer does, for readers.
    pub fn update_rule(&self) -> &'static str {
        self.rule.as_ref().map_or("", |rule| rule.formula)
    }

    /// The block of a parameter after the update.
    pub fn updated(&self, block: usize) -> Option<usize> {
        self.updated.get(&block).copied()
    }

    /// The blocks that a step works out, in their order: its parts and its result. A part that another step worked out already is
    /// left out.
    pub fn own_blocks<'a>(&'a self, step: &'a Step) -> impl Iterator<Item = usize> + 'a {
        let is_own = |part: &&usize| !matches!(self.blocks[**part].origin, Origin::Result(_));
        step.parts.iter().filter(is_own).chain([&step.output]).copied()
    }

    /// The step whose result a block is.
    pub fn step_of(&self, block: usize) -> Option<usize> {
        match self.blocks[block].origin {
            Origin::Result(step) => Some(step),
            _ => None,
        }
    }

    fn resolve(&self, step: usize, operand: Operand) -> Id {
        let step = &self.steps[step];
        match operand {
            Operand::Input { input, at } => {
                let elements = &step.inputs[input];
                self.blocks[elements.block].first + elements.place(at)
            }
            Operand::Output(at) => self.blocks[step.output].first + at,
            Operand::Part { part, at } => self.blocks[step.parts[part]].first + at,
        }
    }

    fn resolved(&self, step: usize, expression: &Expression<Operand>) -> Expression<Id> {
        expression.substitute(&mut |operand| Expression::Leaf(self.resolve(step, *operand)))
    }

    /// How a number is calculated from others; `None` if it is given.
    pub fn expression(&self, id: Id) -> Option<Expression<Id>> {
        let (block, at) = self.locate(id);
        match self.blocks[block].origin {
            Origin::Input | Origin::Given | Origin::Parameter(_) => None,
            Origin::Result(step) => Some(self.resolved(step, &self.steps[step].worked.value(at))),
            Origin::Part(step, part) => Some(self.resolved(step, &self.steps[step].worked.part(part, at))),
            Origin::Slope(step) => {
                let slopes = self.steps[step].worked.slopes(at);
                slopes.first().map(|(_, slope)| self.resolved(step, slope))
            }
            Origin::Gradient(of) => Some(self.gradient_expression(of, at)),
            Origin::State(of, number) => {
                let (_, expression) = self.rule.as_ref()?.states.get(number)?;
                self.of_rule(of, at, expression)
            }
            Origin::Updated(of) => self.of_rule(of, at, &self.rule.as_ref()?.updated),
        }
    }

    /// An expression of the optimizer's rule for element `at` of a parameter's block.
    fn of_rule(&self, of: usize, at: usize, expression: &Expression<rule::Operand>) -> Option<Expression<Id>> {
        let gradient = self.gradient_of(of)?;
        let (states, rate) = (self.states(of), self.learning_rate?);
        let block = |operand: &rule::Operand| match operand {
            rule::Operand::Weight => of,
            rule::Operand::Gradient => gradient,
            rule::Operand::Rate => rate,
            rule::Operand::State(number) => states[*number],
            rule::Operand::Given(number) => self.rule_given[*number],
        };
        let is_alone = |operand: &rule::Operand| matches!(operand, rule::Operand::Rate | rule::Operand::Given(_));
        let id = |operand: &rule::Operand| self.blocks[block(operand)].first + if is_alone(operand) { 0 } else { at };
        Some(expression.substitute(&mut |operand| Expression::Leaf(id(operand))))
    }

    /// The chain rule: the sum over all ways to the loss of slope times derivative.
    fn gradient_expression(&self, of: usize, at: usize) -> Expression<Id> {
        let is_parameter = matches!(self.blocks[of].origin, Origin::Parameter(_));
        let ways = self.ways(of);
        let mut terms: Vec<Expression<Id>> = ways[at].iter().filter_map(|way| self.way_expression(way, is_parameter)).collect();
        match terms.len() {
            0 => Expression::Number(0.0),
            1 => terms.remove(0),
            _ => Expression::Sum(terms),
        }
    }

    /// The numbers that are calculated directly from element `at` of a block, with the derivative of each by it.
    pub(super) fn local_derivatives(&self, block: usize, at: usize) -> Vec<(Id, Expression<Id>)> {
        let ways = self.ways(block);
        let result = |way: &Way| self.blocks[self.steps[way.step].output].first + way.at;
        ways[at].iter().map(|way| (result(way), self.slope_expression(way))).filter(|w| w.1 != Expression::Number(0.0)).collect()
    }

    /// The slope of a way: the slope's own name where it has one.
    fn slope_expression(&self, way: &Way) -> Expression<Id> {
        match self.slope_of(way.step) {
            Some(block) => Expression::Leaf(self.blocks[block].first + way.at),
            None => self.resolved(way.step, &way.slope),
        }
    }

    fn way_expression(&self, way: &Way, derivative_first: bool) -> Option<Expression<Id>> {
        let slope = self.slope_expression(way);
        let output = self.steps[way.step].output;
        if matches!(slope, Expression::Number(0.0)) {
            return None;
        }
        let Some(gradient) = self.gradient_of(output) else {
            return Some(slope);
        };
        let derivative = Expression::Leaf(self.blocks[gradient].first + way.at);
        Some(match slope {
            Expression::Number(1.0) => derivative,
            Expression::Number(-1.0) => derivative.neg(),
            Expression::Negative(slope) => slope.times(derivative).neg(),
            // 1/6 has too many digits to be written out.
            Expression::Number(slope) if slope.to_string().len() > 6 && (slope.recip().round() * slope - 1.0).abs() < 1e-15 => {
                derivative.over(Expression::Number(slope.recip().round()))
            }
            slope if derivative_first => derivative.times(slope),
            slope => slope.times(derivative),
        })
    }

    /// The ways from every number of a block to the loss, found once.
    fn ways(&self, block: usize) -> Ways {
        if let Some(ways) = self.known_ways().get(&block) {
            return ways.clone();
        }
        let mut ways: Vec<Vec<Way>> = self.blocks[block].values.iter().map(|_| Vec::new()).collect();
        for (number, step) in self.steps.iter().enumerate() {
            if step.inputs.iter().all(|elements| elements.block != block) {
                continue;
            }
            for at in 0..self.blocks[step.output].values.len() {
                for (operand, slope) in step.worked.slopes(at) {
                    if let Operand::Input { input, at: place } = operand
                        && let Some(elements) = step.inputs.get(input).filter(|e| e.block == block)
                    {
                        ways[elements.place(place)].push(Way { step: number, at, slope });
                    }
                }
            }
        }
        let ways = Arc::new(ways);
        self.known_ways().insert(block, ways.clone());
        ways
    }

    fn known_ways(&self) -> MutexGuard<'_, HashMap<usize, Ways>> {
        // A panic elsewhere leaves the map whole.
        self.ways.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The number worked out from its expression with the engine's values for what it is made of: what a reader gets who
    /// follows this line. Given numbers are themselves.
    pub fn worked_value(&self, id: Id) -> f64 {
        self.expression(id).map_or_else(|| self.value(id), |e| e.evaluate(&mut |leaf| self.value(*leaf)))
    }
}
