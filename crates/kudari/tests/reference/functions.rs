//! Every function of the registry: values and gradients, f64 and f32.

use std::collections::{BTreeMap, BTreeSet};

use kudari::array::Slice;
use kudari::autograd::Backward;
use kudari::functions::{
    Conv1dOptions, Conv2dOptions, adaptive_average_pool2d, adaptive_max_pool2d, average_pool2d, choose, concatenate,
    conv_transpose2d, conv1d, conv2d, cross_entropy, linear, max_pool2d, mean_absolute_error, mean_squared_error, registry,
    sigmoid_cross_entropy, softmax_cross_entropy, stack, sum_squared_error,
};
use kudari::{Array, DType, Result, Variable, grad};
use serde_json::Value;

use crate::data::{Relative, array, dtype, index_of, integers, numbers, rule, sizes, worst};

/// Calls the function of a name on inputs, with the arguments of its case.
type Call = fn(&str, &[Variable], &Value) -> Result<Variable>;

/// The reference values, family by family, and the calls of the functions in them.
const FAMILIES: &[(&str, Call)] = &[
    (include_str!("functions.json"), call),
    (include_str!("attention.json"), crate::attention::call),
    (include_str!("losses.json"), crate::losses::call),
    (include_str!("normalization.json"), crate::normalization::call),
    (include_str!("elementary.json"), crate::elementary::call),
    (include_str!("arrange.json"), crate::arrange::call),
    (include_str!("recurrent.json"), crate::recurrent::call),
];

