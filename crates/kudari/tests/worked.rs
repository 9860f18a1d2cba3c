//! What the functions tell of their calculations is what the engine computes: values, parts and slopes of every function of
//! the registry, and every number of a step of training.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeSet, HashMap};

use kudari::array::Stream;
use kudari::autograd::{Calculation, Call, Context, Function, InputGradients, Operand, Outputs, Part, Worked, apply, trace};
use kudari::explain::{Derivation, Problem};
use kudari::expression::Expression;
use kudari::functions::{
    Entry, GaussianNllOptions, HingeNorm, Reduction, Sample, absolute_error, adaptive_max_pool2d, binary_cross_entropy, choose,
    contrastive, cross_entropy, gaussian_nll, hinge, huber, kl_divergence, max_pool2d, maxout, mean_absolute_error, prelu,
    registry, smooth_l1, triplet,
};
use kudari::layers::ACTIVATIONS;
use kudari::model::{Network, NetworkOptions};
use kudari::train::{LOSSES, Loss};
use kudari::{Array, DType, Result, Variable, grad};

/// Whether both come from the same formula, by rounding apart.
fn close(got: f64, expected: f64) -> bool {
    (got - expected).abs() <= 1e-11 * expected.abs() + 1e-15 || got.is_nan() && expected.is_nan()
}

/// The numbers that a call's expressions speak of.
struct Numbers {
    inputs: Vec<Vec<f64>>,
    output: Vec<f64>,
    parts: Vec<Vec<f64>>,
}

impl Numbers {
    /// The inputs and the result from the engine, the parts worked out.
    fn new(call: &Call, worked: &dyn Worked) -> Numbers {
        let inputs = call.inputs.iter().map(|v| v.array().to_f64_vec()).collect();
        let mut numbers = Numbers { inputs, output: call.output.array().to_f64_vec(), parts: Vec::new() };
        for (part, Part { shape, .. }) in worked.parts().into_iter().enumerate() {
            let count: usize = shape.iter().product();
            let values = (0..count).map(|at| numbers.evaluate(&worked.part(part, at))).collect();
            numbers.parts.push(values);
        }
        numbers
    }

    fn evaluate(&self, expression: &Expression<Operand>) -> f64 {
        expression.evaluate(&mut |operand| match *operand {
            Operand::Input { input, at } => self.inputs[input][at],
            Operand::Output(at) => self.output[at],
            Operand::Part { part, at } => self.parts[part][at],
        })
    }
}

/// Works out every number of the sample's result, and its derivatives by everything that was computed on the way; gives
/// how many numbers and derivatives were compared, and adds the names of the functions.
fn check_sample(sample: &Sample, names: &mut BTreeSet<String>) -> std::result::Result<usize, String> {
    let inputs: Vec<Variable> = sample.inputs.iter().map(|x| Variable::parameter(x.clone())).collect();
    let (result, calls) = trace(|| (sample.call)(&inputs).unwrap());
    let mut compared = 0;
    let mut worked_calls = Vec::new();
    for call in &calls {
        names.insert(call.name().to_string());
        let worked = call.worked().ok_or_else(|| format!("`{}` does not tell how it is worked out", call.name()))?;
        let numbers = Numbers::new(call, worked.as_ref());
        for (at, &expected) in numbers.output.iter().enumerate() {
            let got = numbers.evaluate(&worked.value(at));
            // The expression must not be the result itself.
            worked.value(at).leaves(&mut |operand| assert!(!matches!(operand, Operand::Output(_)), "{}", call.name()));
            if !close(got, expected) {
                return Err(format!("`{}` element {at} is worked out as {got}, not {expected}", call.name()));
            }
            compared += 1;
        }
        worked_calls.push((call, worked, numbers));
    }
    let variables: Vec<&Variable> = inputs.iter().chain(calls.iter().map(|call| &call.output)).collect();
    for start in 0..result.len() {
        let one_hot: Vec<f64> = (0..result.len()).map(|at| f64::from(at == start)).collect();
        let hot = Array::from_slice(&one_hot, result.shape()).unwrap().to_dtype(result.dtype());
        let expected = grad(&[&result.mul(&hot).unwrap().sum()], &variables).unwrap();
        // The chain rule, from the result backwards.
        let mut derivatives: HashMap<_, Vec<f64>> = variables.iter().map(|v| (v.identity_number(), vec![0.0; v.len()])).collect();
        derivatives.insert(result.identity_number(), one_hot);
        for (call, worked, numbers) in worked_calls.iter().rev() {
            let outer = derivatives[&call.output.identity_number()].clone();
            for (at, &outer) in outer.iter().enumerate().filter(|(_, outer)| **outer != 0.0) {
                for (operand, slope) in worked.slopes(at) {
                    let Operand::Input { input, at } = operand else { panic!("`{}`: slope by {operand:?}", call.name()) };
                    if let Some(inner) = derivatives.get_mut(&call.inputs[input].identity_number()) {
                        inner[at] += outer * numbers.evaluate(&slope);
                    }
                }
            }
        }
        for (variable, expected) in variables.iter().zip(&expected) {
            let got = &derivatives[&variable.identity_number()];
            for (at, (&got, expected)) in got.iter().zip(expected.array().to_f64_vec()).enumerate() {
                if !close(got, expected) {
                    let of = variable.creator().unwrap_or("an input");
                    return Err(format!("the derivative of element {start} by element {at} of {of} is {got}, not {expected}"));
                }
                compared += 1;
            }
        }
    }
    Ok(compared)
}

