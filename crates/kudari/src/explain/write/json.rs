//! All values of an explanation for programs.

use serde_json::{Map, Value, json};

use crate::explain::derivation::{Block, Derivation, Origin};
use crate::explain::example::Example;
use crate::explain::explanation::Explanation;

impl Explanation {
    /// All values as one JSON object: `network`, `loss`, `learning_rate`, `input`, `target`, `forward` (letter, layer, values, in
    /// the order of calculation), `E`, `deltas` by layer, `slopes` by layer, `derivatives` by what stands between the
    /// layers and by the input, `gradients`, `numerical_gradients` (null where not checked) and `updated` by parameter,
    /// `E_after`, and `losses` after 0, 1, 2, … updates. Arrays have the shapes of the library; the axis of samples is
    /// left out if there is one sample.
    pub fn json(&self) -> Value {
        let derivation = &self.derivation;
        let block = |b: usize| nested_block(derivation, &derivation.blocks[b]);
        let mut forward = Vec::new();
        let (mut deltas, mut slopes, mut derivatives) = (Map::new(), Map::new(), Map::new());
        for (number, step) in derivation.steps.iter().enumerate() {
            for &part in &step.parts {
                let this = &derivation.blocks[part];
                forward.push(json!({"name": this.letter, "layer": step.layer, "values": block(part)}));
            }
            if step.output != derivation.loss {
                let this = &derivation.blocks[step.output];
                forward.push(json!({"name": this.letter, "layer": step.layer, "values": block(step.output)}));
            }
            if let Some(slope) = derivation.slope_of(number) {
                slopes.insert(step.layer.to_string(), block(slope));
            }
            if let Some(gradient) = derivation.gradient_of(step.output) {
                match step.parameters.is_empty() {
                    false => deltas.insert(step.layer.to_string(), block(gradient)),
                    true => derivatives.insert(derivation.block_symbol(step.output).key(), block(gradient)),
                };
            }
        }
        if let Some(gradient) = derivation.gradient_of(derivation.input) {
            derivatives.insert("x".to_string(), block(gradient));
        }
        let (mut gradients, mut updated, mut numerical) = (Map::new(), Map::new(), Map::new());
        for (name, parameter) in &derivation.parameters {
            let Some(gradient) = derivation.gradient_of(*parameter) else { continue };
            gradients.insert(name.clone(), block(gradient));
            if let Some(new) = derivation.updated(*parameter) {
                updated.insert(name.clone(), block(new));
            }
            let this = &derivation.blocks[gradient];
            let values =
                this.ids().map(|id| self.checked.iter().find(|c| c.id == id).map_or(Value::Null, |c| number(c.numerical)));
            numerical.insert(name.clone(), nested(&this.shape, &values.collect::<Vec<_>>()));
        }
        let target = derivation.blocks.iter().find(|b| b.letter == "t" && b.origin == Origin::Given);
        json!({
            "network": self.problem.network.notation(),
            "loss": self.problem.loss.name,
            "learning_rate": self.problem.learning_rate,
            "input": block(derivation.input),
            "target": target.map_or(Value::Null, |t| nested_block(derivation, t)),
            "forward": forward,
            "E": number(derivation.value(derivation.blocks[derivation.loss].first)),
            "deltas": deltas,
            "slopes": slopes,
            "derivatives": derivatives,
            "gradients": gradients,
            "numerical_gradients": numerical,
            "updated": updated,
            "E_after": self.losses.get(1).map_or(Value::Null, |e| number(*e)),
            "losses": self.losses.iter().map(|e| number(*e)).collect::<Vec<_>>(),
        })
    }
}

impl Example {
    /// All values as one JSON object: `name`, `notation`, `formula` and `derivative` (null for a layer of several functions),
    /// `inputs` by letter, `numbers` on the way (name, values, in the order of calculation), `result`, `g` (the derivatives of
    /// a loss by the result; null if it is a loss), and `gradients` by letter. Arrays have the shapes of the library.
    pub fn json(&self) -> Value {
        let derivation = &self.derivation;
        let block = |b: usize| nested(&derivation.blocks[b].shape, &numbers(&derivation.blocks[b]));
        let (mut inputs, mut gradients) = (Map::new(), Map::new());
        for input in derivation.blocks.iter().take_while(|b| b.origin == Origin::Input).enumerate() {
            let (number, Block { letter, .. }) = input;
            inputs.insert((*letter).to_string(), block(number));
            gradients.insert((*letter).to_string(), derivation.gradient_of(number).map_or(Value::Null, block));
        }
        let on_the_way = derivation.steps.iter().flat_map(|step| derivation.own_blocks(step));
        let numbers = on_the_way.map(|b| json!({"name": derivation.block_symbol(b).key(), "values": block(b)}));
        json!({
            "name": self.name,
            "notation": self.notation,
            "formula": self.entry.map(|entry| entry.formula),
            "derivative": self.entry.map(|entry| entry.derivative),
            "inputs": inputs,
            "numbers": numbers.collect::<Vec<_>>(),
            "result": block(derivation.output),
            "g": derivation.gradient_of(derivation.output).map_or(Value::Null, block),
            "gradients": gradients,
        })
    }
}

fn numbers(block: &Block) -> Vec<Value> {
    block.values.iter().map(|v| number(*v)).collect()
}

/// A number; null for NaN and infinities, which JSON does not have.
fn number(value: f64) -> Value {
    Value::from(value)
}

fn nested_block(derivation: &Derivation, block: &Block) -> Value {
    let shape = if block.by_sample && derivation.samples() == 1 { &block.shape[1..] } else { &block.shape[..] };
    nested(shape, &numbers(block))
}

/// Values in lists of lists of this shape.
fn nested(shape: &[usize], values: &[Value]) -> Value {
    match shape.split_first() {
        None => values.first().cloned().unwrap_or(Value::Null),
        Some((&count, rest)) => {
            let size = (values.len() / count.max(1)).max(1);
            Value::Array(values.chunks(size).take(count).map(|chunk| nested(rest, chunk)).collect())
        }
    }
}