/// Calls the function of that name as the registry's `usage` says.
fn call(name: &str, v: &[Variable], args: &Value) -> Result<Variable> {
    let number = |key: &str| args[key].as_f64().expect(key);
    let axis = || args["axis"].as_i64().expect("axis") as isize;
    let axes = || (integers(&args["axes"]), args["keep"].as_bool().expect("keep"));
    let indices = || array(&args["indices"], DType::I64);
    let x = &v[0];
    match name {
        "add" => x.add(&v[1]),
        "sub" => x.sub(&v[1]),
        "mul" => x.mul(&v[1]),
        "div" => x.div(&v[1]),
        "pow" => x.pow(&v[1]),
        "maximum" => x.maximum(&v[1]),
        "minimum" => x.minimum(&v[1]),
        "neg" => Ok(x.neg()),
        "exp" => Ok(x.exp()),
        "log" => Ok(x.log()),
        "sqrt" => Ok(x.sqrt()),
        "square" => Ok(x.square()),
        "abs" => Ok(x.abs()),
        "sign" => Ok(x.sign()),
        "sin" => Ok(x.sin()),
        "cos" => Ok(x.cos()),
        "erf" => Ok(x.erf()),
        "clip" => Ok(x.clip(number("low"), number("high"))),
        "identity" => Ok(x.identity()),
        "step" => Ok(x.step()),
        "sigmoid" => Ok(x.sigmoid()),
        "tanh" => Ok(x.tanh()),
        "relu" => Ok(args["kink"].as_f64().map_or_else(|| x.relu(), |kink| x.relu_with(kink))),
        "leaky_relu" => Ok(x.leaky_relu(number("slope"))),
        "softplus" => Ok(x.softplus()),
        "gelu" => Ok(x.gelu()),
        "gelu_tanh" => Ok(x.gelu_tanh()),
        "silu" => Ok(x.silu()),
        "sum" => x.sum_axes(&axes().0, axes().1),
        "mean" => x.mean_axes(&axes().0, axes().1),
        "variance" => x.variance_axes(&axes().0, axes().1),
        "max" => x.max_axes(&axes().0, axes().1),
        "min" => x.min_axes(&axes().0, axes().1),
        "logsumexp" => x.logsumexp_axes(&axes().0, axes().1),
        "softmax" => x.softmax(axis()),
        "log_softmax" => x.log_softmax(axis()),
        "matmul" => x.matmul(&v[1]),
        "linear" => linear(x, &v[1], v.get(2)),
        "conv2d" if x.rank() == 3 => conv1d(x, &v[1], v.get(2), &sequence_options(args)),
        "conv2d" => conv2d(x, &v[1], v.get(2), &options(args)),
        "conv2d_weight_gradient" => {
            let w = Variable::parameter(Array::zeros(&sizes(&args["w"]), x.dtype())?);
            slope(&conv2d(x, &w, None, &options(args))?, &w, &v[1])
        }
        "conv_transpose2d" => conv_transpose2d(x, &v[1], v.get(2), &options(args), pair(&args["output_padding"])),
        "max_pool2d" => max_pool2d(x, pair(&args["size"]), pair(&args["stride"]), pair(&args["padding"])),
        "average_pool2d" => average_pool2d(x, pair(&args["size"]), pair(&args["stride"]), pair(&args["padding"])),
        "adaptive_max_pool2d" => adaptive_max_pool2d(x, pair(&args["size"])),
        "adaptive_average_pool2d" => adaptive_average_pool2d(x, pair(&args["size"])),
        "adaptive_average_pool2d_spread" => {
            let picture = Variable::parameter(array(&args["picture"], DType::F64).to_dtype(x.dtype()));
            slope(&adaptive_average_pool2d(&picture, pair(&args["size"]))?, &picture, x)
        }
        "max_pool2d_scatter" | "average_pool2d_spread" => {
            let picture = Variable::parameter(array(&args["picture"], DType::F64).to_dtype(x.dtype()));
            let pooling = if name == "max_pool2d_scatter" { max_pool2d } else { average_pool2d };
            slope(&pooling(&picture, pair(&args["size"]), pair(&args["stride"]), pair(&args["padding"]))?, &picture, x)
        }
        "max_pool2d_pick" => {
            let picture = Variable::parameter(array(&args["picture"], DType::F64).to_dtype(x.dtype()));
            let pooled = max_pool2d(&picture, pair(&args["size"]), pair(&args["stride"]), pair(&args["padding"]))?;
            let g = Variable::parameter(pooled.array().full_like(1.0));
            slope(&slope(&pooled, &picture, &g)?, &g, x)
        }
        "reshape" => x.reshape(&integers(&args["sizes"])),
        "permute" => x.permute(&integers(&args["order"])),
        "broadcast_to" => x.broadcast_to(&sizes(&args["shape"])),
        "sum_to" => x.sum_to(&sizes(&args["shape"])),
        "slice" => x.slice(&slices(&args["slices"])),
        "embed" => x.embed(&sizes(&args["shape"]), &slices(&args["slices"])),
        "concatenate" if args["stack"] == true => stack(&v.iter().collect::<Vec<_>>(), axis()),
        "concatenate" => concatenate(&v.iter().collect::<Vec<_>>(), axis()),
        "to_dtype" => x.to_dtype(dtype(args["to"].as_str().expect("to"))),
        "gather" => x.gather(&indices(), axis()),
        "scatter_add" => x.scatter_add(&indices(), axis(), &sizes(&args["shape"])),
        "choose" => choose(&array(&args["condition"], DType::Bool), x, &v[1]),
        "sum_squared_error" => sum_squared_error(x, &v[1]),
        "mean_squared_error" => mean_squared_error(x, &v[1]),
        "mean_absolute_error" => mean_absolute_error(x, &v[1]),
        "sigmoid_cross_entropy" => sigmoid_cross_entropy(x, &v[1]),
        "cross_entropy" => cross_entropy(x, target(&args["target"], x), number("epsilon")),
        "softmax_cross_entropy" => softmax_cross_entropy(x, target(&args["target"], x)),
        _ => panic!("`{name}` is not in a table of calls of tests/reference: add it there and to the script of its family"),
    }
}

/// The gradient by x of y with the upstream gradient g, as a function of everything that it depends on.
fn slope(y: &Variable, x: &Variable, g: &Variable) -> Result<Variable> {
    Ok(grad(&[&y.mul(g)?.sum()], &[x])?.remove(0))
}

/// Two sizes, vertical and horizontal.
fn pair(json: &Value) -> [usize; 2] {
    sizes(json).try_into().expect("two sizes")
}

