//! How long a function takes.

use std::time::{Duration, Instant};

use crate::autograd::{Backward, Variable};
use crate::error::Result;
use crate::functions::Entry;

/// How long a function took on its timed sample, in f32.
#[derive(Debug, Clone)]
pub struct FunctionTime {
    /// The shapes of its inputs.
    pub shapes: Vec<Vec<usize>>,
    /// The number of elements of the largest array, be it an input or the result.
    pub elements: usize,
    /// Nanoseconds of the forward pass for each of these elements. The graph is recorded, as in training.
    pub forward: f64,
    /// Nanoseconds of the backward pass for each of these elements: the gradients by all inputs, and dropping the graph.
    pub backward: f64,
}

/// It runs at least so often.
const FEWEST: usize = 3;

/// Measures a function of the registry forward and backward, in f32, on [`Entry::timed_sample`]: about 65,536 numbers, which
/// stay in the processor's caches. It runs for about `time`, at least three times; the medians count. Threads are used
/// as always: [`set_threads`](crate::set_threads) says how many. `None` if the function has no timed sample.
///
/// # Errors
///
/// What the function or its backward rule returns.
pub fn function_time(entry: &Entry, time: Duration) -> Result<Option<FunctionTime>> {
    let Some(sample) = entry.timed_sample() else { return Ok(None) };
    let inputs: Vec<Variable> = sample.inputs.iter().cloned().map(Variable::parameter).collect();
    let call = || (sample.call)(&inputs);
    // Also the warm-up: memory is asked of the system, and the vector instructions are chosen.
    let result = call()?;
    // The order in memory is that of the result, as that of a gradient from the next layer is.
    let upstream = result.array().scale(0.5);
    let elements = inputs.iter().chain([&result]).map(Variable::len).max().unwrap_or(0).max(1);
    Backward::new().start(upstream.clone()).run(&result)?;

    let (mut forward, mut backward) = (Vec::new(), Vec::new());
    let began = Instant::now();
    while began.elapsed() < time || forward.len() < FEWEST {
        let start = Instant::now();
        let y = call()?;
        let middle = Instant::now();
        drop(Backward::new().start(upstream.clone()).run(&y)?);
        drop(y);
        let end = Instant::now();
        forward.push(middle - start);
        backward.push(end - middle);
    }
    let each = |times: Vec<Duration>| median(times).as_secs_f64() * 1e9 / elements as f64;
    let shapes = inputs.iter().map(|x| x.shape().to_vec()).collect();
    Ok(Some(FunctionTime { shapes, elements, forward: each(forward), backward: each(backward) }))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
