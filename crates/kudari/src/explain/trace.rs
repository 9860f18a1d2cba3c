//! From a run of the network to the blocks and steps of a derivation.

use std::collections::HashMap;

use super::derivation::{Block, Derivation, Elements, Origin, Step};
use super::problem::Problem;
use super::rule::Rule;
use crate::array::Array;
use crate::autograd::{Call, Operand, Part, Variable, Worked, grad, trace};
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
    constants: Vec<(Array, usize)>,
    parameters: Vec<(String, usize)>,
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

impl Tracer {
    /// Runs the problem forward and backward.
    pub(super) fn run(problem: &Problem) -> Result<Derivation> {
        let x = Variable::parameter(problem.input.clone());
        let (run, calls) = trace(|| {
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
        let mut tracer = Tracer {
            blocks: Vec::new(),
            steps: Vec::new(),
            samples: problem.input.shape().first().copied().unwrap_or(1),
            layers: calls.iter().filter(has_parameters).count(),
            elements: HashMap::new(),
            variables: Vec::new(),
            constants: Vec::new(),
            parameters: Vec::new(),
            input: 0,
            output: 0,
            loss: 0,
            layer: 0,
            used: Vec::new(),
        };
        tracer.input = tracer.add_variable(&x, Origin::Input, "x", None);
        let output = output_call(&calls, &y);
        for (number, call) in calls.iter().enumerate() {
            let is_loss = call.output.identity_number() == loss.identity_number();
            tracer.add_call(call, &names, Some(number) == output, is_loss)?;
        }
        tracer.finish(problem, &loss)
    }

    fn add(&mut self, array: &Array, origin: Origin, letter: &'static str, layer: Option<usize>) -> usize {
        let by_sample = !matches!(origin, Origin::Parameter(_)) && array.rank() > 0 && array.shape()[0] == self.samples;
        let first = self.blocks.last().map_or(0, |b| b.ids().end);
        let (shape, values) = (array.shape().to_vec(), array.to_f64_vec());
        self.blocks.push(Block { origin, letter, layer, shape, by_sample, values, first });
        self.blocks.len() - 1
    }

    fn add_variable(&mut self, variable: &Variable, origin: Origin, letter: &'static str, layer: Option<usize>) -> usize {
        let block = self.add(variable.array(), origin, letter, layer);
        if let Some(identity) = variable.identity_number() {
            self.elements.insert(identity, Elements { block, map: None });
            self.variables.push((block, variable.clone()));
        }
        block
    }

    fn add_call(&mut self, call: &Call, names: &HashMap<Identity, String>, is_output: bool, is_loss: bool) -> Result<()> {
        let worked = call.worked().ok_or_else(|| {
            Error::new(ErrorKind::Value, format!("`{}` does not tell how it is worked out", call.name()))
                .help("implement `Function::worked` for it, as the functions of the registry do")
        })?;
        if let Some(elements) = self.handed_on(call, worked.as_ref()) {
            call.output.identity_number().map(|identity| self.elements.insert(identity, elements));
            return Ok(());
        }
        let is_new =
            |v: &&Variable| v.identity_number().is_some_and(|id| names.contains_key(&id) && !self.elements.contains_key(&id));
        let new: Vec<Variable> = call.inputs.iter().filter(is_new).cloned().collect();
        if !new.is_empty() {
            (self.layer, self.used) = (self.layer + 1, Vec::new());
        }
        let layer = (self.layers > 1).then_some(self.layer);
        let mut parameters = Vec::new();
        for variable in new {
            let name = variable.identity_number().and_then(|id| names.get(&id)).cloned().unwrap_or_default();
            let letter = match name.rsplit('.').next() {
                Some(last) if last.starts_with("weight") => "w",
                Some(last) if last.starts_with("bias") => "b",
                _ => "θ",
            };
            let block = self.add_variable(&variable, Origin::Parameter(self.parameters.len()), letter, layer);
            self.parameters.push((name, block));
            parameters.push(block);
        }
        let inputs = call.inputs.iter().map(|input| self.elements_of(input, is_loss)).collect();
        let parts = self.add_parts(worked.as_ref(), call)?;
        let (letter, letter_layer) = match () {
            () if is_loss => ("E", None),
            () if is_output => ("y", None),
            () if !parameters.is_empty() => ("a", layer),
            () => {
                let letter = AFTER.into_iter().find(|l| !self.used.contains(l)).unwrap_or("z");
                self.used.push(letter);
                (letter, layer.filter(|_| self.layers > 2))
            }
        };
        let output = self.add_variable(&call.output, Origin::Result(self.steps.len()), letter, letter_layer);
        if is_output {
            self.output = output;
        }
        if is_loss {
            self.loss = output;
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
            worked,
        });
        Ok(())
    }

    /// Which numbers the elements of an input are; a constant that was not met before gets a block.
    fn elements_of(&mut self, input: &Variable, of_loss: bool) -> Elements {
        if let Some(elements) = input.identity_number().and_then(|id| self.elements.get(&id)) {
            return elements.clone();
        }
        let known = self.constants.iter().find(|(array, _)| array.same_as(input.array())).map(|(_, block)| *block);
        let block = known.unwrap_or_else(|| {
            let block = self.add(input.array(), Origin::Given, if of_loss { "t" } else { "c" }, None);
            self.constants.push((input.array().clone(), block));
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
            let given = expressions.iter().all(|e| matches!(e, Expression::Number(_)));
            let origin = if given { Origin::Given } else { Origin::Part(self.steps.len(), number) };
            parts.push(self.add(&Array::from_slice(&values, &shape)?, origin, letter, None));
        }
        Ok(parts)
    }

    /// The way back: derivatives by every block from the engine, slopes, and the parameters after the update.
    fn finish(mut self, problem: &Problem, loss: &Variable) -> Result<Derivation> {
        let variables = std::mem::take(&mut self.variables);
        let wanted: Vec<&Variable> = variables.iter().map(|(_, v)| v).collect();
        let found = grad(&[loss], &wanted)?;
        let (mut gradients, mut slopes, mut updated) = (HashMap::new(), HashMap::new(), HashMap::new());
        let loss = self.loss;
        for ((block, _), gradient) in variables.iter().zip(&found).filter(|((block, _), _)| *block != loss) {
            // The derivatives by a layer's sums are its error signals.
            let (letter, layer) = match self.blocks[*block].origin {
                Origin::Result(step) if !self.steps[step].parameters.is_empty() => ("δ", Some(self.steps[step].layer)),
                _ => ("", None),
            };
            let layer = layer.filter(|_| self.layers > 1);
            let by_sample = self.blocks[*block].by_sample;
            let added = self.add(gradient.array(), Origin::Gradient(*block), letter, layer);
            self.blocks[added].by_sample = by_sample;
            gradients.insert(*block, added);
        }
        let rate = self.add(&Array::from(problem.learning_rate), Origin::Given, "η", None);
        let rule = Rule::of(&problem.optimizer)?;
        let given =
            rule.given.iter().map(|&(letter, value)| self.add(&Array::from(value), Origin::Given, letter, None)).collect();
        let mut derivation = Derivation::from_parts(self.blocks, self.steps);
        derivation.rule_given = given;
        let letters: Vec<&'static str> = rule.states.iter().map(|(letter, _)| *letter).collect();
        (derivation.rule, derivation.learning_rate) = (Some(rule), rate);
        for step in 0..derivation.steps.len() {
            if derivation.steps[step].has_slopes() {
                let output = derivation.steps[step].output;
                slopes.insert(step, derivation.add_worked(Origin::Slope(step), "", output));
            }
        }
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
        derivation.slopes = slopes;
        derivation.updated = updated;
        Ok(derivation)
    }
}

impl Derivation {
    /// Puts a block behind the others whose numbers are calculated from theirs; it has the shape of block `like`.
    fn add_worked(&mut self, origin: Origin, letter: &'static str, like: usize) -> usize {
        let (shape, by_sample) = (self.blocks[like].shape.clone(), self.blocks[like].by_sample);
        let (values, first) = (vec![f64::NAN; self.blocks[like].values.len()], self.len());
        self.blocks.push(Block { origin, letter, layer: None, shape, by_sample, values, first });
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