/// Inputs at edges, where the registry's samples, made for numerical differentiation, must not lie: ties and kinks.
fn edges() -> Vec<(&'static str, Sample)> {
    let sample = |inputs: &[Array], call: fn(&[Variable]) -> Result<Variable>| Sample::with_inputs(inputs, call);
    let around_zero = [Array::from([-1.0, 0.0, 2.0])];
    let bends = [Array::from([-3.0, 0.0, 3.0, 6.0])];
    let ties = [Array::from([[2.0, 1.0, 2.0], [0.0, 0.0, 0.0], [1.0, 2.0, 3.0]])];
    let pictures = [Array::from([[[2.0, 2.0, 1.0], [2.0, 1.0, 1.0], [0.0, -0.0, 1.0]]]).expand_dims(0).unwrap()];
    let pair = [Array::from([1.0, 2.0, -3.0]), Array::from([1.0, -3.0, 2.0])];
    let one_nan = [Array::from([f64::NAN, 1.0]), Array::from([1.0, f64::NAN])];
    let powers = [Array::from([0.0, 0.0, 2.0, 0.0]), Array::from([0.0, 3.0, 0.0, 1.0])];
    let kinks = [Array::from([0.5, -0.5, 0.0, 2.0]), Array::from([0.0, 0.0, 0.0, 0.0])];
    let margins = [Array::from([1.0, -1.0, 0.0]), Array::from([1.0, -1.0, 1.0])];
    let certain = [Array::from([0.0, 1.0, 1.0, 0.5]), Array::from([0.0, 1.0, 0.0, 0.25])];
    let variances = [Array::from([1.0, 0.0]), Array::from([0.5, 2e-3]), Array::from([0.0, 1e-7])];
    let vectors = [Array::from([[1.0, 2.0], [1.0, 1.0]]), Array::from([[1.0, 2.0], [3.0, 1.0]])];
    vec![
        ("relu", sample(&around_zero, |v| Ok(v[0].relu()))),
        ("relu", sample(&around_zero, |v| Ok(v[0].relu_with(0.5)))),
        ("leaky_relu", sample(&around_zero, |v| Ok(v[0].leaky_relu(0.1)))),
        ("step", sample(&around_zero, |v| Ok(v[0].step()))),
        ("elu", sample(&around_zero, |v| Ok(v[0].elu(0.7)))),
        ("selu", sample(&around_zero, |v| Ok(v[0].selu()))),
        ("celu", sample(&around_zero, |v| Ok(v[0].celu(0.7)))),
        ("relu6", sample(&bends, |v| Ok(v[0].relu6()))),
        ("clipped_relu", sample(&bends, |v| Ok(v[0].clipped_relu(3.0)))),
        ("hard_sigmoid", sample(&bends, |v| Ok(v[0].hard_sigmoid()))),
        ("hard_swish", sample(&bends, |v| Ok(v[0].hard_swish()))),
        ("prelu", sample(&pair, |v| prelu(&v[0].relu(), &v[1].sum()))),
        ("maxout", sample(&ties, |v| maxout(&v[0], 3, 1))),
        ("abs", sample(&around_zero, |v| Ok(v[0].abs()))),
        ("max", sample(&ties, |v| v[0].max_axes(&[1], false))),
        ("max", sample(&ties, |v| v[0].max_axes(&[], true))),
        ("min", sample(&ties, |v| v[0].min_axes(&[1], true))),
        ("maximum", sample(&pair, |v| v[0].maximum(&v[1]))),
        ("minimum", sample(&pair, |v| v[0].minimum(&v[1]))),
        ("maximum", sample(&one_nan, |v| v[0].maximum(&v[1]))),
        ("minimum", sample(&one_nan, |v| v[0].minimum(&v[1]))),
        ("relu", sample(&one_nan[..1], |v| Ok(v[0].relu()))),
        ("pow", sample(&powers, |v| v[0].pow(&v[1]))),
        ("max_pool2d", sample(&pictures, |v| max_pool2d(&v[0], [2, 2], [1, 1], [0, 1]))),
        ("adaptive_max_pool2d", sample(&pictures, |v| adaptive_max_pool2d(&v[0], [2, 2]))),
        ("mul", sample(&around_zero, |v| v[0].mul(&v[0]))),
        ("choose", sample(&pair, |v| choose(&Array::from([[true], [false]]), &v[0], &v[1]))),
        ("mean_absolute_error", sample(&pair, |v| mean_absolute_error(&v[0], &v[1]))),
        ("cross_entropy", sample(&[Array::from([0.0, 1.0])], |v| cross_entropy(&v[0], Array::from(1i64), 0.0))),
        ("absolute_error", sample(&pair, |v| absolute_error(&v[0], &v[1], Reduction::None))),
        ("huber", sample(&kinks, |v| huber(&v[0], &v[1], 0.5, Reduction::Mean))),
        ("smooth_l1", sample(&kinks, |v| smooth_l1(&v[0], &v[1], 0.5, Reduction::Mean))),
        ("hinge", sample(&margins, |v| hinge(&v[0], &v[1], HingeNorm::L1, Reduction::Mean))),
        ("squared_hinge", sample(&margins, |v| hinge(&v[0], &v[1], HingeNorm::L2, Reduction::Mean))),
        ("binary_cross_entropy", sample(&certain, |v| binary_cross_entropy(&v[0], &v[1], Reduction::Mean))),
        ("kl_divergence", sample(&certain, |v| kl_divergence(&v[0], &v[1], Reduction::Mean))),
        ("gaussian_nll", sample(&variances, |v| gaussian_nll(&v[0], &v[1], &v[2], &GaussianNllOptions::default()))),
        ("contrastive", sample(&vectors, |v| contrastive(&v[0], &v[1], Array::from([0i64, 0]), 1.0, Reduction::Mean))),
        ("triplet", sample(&vectors, |v| triplet(&v[0], &v[1], &v[0], 1e-9, Reduction::Mean))),
        // In f64 it does nothing, and in f32 nothing could be differentiated numerically.
        ("to_dtype", sample(&[Array::from([1.5f32, -0.1])], |v| v[0].to_dtype(DType::F64))),
    ]
}

