//! From a run of the network to the blocks and steps of a derivation.

use std::collections::{HashMap, HashSet};

use super::derivation::{Block, Derivation, Elements, Origin, Step};
use super::problem::Problem;
use super::rule::Rule;
use crate::array::Array;
use crate::autograd::{Call, Letter, Operand, Part, Trace, Variable, Worked, grad, trace_with_letters};
use crate::error::{Error, ErrorKind, Result};
use crate::expression::Expression;
use crate::layers::{Layer, Path};

/// What tells variables apart.
type Identity = (u64, usize);

/// Goes through the calls of a run and gives every number a name.
pub(super) struct Tracer {
    blocks: Vec<Block>,
    steps: Vec<Step>,
    samples: usize,
    layers: usize,
    /// Which numbers every variable that was met so far holds.
    elements: HashMap<Identity, Elements>,
    /// The variables of blocks, for their derivatives.
    variables: Vec<(usize, Variable)>,
    constants: Vec<(Variable, usize)>,
    /// The letters that compositions have for their numbers.
    letters: HashMap<Identity, Letter>,
    /// Whether these need their layer, because two layers use the same.
    letters_have_layers: bool,
    parameters: Vec<(String, usize)>,
    /// Parameters that were only handed on in another shape yet: they belong to the next step.
    reshaped: Vec<usize>,
    input: usize,
    output: usize,
    loss: usize,
    /// The layer that is being worked through, and the letters used in it.
    layer: usize,
    used: Vec<&'static str>,
}

/// Letters for what follows a layer's sums, one after the other. A recurrent layer of two places needs most of them.
const AFTER: [&str; 24] =
    ["z", "u", "v", "s", "r", "q", "g", "f", "m", "n", "k", "j", "l", "o", "i", "G", "F", "M", "N", "K", "J", "L", "O", "I"];

/// Letters for numbers that a network's functions bring with them.
const CONSTANTS: [&str; 5] = ["c", "κ", "λ", "τ", "ω"];

impl Tracer {
    /// Runs the problem forward and backward.
    pub(super) fn run(problem: &Problem) -> Result<Derivation> {
        let x = Variable::parameter(problem.input.clone());
        let (run, Trace { calls, letters }) = trace_with_letters(|| {
            let y = problem.network.forward(&x)?;
            let loss = problem.loss.of(&y, &problem.target)?;
            Ok((y, loss))
        });
        let (y, loss): (Variable, Variable) = run?;
        let mut names = HashMap::new();
        problem.network.visit(&Path::ROOT, &mut |path, parameter| {
            if let Some(identity) = parameter.variable().identity_number() {
                names.insert(identity, path.to_string());
            }
        });
        let has_parameters =
            |call: &&Call| call.inputs.iter().any(|v| v.identity_number().is_some_and(|id| names.contains_key(&id)));
        let samples = problem.input.shape().first().copied().unwrap_or(1);
        let mut tracer = Tracer::new(samples, calls.iter().filter(has_parameters).count(), &letters);
        tracer.input = tracer.add_variable(&x, Origin::Input, "x", None);
        let output = output_call(&calls, &y);
        for (number, call) in calls.iter().enumerate() {
            let is_loss = call.output.identity_number() == loss.identity_number();
            let role = match (is_loss, Some(number) == output) {
                (true, _) => Role::Loss,
                (false, true) => Role::Output("y"),
                (false, false) => Role::Between,
            };
            tracer.add_call(call, &names, role)?;
        }
        tracer.finish(problem, &loss)
    }

