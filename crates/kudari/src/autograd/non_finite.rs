//! Finding the function that first gave a NaN or an infinity, and the numbers that made it.

use std::fmt;
use std::panic::Location;

use super::observe::{Observe, Step, observe};
use super::recorder::{Pass, layer_name};
use super::variable::Variable;
use super::worked::{Calculation, Operand, Worked};
use crate::array::{Array, index_of};
use crate::expression::{Expression, TextStyle};

/// The first NaN or infinity that a calculation made from finite numbers.
#[derive(Debug, Clone)]
pub struct NonFinite {
    /// The function, `backward of …` if it appeared in a gradient.
    pub function: String,
    /// The layer, where the function ran inside one: `2.linear`.
    pub layer: String,
    /// The value: NaN or an infinity.
    pub value: f64,
    /// Where it stands in the function's result, or in the gradient by one of its inputs.
    pub index: Vec<usize>,
    /// Sizes of the axes of that result or gradient.
    pub shape: Vec<usize>,
    /// The line of the program that applied the function.
    pub location: &'static Location<'static>,
    /// The calculation with its numbers: `ln 0`. Empty if the function does not tell.
    pub made_by: String,
    /// Where the number comes from that made it, one function back: `0 = softmax in layer 1`. Empty where that is not known.
    pub because: String,
}

impl NonFinite {
    /// Whether the function was applied outside of kudari itself, so that [`location`](NonFinite::location) is a line of
    /// somebody's program.
    pub fn is_in_program(&self) -> bool {
        const HERE: &str = file!();
        let own = HERE.strip_suffix("autograd/non_finite.rs").unwrap_or(HERE);
        !self.location.file().starts_with(own)
    }

    /// The value as it is written: `NaN`, `∞`, `−∞`.
    pub fn value_text(&self) -> String {
        number(self.value)
    }
}

impl fmt::Display for NonFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.function)?;
        if !self.layer.is_empty() {
            write!(f, " in layer {}", self.layer)?;
        }
        write!(f, " first produced {}", self.value_text())?;
        if !self.index.is_empty() {
            write!(f, " at index {:?}", self.index)?;
        }
        if !self.made_by.is_empty() {
            write!(f, ", {}", self.made_by)?;
        }
        if self.is_in_program() {
            write!(f, ", line {}:{}", self.location.file(), self.location.line())?;
        }
        Ok(())
    }
}

/// Runs `body` with a check after every function, forward and backward, and tells which one first gave a NaN or an
/// infinity. Slow: for replaying a step that is known to fail.
pub fn find_non_finite<R>(body: impl FnOnce() -> R) -> (R, Option<NonFinite>) {
    let (result, search) = observe(Search::default(), body);
    (result, search.found)
}

#[derive(Default)]
struct Search {
    found: Option<NonFinite>,
}

impl Observe for Search {
    fn see(&mut self, step: &Step<'_>) {
        if self.found.is_none() {
            let backward = step.pass == Pass::Backward;
            self.found = if backward { in_gradients(step) } else { in_outputs(step) };
        }
    }

    fn wants_compositions(&self) -> bool {
        true
    }
}

/// The first element that is not finite, and its value.
fn first_non_finite(array: &Array) -> Option<(usize, f64)> {
    if array.is_hollow() || array.all_finite() {
        return None;
    }
    array.to_f64_vec().into_iter().enumerate().find(|(_, value)| !value.is_finite())
}

fn in_outputs(step: &Step<'_>) -> Option<NonFinite> {
    let (place, (at, value)) = step.outputs.iter().enumerate().find_map(|(i, y)| Some((i, first_non_finite(y.array())?)))?;
    let calculation = Numbers::of(step, place);
    let expression = calculation.as_ref().map(|c| c.worked.value(at));
    let made_by = already(step.inputs)
        .or_else(|| Some(format!("{} = {}", calculation.as_ref()?.text(expression.as_ref()?)?, number(value))))
        .or_else(|| ranges(step))
        .unwrap_or_default();
    let because = expression.and_then(|e| because(step, &e)).unwrap_or_default();
    let shape = step.outputs[place].shape().to_vec();
    Some(found(step, step.name().to_string(), (at, value), shape, made_by, because))
}