/// Functions that are compositions while somebody looks: what they are made of is worked out instead.
const COMPOSED: [&str; 8] = ["layer_norm", "rms_norm", "batch_norm", "attention", "self_attention", "rnn", "lstm", "gru"];

/// Checks every sample of the functions and the edges; gives the failures and how many numbers were compared.
fn check_all<'a>(entries: impl Iterator<Item = &'a Entry>) -> (Vec<String>, usize) {
    let (mut failures, mut compared) = (Vec::new(), 0);
    for entry in entries {
        let mut names = BTreeSet::new();
        let edges = edges().into_iter().filter(|(name, _)| *name == entry.name).map(|(_, sample)| sample);
        for (number, sample) in (entry.samples)().into_iter().chain(edges).enumerate() {
            match check_sample(&sample, &mut names) {
                Ok(count) => compared += count,
                Err(failure) => failures.push(format!("{} sample {number}: {failure}", entry.name)),
            }
        }
        if !names.contains(entry.name) && !COMPOSED.contains(&entry.name) {
            failures.push(format!("{}: its samples apply only {names:?}", entry.name));
        }
    }
    (failures, compared)
}

#[test]
fn every_registered_function_is_worked_out_as_the_engine_computes_it() {
    let (failures, compared) = check_all(registry());
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    assert!(compared > 20_000, "only {compared} numbers were compared");
}

/// What is wrong with what [`Planted`] tells.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mistake {
    None,
    NothingTold,
    Value,
    Part,
    Slope,
    SlopeForgotten,
}

/// y = x · (x + w), the bracket being a part, told with a mistake.
#[derive(Debug, Clone, Copy)]
struct Planted(Mistake);