    /// Runs a function by itself on inputs with their letters; the derivatives are those of a loss behind it, which are given for
    /// every number of the result. A loss is its own.
    pub(super) fn run_alone(
        inputs: &[(&'static str, Variable)],
        run: impl FnOnce() -> Result<Variable>,
        result: &'static str,
        is_loss: bool,
    ) -> Result<Derivation> {
        let (y, Trace { calls, letters }) = trace_with_letters(run);
        let y = y?;
        // No axis counts samples.
        let mut tracer = Tracer::new(usize::MAX, 0, &letters);
        tracer.used.extend(inputs.iter().map(|(letter, _)| *letter).chain(["g"]));
        for (letter, variable) in inputs {
            tracer.add_variable(variable, Origin::Input, letter, None);
        }
        let last = calls.iter().rposition(|call| call.output.identity_number() == y.identity_number());
        for (number, call) in calls.iter().enumerate() {
            let role = match (Some(number) == last, is_loss) {
                (false, _) => Role::Between,
                (true, true) => Role::Loss,
                (true, false) => Role::Output(result),
            };
            tracer.add_call(call, &HashMap::new(), role)?;
        }
        tracer.loss = if is_loss { tracer.loss } else { tracer.output };
        tracer.output = tracer.loss;
        let seeds = Array::from_vec((0..y.len()).map(chosen_derivative).collect(), y.shape())?.to_dtype(y.dtype());
        let behind = if is_loss { y.clone() } else { y.mul(Variable::constant(seeds.clone()))?.sum() };
        let mut gradients = tracer.gradients(&behind)?;
        if !is_loss {
            // An LSTM has a g of its own.
            let letter = if tracer.letters.values().any(|named| named.letter == "g") { "e" } else { "g" };
            gradients.insert(tracer.output, tracer.add(&seeds, Origin::Given, letter, None));
        }
        let (loss, output) = (tracer.loss, tracer.output);
        let mut derivation = Derivation::from_parts(tracer.blocks, tracer.steps);
        (derivation.gradients, derivation.loss, derivation.output) = (gradients, loss, output);
        derivation.add_slopes();
        Ok(derivation)
    }

    fn new(samples: usize, layers: usize, letters: &[(Variable, Letter)]) -> Tracer {
        let distinct: HashSet<&Letter> = letters.iter().map(|(_, letter)| letter).collect();
        let known = letters.iter().filter_map(|(variable, letter)| Some((variable.identity_number()?, *letter)));
        Tracer {
            blocks: Vec::new(),
            steps: Vec::new(),
            samples,
            layers,
            elements: HashMap::new(),
            variables: Vec::new(),
            constants: Vec::new(),
            letters: known.collect(),
            letters_have_layers: distinct.len() < letters.len(),
            parameters: Vec::new(),
            reshaped: Vec::new(),
            input: 0,
            output: 0,
            loss: 0,
            layer: 0,
            used: Vec::new(),
        }
    }

    /// The letter that a composition has for a variable.
    fn letter_of(&self, variable: &Variable) -> Option<Letter> {
        self.letters.get(&variable.identity_number()?).copied()
    }

    fn add(&mut self, array: &Array, origin: Origin, letter: &'static str, layer: Option<usize>) -> usize {
        let by_sample = !matches!(origin, Origin::Parameter(_)) && array.rank() > 0 && array.shape()[0] == self.samples;
        let first = self.blocks.last().map_or(0, |b| b.ids().end);
        let (shape, values) = (array.shape().to_vec(), array.to_f64_vec());
        self.blocks.push(Block { origin, letter, layer, place: None, shape, by_sample, values, first });
        self.blocks.len() - 1
    }

    fn add_variable(&mut self, variable: &Variable, origin: Origin, letter: &'static str, layer: Option<usize>) -> usize {
        let block = self.add(variable.array(), origin, letter, layer);
        if let Some(identity) = variable.identity_number() {
            self.elements.insert(identity, Elements { block, map: None });
            self.variables.push((block, variable.clone()));
        }
        self.blocks[block].place = self.letter_of(variable).and_then(|named| named.place);
        block
    }

    fn add_call(&mut self, call: &Call, names: &HashMap<Identity, String>, role: Role) -> Result<()> {
        let worked = call.worked().ok_or_else(|| {
            Error::new(ErrorKind::Value, format!("`{}` does not tell how it is worked out", call.name()))
                .help("implement `Function::worked` for it, as the functions of the registry do")
        })?;
        let is_new =
            |v: &&Variable| v.identity_number().is_some_and(|id| names.contains_key(&id) && !self.elements.contains_key(&id));
        let new: Vec<Variable> = call.inputs.iter().filter(is_new).cloned().collect();
        if !new.is_empty() {
            self.layer += 1;
            // With their layer beside them, letters may be used again.
            if self.layers > 2 {
                self.used.clear();
            }
        }
        let layer = (self.layers > 1).then_some(self.layer);
        let mut parameters = std::mem::take(&mut self.reshaped);
        for variable in new {
            let name = variable.identity_number().and_then(|id| names.get(&id)).cloned().unwrap_or_default();
            let letter = parameter_letter(&name);
            let block = self.add_variable(&variable, Origin::Parameter(self.parameters.len()), letter, layer);
            self.parameters.push((name, block));
            parameters.push(block);
        }
        if let Some(elements) = self.handed_on(call, worked.as_ref()).filter(|_| role == Role::Between) {
            call.output.identity_number().map(|identity| self.elements.insert(identity, elements));
            self.reshaped = parameters;
            return Ok(());
        }
        let inputs = call.inputs.iter().map(|input| self.elements_of(input, role == Role::Loss)).collect();
        let parts = self.add_parts(worked.as_ref(), call)?;
        let (letter, letter_layer) = match (role, self.letter_of(&call.output)) {
            (Role::Loss, _) => ("E", None),
            (Role::Output(letter), _) => (letter, None),
            (Role::Between, Some(named)) => (named.letter, layer.filter(|_| self.letters_have_layers)),
            (Role::Between, None) if !parameters.is_empty() => ("a", layer),
            (Role::Between, None) => {
                let is_free =
                    |letter: &&str| !self.used.contains(letter) && self.letters.values().all(|named| named.letter != *letter);
                let letter = AFTER.into_iter().find(is_free).unwrap_or("z");
                self.used.push(letter);
                (letter, layer.filter(|_| self.layers > 2))
            }
        };
        let output = self.add_variable(&call.output, Origin::Result(self.steps.len()), letter, letter_layer);
        match role {
            Role::Loss => self.loss = output,
            Role::Output(_) => self.output = output,
            Role::Between => {}
        }
        let character = worked.character();
        self.steps.push(Step {
            function: call.name().to_string(),
            layer: self.layer,
            output,
            inputs,
            parts,
            parameters,
            character,
            is_named: role != Role::Between || self.letter_of(&call.output).is_some(),
            worked,
        });
        Ok(())
    }

    /// Which numbers the elements of an input are; a constant that was not met before gets a block.
    fn elements_of(&mut self, input: &Variable, of_loss: bool) -> Elements {
        if let Some(elements) = input.identity_number().and_then(|id| self.elements.get(&id)) {
            return elements.clone();
        }
        let letter = self.letter_of(input);
        // Of two first states of zeros each has its own letter.
        let same = |other: &Variable| other.array().same_as(input.array()) && self.letter_of(other) == letter;
        let known = self.constants.iter().find(|(other, _)| same(other)).map(|(_, block)| *block);
        let block = known.unwrap_or_else(|| {
            let is_free = |letter: &&str| self.blocks.iter().all(|b| b.origin != Origin::Given || b.letter != *letter);
            let unnamed = if of_loss { "t" } else { CONSTANTS.into_iter().find(is_free).unwrap_or("c") };
            let layer = (self.layers > 1).then_some(self.layer).filter(|_| letter.is_some() && self.letters_have_layers);
            let block = self.add(input.array(), Origin::Given, letter.map_or(unnamed, |named| named.letter), layer);
            self.blocks[block].place = letter.and_then(|named| named.place);
            self.constants.push((input.clone(), block));
            block
        });
        Elements { block, map: None }
    }

    /// If a call only hands numbers on, which ones they are.
    fn handed_on(&self, call: &Call, worked: &dyn Worked) -> Option<Elements> {
        let (input, map) = sources(call, worked)?;
        let elements = self.elements.get(&call.inputs[input].identity_number()?)?;
        let map: Vec<usize> = map.into_iter().map(|at| elements.place(at)).collect();
        let all = map.len() == self.blocks[elements.block].values.len();
        let unchanged = all && map.iter().enumerate().all(|(i, &at)| i == at);
        Some(Elements { block: elements.block, map: (!unchanged).then_some(map) })
    }

    fn add_parts(&mut self, worked: &dyn Worked, call: &Call) -> Result<Vec<usize>> {
        let inputs: Vec<Vec<f64>> = call.inputs.iter().map(|v| v.array().to_f64_vec()).collect();
        let output = call.output.array().to_f64_vec();
        let mut parts: Vec<usize> = Vec::new();
        for (number, Part { letter, shape }) in worked.parts().into_iter().enumerate() {
            let count: usize = shape.iter().product();
            let expressions: Vec<Expression<Operand>> = (0..count).map(|at| worked.part(number, at)).collect();
            let value = |operand: &Operand| match *operand {
                Operand::Input { input, at } => inputs[input][at],
                Operand::Output(at) => output[at],
                Operand::Part { part, at } => self.blocks[parts[part]].values[at],
            };
            let values: Vec<f64> = expressions.iter().map(|e| e.evaluate(&mut |o| value(o))).collect();
            if let Some(known) = self.known_part(letter, &values, call) {
                parts.push(known);
                continue;
            }
            let given = expressions.iter().all(|e| matches!(e, Expression::Number(_)));
            let origin = if given { Origin::Given } else { Origin::Part(self.steps.len(), number) };
            let part = self.add(&Array::from_slice(&values, &shape)?, origin, letter, None);
            self.blocks[part].place = worked.place(number);
            parts.push(part);
        }
        Ok(parts)
    }

    /// The block that has the numbers of a part already, under the same letter and from the same input: the mean of numbers whose
    /// variance is worked out.
    fn known_part(&self, letter: &str, values: &[f64], call: &Call) -> Option<usize> {
        let input = self.elements.get(&call.inputs.first()?.identity_number()?)?;
        self.steps.iter().filter(|step| step.inputs.first().is_some_and(|e| e.block == input.block)).map(|s| s.output).find(
            |&b| {
                let block = &self.blocks[b];
                let same = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * b.abs().max(1e-12);
                block.letter == letter && block.values.len() == values.len() && block.values.iter().zip(values).all(same)
            },
        )
    }

    /// The derivatives of `loss` by every block of a variable, from the engine.
    fn gradients(&mut self, loss: &Variable) -> Result<HashMap<usize, usize>> {
        let variables = std::mem::take(&mut self.variables);
        let wanted: Vec<&Variable> = variables.iter().map(|(_, v)| v).collect();
        let found = grad(&[loss], &wanted)?;
        let mut gradients = HashMap::new();
        let loss = self.loss;
        for ((block, _), gradient) in variables.iter().zip(&found).filter(|((block, _), _)| *block != loss) {
            // The derivatives by a layer's sums are its error signals.
            let (letter, layer) = match self.blocks[*block].origin {
                Origin::Result(step) if !self.steps[step].parameters.is_empty() && self.blocks[*block].place.is_none() => {
                    ("δ", Some(self.steps[step].layer))
                }
                _ => ("", None),
            };
            let layer = layer.filter(|_| self.layers > 1);
            let by_sample = self.blocks[*block].by_sample;
            let added = self.add(gradient.array(), Origin::Gradient(*block), letter, layer);
            self.blocks[added].by_sample = by_sample;
            gradients.insert(*block, added);
        }
        Ok(gradients)
    }

    /// The way back: derivatives by every block, slopes, and the parameters after the update.
    fn finish(mut self, problem: &Problem, loss: &Variable) -> Result<Derivation> {
        let gradients = self.gradients(loss)?;
        let mut updated = HashMap::new();
        let rate = self.add(&Array::from(problem.learning_rate), Origin::Given, "η", None);
        let rule = Rule::of(&problem.optimizer)?;
        let given =
            rule.given.iter().map(|&(letter, value)| self.add(&Array::from(value), Origin::Given, letter, None)).collect();
        let mut derivation = Derivation::from_parts(self.blocks, self.steps);
        derivation.rule_given = given;
        let letters: Vec<&'static str> = rule.states.iter().map(|(letter, _)| *letter).collect();
        (derivation.rule, derivation.learning_rate) = (Some(rule), Some(rate));
        derivation.add_slopes();
        for (_, block) in &self.parameters {
            let Some(gradient) = gradients.get(block) else { continue };
            derivation.gradients.insert(*block, *gradient);
            for (number, letter) in letters.iter().enumerate() {
                let added = derivation.add_worked(Origin::State(*block, number), letter, *block);
                derivation.states.entry(*block).or_default().push(added);
            }
            updated.insert(*block, derivation.add_worked(Origin::Updated(*block), "", *block));
        }
        derivation.input = self.input;
        derivation.output = self.output;
        derivation.loss = self.loss;
        derivation.layers = self.layers;
        derivation.parameters = self.parameters;
        derivation.gradients = gradients;
        derivation.updated = updated;
        Ok(derivation)
    }
}

/// The letter of a parameter by its name: `0.weight` is w, `0.bias` b.
pub(super) fn parameter_letter(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some(last) if last.starts_with("weight") => "w",
        Some(last) if last.starts_with("bias") => "b",
        _ => "θ",
    }
}

/// What the result of a call is.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    /// The loss.
    Loss,
    /// The output, with its letter.
    Output(&'static str),
    /// Anything before.
    Between,
}

/// The derivative of an imagined loss by number `at` of a function's result.
fn chosen_derivative(at: usize) -> f64 {
    const CHOSEN: [f64; 6] = [1.0, -1.0, 2.0, 0.5, -2.0, 3.0];
    CHOSEN[at % CHOSEN.len()]
}

impl Derivation {
    /// The slopes of every elementwise step.
    fn add_slopes(&mut self) {
        for step in 0..self.steps.len() {
            if self.steps[step].has_slopes() {
                let slopes = self.add_worked(Origin::Slope(step), "", self.steps[step].output);
                self.slopes.insert(step, slopes);
            }
        }
    }

