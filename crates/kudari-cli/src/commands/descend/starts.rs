//! `kudari descend --starts`: which minima random starts find.

use kudari::array::Stream;
use kudari::descent::Basins;
use kudari::expression::TextStyle;
use kudari::{Error, ErrorKind, optimizers};
use serde_json::{Value, json};

use super::watch::Watch;
use super::{Arguments, Source, Task, draw_basins, short};
use crate::commands::differentiate::located;
use crate::failure::Failure;
use crate::output::{self, json_object, number};

/// Random points lie here where no range is known.
const RANGE: (f64, f64) = (-5.0, 5.0);
/// Longer tables are cut.
const MOST_ROWS: usize = 20;
/// Two minima nearer than this are one.
const SAME: f64 = 0.1;

/// Descends from `count` random points.
pub fn run(task: &Task, arguments: &Arguments, count: usize, watch: &mut Watch) -> Result<(), Failure> {
    let usage = |what: &str, help: &str| Err(Failure::Usage(Error::new(ErrorKind::Value, what).help(help)));
    let [(name, learning_rate)] = &task.runs[..] else {
        return usage("--starts with several optimizers or learning rates", "choose one of each");
    };
    if arguments.gradient == Source::Numerical {
        return usage("--starts with a numerical gradient", "leave --gradient out: random starts use the exact one");
    }
    let variables = task.formula.variables().len();
    if arguments.plot.is_some() && variables != 2 {
        return usage("--starts --plot: basins are drawn for two variables", "leave --plot out");
    }
    let ranges: Vec<(f64, f64)> = (0..variables).map(|i| task.ranges.map_or(RANGE, |ranges| ranges[i.min(1)])).collect();
    let mut stream = Stream::new(arguments.seed, "starts");
    let mut start = || ranges.iter().map(|(low, high)| low + (high - low) * stream.next_uniform()).collect::<Vec<f64>>();
    let starts = (0..count).map(|_| start()).collect();
    let maps = if arguments.plot.is_some() { 2 } else { 1 };
    watch.begin(maps * task.steps);
    let mut find = |starts: Vec<Vec<f64>>| -> Result<Basins, Failure> {
        let mut optimizer = optimizers::parse(name, *learning_rate)?;
        Ok(Basins::find(&task.formula, starts, optimizer.as_mut(), task.steps, &mut |_| watch.go_on())?)
    };
    let found = find(starts)?;
    let picture = match &arguments.plot {
        Some(path) => Some((draw_basins::basins(task, &found, &ranges, &mut find)?, path)),
        None => None,
    };
    watch.finish();
    if arguments.json {
        output::print(json_of(task, &found))?;
    } else {
        print(task, &found, &format!("{name}, η = {}, {} steps", number(*learning_rate), task.steps))?;
    }
    if let Some((picture, path)) = picture {
        kudari_plot::save(&picture, path)?;
    }
    Ok(())
}

/// A number that only rounding keeps from 0 as 0.
fn whole(x: f64) -> f64 {
    if x.abs() < 1e-12 { 0.0 } else { x }
}

/// Whether a minimum is one of those that are known.
fn is_known(task: &Task, minimum: &[f64]) -> bool {
    task.minima().iter().any(|known| known.iter().zip(minimum).all(|(a, b)| (a - b).abs() < SAME))
}

fn print(task: &Task, found: &Basins, how: &str) -> Result<(), Failure> {
    output::print(task.headline())?;
    if let Some(known) = task.known {
        output::print(format_args!("{}: {}", known.name, known.about))?;
    }
    output::print(format_args!("{} random starts, {how}\n", found.starts.len()))?;
    let mut rows = vec![["minimum", "f", "starts", ""].map(str::to_string).to_vec()];
    for basin in found.basins.iter().take(MOST_ROWS) {
        let place: Vec<String> = basin.minimum.iter().map(|&x| short(whole(x))).collect();
        let known = if is_known(task, &basin.minimum) { "known global minimum" } else { "" };
        rows.push(vec![
            format!("({})", place.join(", ")),
            short(whole(basin.value)),
            basin.starts.to_string(),
            known.to_string(),
        ]);
    }
    if !found.basins.is_empty() {
        output::table(&rows)?;
    }
    if found.basins.len() > MOST_ROWS {
        let rest: usize = found.basins[MOST_ROWS..].iter().map(|basin| basin.starts).sum();
        output::print(format_args!("and {} more, with {rest} starts", found.basins.len() - MOST_ROWS))?;
    }
    if found.on_their_way > 0 {
        output::print(format_args!("still on their way: {} (more --steps?)", found.on_their_way))?;
    }
    if found.lost > 0 {
        output::print(format_args!("ran away: {} (a smaller --learning-rate?)", found.lost))?;
    }
    let missed = task.minima().iter().filter(|known| {
        let near = |m: &[f64]| known.iter().zip(m).all(|(a, b)| (a - b).abs() < SAME);
        !found.basins.iter().any(|basin| near(&basin.minimum))
    });
    for known in missed {
        output::print(format_args!("not found: the minimum at {}", located("", known)))?;
    }
    Ok(())
}

fn json_of(task: &Task, found: &Basins) -> String {
    let minima = found.basins.iter().map(|basin| {
        json!({ "at": basin.minimum, "value": basin.value, "starts": basin.starts, "known": is_known(task, &basin.minimum) })
    });
    json_object(&[
        ("formula", task.formula.text(TextStyle::Ascii).into()),
        ("variables", task.formula.variables().into()),
        ("starts", found.starts.len().into()),
        ("minima", minima.collect::<Vec<Value>>().into()),
        ("on_their_way", found.on_their_way.into()),
        ("lost", found.lost.into()),
    ])
}