impl Function for Planted {
    fn name(&self) -> &'static str {
        "planted"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([inputs[0].mul(&inputs[0].add(inputs[1])?)?].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let (x, w) = (context.input(0), context.input(1));
        Ok([Some(gy[0].mul(x * 2.0 + w)?), Some(gy[0].mul(x)?)].into_iter().collect())
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        let told = WorkedPlanted(self.0, calculation.output.shape().to_vec());
        if self.0 == Mistake::NothingTold { None } else { Some(Box::new(told)) }
    }
}

struct WorkedPlanted(Mistake, Vec<usize>);

impl Worked for WorkedPlanted {
    fn parts(&self) -> Vec<Part> {
        vec![Part { letter: "s", shape: self.1.clone() }]
    }
    fn part(&self, _: usize, at: usize) -> Expression<Operand> {
        let w = Operand::input(1, if self.0 == Mistake::Part { 0 } else { at });
        Operand::input(0, at).plus(w)
    }
    fn value(&self, at: usize) -> Expression<Operand> {
        let product = Operand::input(0, at).times(Operand::part(0, at));
        if self.0 == Mistake::Value { product.plus(Expression::Number(1e-9)) } else { product }
    }
    fn slopes(&self, at: usize) -> Vec<(Operand, Expression<Operand>)> {
        let factor = if self.0 == Mistake::Slope { 2.0 + 1e-9 } else { 2.0 };
        let by_x = Expression::Number(factor).times(Operand::input(0, at)).plus(Operand::input(1, at));
        let mut slopes = vec![(Operand::Input { input: 0, at }, by_x)];
        if self.0 != Mistake::SlopeForgotten {
            slopes.push((Operand::Input { input: 1, at }, Operand::input(0, at)));
        }
        slopes
    }
}

/// What the test above does with a function that tells something wrong.
#[test]
fn a_function_that_tells_something_wrong_fails_the_test() {
    let failures = |mistake| {
        let call = move |v: &[Variable]| apply(Planted(mistake), &[&v[0].exp(), &v[1]]);
        check_sample(&Sample::new(&[(&[3], -1.0, 1.0), (&[3], 1.0, 2.0)], call), &mut BTreeSet::new()).err().unwrap_or_default()
    };
    assert_eq!(failures(Mistake::None), "");
    assert_eq!(failures(Mistake::NothingTold), "`planted` does not tell how it is worked out");
    assert!(failures(Mistake::Value).starts_with("`planted` element 0 is worked out as"));
    assert!(failures(Mistake::Part).starts_with("`planted` element 1 is worked out as"));
    assert!(failures(Mistake::Slope).starts_with("the derivative of element 0 by element 0 of an input is"));
    assert!(failures(Mistake::SlopeForgotten).starts_with("the derivative of element 0 by element 0 of an input is 0, not"));
}

/// Every number of one step of training of `network` that disagrees with its line.
fn disagreements(network: &str, input_shape: &[usize], loss: &str, samples: usize) -> Vec<String> {
    let mut stream = Stream::new(7, "problem");
    let options = NetworkOptions { seed: 3, double: true, ..NetworkOptions::default() };
    let network = Network::new(network, input_shape, &options).unwrap();
    let input = stream.uniform(&[&[samples], input_shape].concat(), -1.0, 1.0, DType::F64).unwrap();
    let outputs = network.output_shape()[0];
    let target = match loss {
        "cross_entropy" | "softmax_cross_entropy" => {
            let labels: Vec<i64> = (0..samples).map(|sample| (sample % outputs) as i64).collect();
            Array::from_slice(&labels, &[samples]).unwrap()
        }
        _ => stream.uniform(&[samples, outputs], 0.0, 1.0, DType::F64).unwrap(),
    };
    let name = format!("{} of {input_shape:?} with {loss}, {samples} samples", network.notation());
    let problem =
        Problem { name, network, loss: Loss::named(loss).unwrap(), input, target, optimizer: "sgd".into(), learning_rate: 0.1 };
    let derivation = Derivation::new(&problem).unwrap_or_else(|error| panic!("{}: {error}", problem.name));
    // The network and the loss themselves, and for every parameter its gradient and its update, are among the numbers.
    let y = problem.network.forward(&Variable::constant(problem.input.clone())).unwrap();
    let values = |block: usize| derivation.blocks[block].values.clone();
    // A function with a kernel of its own rounds otherwise than the composition that is worked out.
    let same = |block: usize, expected: &Array| {
        let (got, expected) = (values(block), expected.to_f64_vec());
        let fits = got.len() == expected.len() && got.iter().zip(&expected).all(|(&g, &e)| close(g, e));
        assert!(fits, "{}: {got:?} ≠ {expected:?}", problem.name);
    };
    same(derivation.output, y.array());
    same(derivation.loss, problem.loss.of(&y, &problem.target).unwrap().array());
    for (parameter, block) in &derivation.parameters {
        let both = derivation.gradient_of(*block).is_some() && derivation.updated(*block).is_some();
        assert!(both, "{}: {parameter}", problem.name);
    }
    let line = |id: usize| {
        let (got, expected) = (derivation.worked_value(id), derivation.value(id));
        let fits = (got - expected).abs() <= 1e-9 * expected.abs() + 1e-15;
        (!fits).then(|| format!("{}: {} is {got}, not {expected}", problem.name, derivation.symbol(id).text()))
    };
    (0..derivation.len()).filter_map(line).collect()
}