fn in_gradients(step: &Step<'_>) -> Option<NonFinite> {
    let (input, (at, value)) =
        step.input_gradients.iter().enumerate().find_map(|(i, g)| Some((i, first_non_finite(g.as_ref()?.array())?)))?;
    let made_by = already(&step.output_gradients.iter().collect::<Vec<_>>())
        .map(|text| format!("the gradient by its result: {text}"))
        .or_else(|| Some(format!("{} = {}", slope_text(step, input, at)?, number(value))))
        .or_else(|| ranges(step))
        .unwrap_or_default();
    let same_shape = step.outputs.len() == 1 && step.outputs[0].shape() == step.inputs[input].shape();
    let forward = || {
        let calculation = Numbers::of(step, 0)?;
        let result = number(element(step.outputs[0].array(), at)?);
        Some(format!("{result} = {}", calculation.text(&calculation.worked.value(at))?))
    };
    let because = if same_shape { forward().unwrap_or_default() } else { String::new() };
    let shape = step.inputs[input].shape().to_vec();
    Some(found(step, format!("backward of {}", step.name()), (at, value), shape, made_by, because))
}

fn found(
    step: &Step<'_>,
    function: String,
    (at, value): (usize, f64),
    shape: Vec<usize>,
    made_by: String,
    because: String,
) -> NonFinite {
    let index = index_of(at, &shape);
    NonFinite { function, layer: step.layer(), value, index, shape, location: step.location, made_by, because }
}

/// Which of these held a NaN or an infinity before: then the function only passed it on.
fn already(operands: &[&Variable]) -> Option<String> {
    operands.iter().enumerate().find_map(|(i, operand)| {
        let (at, value) = first_non_finite(operand.array())?;
        let which = if operands.len() == 1 { "its operand".to_string() } else { format!("operand {}", i + 1) };
        Some(format!("{which} was {} already at {:?}", number(value), index_of(at, operand.shape())))
    })
}

/// The numbers of a variable, if they were kept.
fn known(variable: &Variable) -> Option<&Array> {
    Some(variable.array()).filter(|array| !array.is_hollow())
}

/// The smallest and the largest number of every operand.
fn ranges(step: &Step<'_>) -> Option<String> {
    let gradients = step.output_gradients.iter().map(|g| ("gradient by the result".to_string(), g));
    let inputs = step.inputs.iter().enumerate().map(|(i, &v)| (format!("operand {}", i + 1), v));
    let range = |(name, v): (String, &Variable)| {
        let values = known(v)?.to_f64_vec();
        let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &x| (l.min(x), h.max(x)));
        (!values.is_empty()).then(|| format!("{name} from {} to {}", number(low), number(high)))
    };
    let texts: Vec<String> = gradients.chain(inputs).filter_map(range).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

/// More terms of a sum, or numbers of a formula, than this are not written out.
const MOST_TERMS: usize = 6;
/// In more elements of a result than this nobody looks for those that an element of an input reaches.
const MOST_RESULTS: usize = 4096;

/// What a leaf of a written calculation stands for.
enum Leaf {
    Operand(Operand),
    Number(f64),
}

/// The gradient by element `at` of input `input`: the sum over the elements of the result of their gradient times the slope.
fn slope_text(step: &Step<'_>, input: usize, at: usize) -> Option<String> {
    let calculation = Numbers::of(step, 0)?;
    let gradient = step.output_gradients.first()?.array();
    let (gradients, length) = (gradient.to_f64_vec(), step.inputs[input].len());
    let candidates = match gradients.len() {
        n if n == length => at..at + 1,
        n if n <= MOST_RESULTS => 0..n,
        _ => return None,
    };
    let wanted = Operand::Input { input, at };
    let mut terms: Vec<Expression<Leaf>> = Vec::new();
    for result in candidates {
        let slopes = calculation.worked.slopes(result);
        for (_, slope) in slopes.into_iter().filter(|(operand, _)| *operand == wanted) {
            let factor = Expression::Leaf(Leaf::Number(*gradients.get(result)?));
            terms.push(factor.times(slope.substitute(&mut |&operand| Expression::Leaf(Leaf::Operand(operand)))));
        }
    }
    match terms.len() {
        0 => None,
        1 => calculation.leaf_text(&terms.remove(0)),
        _ => calculation.leaf_text(&Expression::Sum(terms)),
    }
}

/// The numbers of one application of a function and how they are calculated with.
struct Numbers<'a> {
    worked: Box<dyn Worked>,
    inputs: Vec<&'a Array>,
    output: &'a Array,
}