fn options(args: &Value) -> Conv2dOptions {
    let [stride, padding, dilation] = ["stride", "padding", "dilation"].map(|key| pair(&args[key]));
    Conv2dOptions { stride, padding, dilation, groups: args["groups"].as_u64().expect("groups") as usize }
}

fn sequence_options(args: &Value) -> Conv1dOptions {
    let [stride, padding, dilation, groups] =
        ["stride", "padding", "dilation", "groups"].map(|key| args[key].as_u64().expect(key) as usize);
    Conv1dOptions { stride, padding, dilation, groups }
}

fn slices(json: &Value) -> Vec<Slice> {
    let slice = |s: &Value| {
        let step = s[2].as_u64().expect("a step") as usize;
        Slice::new(s[0].as_i64().expect("a start") as isize, s[1].as_i64().map(|to| to as isize), step)
    };
    json.as_array().expect("slices").iter().map(slice).collect()
}

/// Labels, or probabilities in the type of `y`.
fn target(json: &Value, y: &Variable) -> Array {
    array(json, if json["i"] == true { DType::I64 } else { y.dtype() })
}

/// For every function and type the largest error so far and how many numbers were compared: of values, of gradients.
pub type Worst = BTreeMap<(String, &'static str), [(f64, usize); 2]>;

/// One case in one type, and what came of it.
struct Trial<'a> {
    case: &'a Value,
    call: Call,
    name: String,
    dtype: DType,
    failures: &'a mut Vec<String>,
    worst: &'a mut Worst,
}

impl Trial<'_> {
    /// Compares one array and notes the error.
    fn compare(&mut self, what: &str, got: &Array, shape: &[usize], expected: &str, wanted: DType) {
        let label = format!("{} ({}, {what})", self.name, self.dtype);
        if got.shape() != shape || got.dtype() != wanted {
            let text = format!("{label}: {:?} of {}, expected {shape:?} of {wanted}", got.shape(), got.dtype());
            return self.failures.push(text);
        }
        let (got, expected) = (got.to_f64_vec(), numbers(expected, wanted));
        let is_value = what.starts_with("value");
        let each = self.case["each"] == true || (is_value && self.case["each"] == "value");
        let relative = if each { Relative::ToEach } else { Relative::ToLargest };
        let (error, at) = worst(&got, &expected, wanted, relative);
        let key = (self.case["f"].as_str().unwrap().to_string(), self.dtype.name());
        let place = &mut self.worst.entry(key).or_default()[usize::from(!is_value)];
        *place = (place.0.max(error), place.1 + got.len());
        // NaN would pass a test for being larger.
        let within = error <= tolerance(self.dtype);
        if !within {
            let (index, got, expected) = (index_of(at, shape), got[at], expected[at]);
            self.failures.push(format!("{label} at {index:?}: {got:e}, reference {expected:e}, error {error:.1e} {relative:?}"));
        }
    }

    /// The function's value and both ways to its gradients, on inputs that lie contiguously in memory or not.
    fn run(&mut self, upstream: &Value, strided: bool) -> Result<()> {
        let args = &self.case["args"];
        let result = &self.case[self.dtype.name()];
        // The same digits for both types, where everything is exact.
        let result = if result == "same" { &self.case["f64"] } else { result };
        let shape = sizes(&self.case["s"]);
        let wanted = args["to"].as_str().map_or(self.dtype, dtype);
        let layout = if strided { ", strided" } else { "" };
        let inputs: Vec<Variable> = self.case["x"]
            .as_array()
            .expect("inputs")
            .iter()
            .map(|x| array(x, self.dtype))
            // Written in the opposite order of axes and turned back.
            .map(|x| if strided { x.transpose().copy().transpose() } else { x })
            .map(Variable::parameter)
            .collect();
        let before: Vec<Array> = inputs.iter().map(|x| x.array().copy()).collect();
        let y = (self.call)(self.case["f"].as_str().unwrap(), &inputs, args)?;
        self.compare(&format!("value{layout}"), y.array(), &shape, result["y"].as_str().unwrap(), wanted);
        if let Some(expected) = result["g"].as_array() {
            let start = rule(upstream, &shape).to_dtype(wanted);
            let by_grad = grad(&[&y.mul(&start)?.sum()], &inputs.iter().collect::<Vec<_>>())?;
            let by_backward = Backward::new().start(start).run(&y)?;
            assert_eq!(expected.len(), inputs.len(), "{}: number of gradients", self.name);
            for (i, (x, expected)) in inputs.iter().zip(expected).enumerate() {
                let zero = x.array().full_like(0.0);
                let found = [("backward", by_backward.get(x).unwrap_or(&zero)), ("grad", by_grad[i].array())];
                for (way, gradient) in found {
                    let what = format!("gradient {i} by {way}{layout}");
                    self.compare(&what, gradient, x.shape(), expected.as_str().unwrap(), self.dtype);
                }
            }
        }
        if inputs.iter().zip(&before).any(|(x, b)| !x.array().same_as(b)) {
            self.failures.push(format!("{}: an input was changed", self.name));
        }
        Ok(())
    }
}

