//! Causal attention of one sample with four heads of 32 numbers: time and memory against the length of the sequence.

use std::path::Path;
use std::process::Command;

use kudari::array::Stream;
use kudari::autograd::Backward;
use kudari::functions::{AttentionOptions, attention};
use kudari::{DType, Error, ErrorKind, Result, Variable};
use kudari_plot::{Plot, Scale};
use serde_json::{Value, json};

use crate::measure::{Repetitions, forget_peak_memory, measure, peak_memory};

const LENGTHS: [usize; 7] = [64, 128, 256, 512, 1024, 2048, 4096];
const HEADS: usize = 4;
const DEPTH: usize = 32;

/// Prints a line for every length unless the numbers are wanted only. Each is measured by a process of its own, since memory that
/// was in use once is kept for the next.
pub fn run(repetitions: &Repetitions, silent: bool) -> Result<Vec<Value>> {
    if !silent {
        println!("\n{:<26} {:<14} {:>10} {:>12}", "attention, causal", "q, k and v", "ms", "grows by MB");
    }
    let mut rows = Vec::new();
    for length in LENGTHS {
        let row = in_a_process(length, repetitions).map_err(|e| e.context(format_args!("attention of length {length}")))?;
        if !silent {
            let input = format!("1×{HEADS}×{length}×{DEPTH}");
            let number = |name: &str| row[name].as_f64().unwrap_or(f64::NAN);
            println!("{:<26} {input:<14} {:>10.3} {:>12.1}", "forward and backward", number("both_ms"), number("growth_mb"));
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Draws time and memory against the length, with lines that grow with the square of the length and with the length itself.
pub fn draw(rows: &[Value], folder: &Path) -> Result<()> {
    let points = |name: &str| -> Vec<(f64, f64)> {
        rows.iter().filter_map(|row| Some((row["length"].as_f64()?, row[name].as_f64()?))).collect()
    };
    let along = |points: &[(f64, f64)], power: f64| -> Vec<(f64, f64)> {
        let Some(&(last, value)) = points.last() else { return Vec::new() };
        points.iter().map(|&(length, _)| (length, value * (length / last).powf(power))).collect()
    };
    let pictures = [
        ("attention-time", "forward and backward, causal attention of 4 heads of 32", "ms", points("both_ms"), 2.0, "∝ length²"),
        ("attention-memory", "by how much the process grows", "MB", points("growth_mb"), 1.0, "∝ length"),
    ];
    for (file, title, unit, points, power, law) in pictures {
        let plot = Plot::new(title)
            .x_label("length")
            .y_label(unit)
            .x_scale(Scale::Logarithmic)
            .y_scale(Scale::Logarithmic)
            .line(law, &along(&points, power))
            .points("measured", &points);
        let path = folder.join(format!("{file}.svg"));
        let picture = plot.picture(560.0, 360.0).and_then(|picture| kudari_plot::save(&picture, &path));
        picture.map_err(|e| Error::new(ErrorKind::Value, e.to_string()))?;
    }
    Ok(())
}

fn in_a_process(length: usize, repetitions: &Repetitions) -> Result<Value> {
    let failed = |what: String| Error::new(ErrorKind::Io, what);
    let program = std::env::current_exe().map_err(|e| failed(e.to_string()))?;
    let numbers = [
        ("--length", length.to_string()),
        ("--threads", kudari::threads().to_string()),
        ("--reps", repetitions.reps.to_string()),
        ("--rep-seconds", repetitions.rep_seconds.to_string()),
    ];
    let arguments = numbers.iter().flat_map(|(name, number)| [*name, number.as_str()]);
    let output = Command::new(program).arg("layers").args(arguments).output().map_err(|e| failed(e.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_string()));
    }
    serde_json::from_slice(&output.stdout).map_err(|e| failed(e.to_string()))
}

/// A forward and backward pass with numbers that it makes once, and one number of the result.
fn pass(length: usize) -> Result<impl FnMut() -> Result<f64>> {
    let mut stream = Stream::new(1, "attention");
    let mut random = || stream.uniform(&[1, HEADS, length, DEPTH], -1.0, 1.0, DType::F32);
    let [q, k, v] = [random()?, random()?, random()?].map(Variable::parameter);
    let start = random()?;
    let options = AttentionOptions { causal: true, ..AttentionOptions::default() };
    Ok(move || {
        let y = attention(&q, &k, &v, &options)?;
        Backward::new().start(start.clone()).run(&y)?;
        y.array().get(&[0, 0, 0, 0])
    })
}

/// Measures one length and prints one line of JSON: milliseconds of a forward and backward pass, and by how much the process
/// grows.
pub fn one(length: usize, repetitions: &Repetitions) -> Result<()> {
    // What the first pass needs whatever its length, code above all, does not count.
    pass(8)?()?;
    let mut pass = pass(length)?;
    forget_peak_memory();
    let before = peak_memory();
    let both = measure(repetitions, |_| pass())?;
    println!("{}", json!({ "length": length, "both_ms": 1e3 / both.median(), "growth_mb": peak_memory() - before }));
    Ok(())
}