impl<'a> Numbers<'a> {
    fn of(step: &Step<'a>, output: usize) -> Option<Numbers<'a>> {
        let worked = step.worked(output)?;
        let inputs = step.inputs.iter().map(|v| v.array()).collect();
        Some(Numbers { worked, inputs, output: step.outputs.get(output)?.array() })
    }

    fn value(&self, operand: Operand) -> f64 {
        match operand {
            Operand::Input { input, at } => self.inputs.get(input).and_then(|x| element(x, at)),
            Operand::Output(at) => element(self.output, at),
            Operand::Part { part, at } => Some(self.worked.part(part, at).evaluate(&mut |&inner| self.value(inner))),
        }
        .unwrap_or(f64::NAN)
    }

    /// The expression with its numbers; `None` if there are too many of them.
    fn text(&self, expression: &Expression<Operand>) -> Option<String> {
        self.leaf_text(&expression.substitute(&mut |&operand| Expression::Leaf(Leaf::Operand(operand))))
    }

    fn leaf_text(&self, expression: &Expression<Leaf>) -> Option<String> {
        let value = |leaf: &Leaf| match leaf {
            Leaf::Operand(operand) => self.value(*operand),
            Leaf::Number(value) => *value,
        };
        let mut count = 0;
        expression.leaves(&mut |_| count += 1);
        if count <= 2 * MOST_TERMS {
            return Some(expression.text(TextStyle::Unicode, &|leaf| number(value(leaf))));
        }
        // A long sum: its largest terms, or those that are not finite, say what happened.
        let Expression::Sum(terms) = expression else { return None };
        let size = |term: &Expression<Leaf>| {
            let size = term.evaluate(&mut |leaf| value(leaf)).abs();
            if size.is_nan() { f64::INFINITY } else { size }
        };
        let mut sized: Vec<_> = terms.iter().map(|term| (size(term), term)).collect();
        sized.sort_by(|a, b| b.0.total_cmp(&a.0));
        let texts: Vec<String> =
            sized.iter().take(3).map(|(_, t)| t.text(TextStyle::Unicode, &|leaf| number(value(leaf)))).collect();
        Some(format!("{} + … ({} terms, the largest first)", texts.join(" + "), terms.len()))
    }
}

fn element(array: &Array, at: usize) -> Option<f64> {
    array.get(&index_of(at, array.shape())).ok()
}

/// Where the numbers of a short calculation come from: the function that computed each, with its numbers where they are few.
fn because(step: &Step<'_>, expression: &Expression<Operand>) -> Option<String> {
    let mut operands: Vec<(usize, usize)> = Vec::new();
    expression.leaves(&mut |&leaf| match leaf {
        Operand::Input { input, at } if !operands.contains(&(input, at)) => operands.push((input, at)),
        _ => {}
    });
    if operands.len() > MOST_TERMS {
        return None;
    }
    let mut texts: Vec<String> = Vec::new();
    for (input, at) in operands {
        let variable = *step.inputs.get(input)?;
        let Some((node, function)) = variable.node().and_then(|node| Some((node, node.function.as_ref()?))) else { continue };
        let value = number(element(variable.array(), at)?);
        let saved = node.saved();
        let inputs: Vec<&Array> = saved.inputs.iter().map(Variable::array).collect();
        let output = saved.outputs.get(variable.output_number())?;
        let complete = !output.is_hollow() && inputs.iter().all(|x| !x.is_hollow());
        let calculation = Calculation { inputs: &inputs, output };
        let worked = if complete { function.worked(&calculation) } else { None };
        let written = worked.and_then(|worked| {
            let numbers = Numbers { worked, inputs: inputs.clone(), output };
            numbers.text(&numbers.worked.value(at))
        });
        let mut text = format!("{value} is the result of `{}`", function.name());
        if node.layer != 0 {
            text += &format!(" in layer {}", layer_name(node.layer));
        }
        text += &written.map(|w| format!(": {w}")).unwrap_or_default();
        texts.push(text);
    }
    (!texts.is_empty()).then(|| texts.join("; "))
}

/// A number with at most six digits, which is what f32 holds.
fn number(value: f64) -> String {
    match value {
        v if v.is_nan() => "NaN".to_string(),
        f64::INFINITY => "∞".to_string(),
        f64::NEG_INFINITY => "−∞".to_string(),
        v => TextStyle::Unicode.number(format!("{v:.5e}").parse().unwrap_or(v)),
    }
}