#[test]
fn every_number_of_a_step_of_training_follows_from_its_line() {
    let mut failures = Vec::new();
    for samples in [1, 4] {
        for (network, shape, loss) in [
            ("linear(3) tanh linear(2)", &[2][..], "mean_squared_error"),
            ("linear(4) relu linear(3) softmax", &[2], "cross_entropy"),
            ("linear(4) relu linear(3)", &[2], "softmax_cross_entropy"),
            ("tanh linear(2) leaky_relu linear(1)", &[3], "sigmoid_cross_entropy"),
            ("linear(3) softplus linear(2) softplus", &[2], "mean_squared_error"),
            ("linear(3) gelu linear(2) gelu", &[2], "sum_squared_error"),
            ("linear(3) silu linear(2) silu", &[2], "mean_absolute_error"),
            ("linear(3) sigmoid linear(2)", &[2, 3], "mean_squared_error"),
            ("flatten linear(2) tanh", &[2, 3], "mean_squared_error"),
            ("tanh flatten linear(2)", &[2, 3], "mean_squared_error"),
            ("linear(1)", &[1], "mean_squared_error"),
            ("conv(2,2) relu maxpool(2) flatten linear(2)", &[1, 5, 4], "softmax_cross_entropy"),
            ("conv(2,2) tanh adaptivemaxpool(2) adaptiveavgpool(3) globalmaxpool", &[1, 4, 4], "mean_squared_error"),
            ("conv(2,3,padding=same,nobias) tanh avgpool(2) conv(2,1,groups=2) globalpool", &[2, 4, 4], "mean_squared_error"),
            ("reshape(1,2,3) conv(1,2,stride=1x2) sigmoid flatten", &[6], "mean_squared_error"),
            ("linear(4) maxout(2) linear(3) prelu linear(2) prelu(shared)", &[2], "mean_squared_error"),
            ("conv(4,2) prelu maxout(2) flatten linear(2)", &[1, 3, 4], "softmax_cross_entropy"),
            ("linear(3) elu(0.5) linear(2) clipped_relu(0.1)", &[2], "mean_squared_error"),
            ("lstm(2) last linear(1)", &[2, 2], "mean_squared_error"),
            ("gru(2,both) last linear(2)", &[2, 1], "softmax_cross_entropy"),
            ("reshape(3,1) rnn(2,layers=2) flatten linear(2)", &[3], "mean_squared_error"),
            ("linear(4) layernorm relu linear(2)", &[2], "mean_squared_error"),
            ("conv(2,2) batchnorm relu flatten linear(2)", &[1, 3, 3], "softmax_cross_entropy"),
            ("rmsnorm linear(4) groupnorm(2) tanh linear(1)", &[3], "mean_squared_error"),
            ("attention(1) flatten linear(2)", &[3, 2], "mean_squared_error"),
            ("positions attention(2,causal) last linear(2)", &[2, 2], "softmax_cross_entropy"),
            ("reshape(1,2,2) upsample(2) convtranspose(1,2) maxpool(2) globalpool", &[4], "mean_squared_error"),
            ("linear(4) res(linear(4) tanh) checkpoint(linear(2) tanh)", &[2], "mean_squared_error"),
        ] {
            failures.extend(disagreements(network, shape, loss, samples));
        }
        for activation in ACTIVATIONS {
            let network = format!("linear(3) {0} linear(2) {0}", activation.name);
            failures.extend(disagreements(&network, &[2], "mean_squared_error", samples));
        }
        for loss in LOSSES {
            failures.extend(disagreements("linear(3) sigmoid", &[2], loss.name, samples));
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}