/// A few times the worst error there is (1e-15 and 6e-7), whatever it is relative to.
pub fn tolerance(dtype: DType) -> f64 {
    if dtype == DType::F32 { 3e-6 } else { 1e-14 }
}

#[test]
fn every_function_agrees_with_pytorch() {
    let (mut failures, mut worst) = (Vec::new(), Worst::new());
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let read = |&(json, call): &(&str, Call)| (serde_json::from_str::<Value>(json).unwrap(), call);
    let families: Vec<(Value, Call)> = FAMILIES.iter().map(read).collect();
    let cases =
        families.iter().flat_map(|(file, call)| file["cases"].as_array().unwrap().iter().map(move |case| (file, case, *call)));
    for (file, case, call) in cases {
        let name = case["f"].as_str().unwrap();
        let number = numbers.entry(name).or_default();
        *number += 1;
        for dtype in [DType::F64, DType::F32].into_iter().filter(|d| !case[d.name()].is_null()) {
            for strided in [false, true] {
                let name = format!("{name}, case {number}");
                let (failures, worst) = (&mut failures, &mut worst);
                let mut trial = Trial { case, call, name, dtype, failures, worst };
                if let Err(error) = trial.run(&file["upstream"], strided) {
                    let text = format!("{} ({dtype}): {error}", trial.name);
                    trial.failures.push(text);
                }
            }
        }
    }
    for ((name, dtype), [(value, _), (gradient, _)]) in &worst {
        println!("{name:24} {dtype}  value {value:.1e}  gradient {gradient:.1e}");
    }
    let compared: usize = worst.values().flatten().map(|(_, count)| count).sum();
    let shown: Vec<&String> = failures.iter().take(40).collect();
    assert!(failures.is_empty(), "{} arrays differ ({compared} numbers compared):\n{shown:#?}", failures.len());

    let registered: BTreeSet<&str> = registry().map(|entry| entry.name).collect();
    let referenced: BTreeSet<&str> = numbers.keys().copied().collect();
    let missing: Vec<_> = registered.difference(&referenced).collect();
    assert!(missing.is_empty(), "no reference values for {missing:?}: add them to tests/reference/generate.py");
    let unknown: Vec<_> = referenced.difference(&registered).collect();
    assert!(unknown.is_empty(), "reference values for {unknown:?}, which the registry does not have");
    for (name, dtype) in registered.iter().flat_map(|name| [(name, "f64"), (name, "f32")]) {
        let counts = worst.get(&(name.to_string(), dtype)).map(|both| both.map(|(_, count)| count));
        assert!(counts.is_some_and(|c| c[0] >= 10 && c[1] >= 10), "{name} in {dtype}: only {counts:?} numbers were compared");
    }
    assert!(registered.len() >= 60 && compared > 60_000, "{} functions, {compared} numbers compared", registered.len());
    crate::errors::compare_or_write(&worst);
}