    /// Puts a block behind the others whose numbers are calculated from theirs; it has the shape of block `like`.
    fn add_worked(&mut self, origin: Origin, letter: &'static str, like: usize) -> usize {
        let (shape, by_sample) = (self.blocks[like].shape.clone(), self.blocks[like].by_sample);
        let (values, first) = (vec![f64::NAN; self.blocks[like].values.len()], self.len());
        self.blocks.push(Block { origin, letter, layer: None, place: None, shape, by_sample, values, first });
        let block = self.blocks.len() - 1;
        self.blocks[block].values = self.blocks[block].ids().map(|id| self.worked_value(id)).collect();
        block
    }
}

/// The call whose result the network's output is, perhaps handed on since.
fn output_call(calls: &[Call], y: &Variable) -> Option<usize> {
    let mut wanted = y.identity_number();
    for (number, call) in calls.iter().enumerate().rev() {
        if call.output.identity_number() != wanted {
            continue;
        }
        match call.worked().as_deref().and_then(|w| sources(call, w)) {
            Some((input, _)) => wanted = call.inputs[input].identity_number(),
            None => return Some(number),
        }
    }
    None
}

/// Which input a call hands on, and which of its elements, each at most once; `None` if it calculates anything.
fn sources(call: &Call, worked: &dyn Worked) -> Option<(usize, Vec<usize>)> {
    let mut map = Vec::with_capacity(call.output.len());
    let mut from = None;
    for at in 0..call.output.len() {
        match worked.value(at) {
            Expression::Leaf(Operand::Input { input, at }) if *from.get_or_insert(input) == input => map.push(at),
            _ => return None,
        }
    }
    let mut seen = map.clone();
    seen.sort_unstable();
    seen.dedup();
    let (from, distinct) = (from?, seen.len() == map.len());
    distinct.then_some((from, map))
}
