//! What a comparison says, for people and as JSON.

use kudari::Result;
use kudari::metrics::{MeanDeviation, WelchTest, holm, welch_test};
use serde_json::{Value, json};

use super::measure::Measure;
use super::runs::{Group, Run};
use crate::output::{Output, duration, json_object};

/// Below this p a difference counts as more than the spread over seeds.
const LEVEL: f64 = 0.05;
/// With more groups than this only their comparisons with the best one are printed.
const ALL_PAIRS: usize = 4;

/// Groups of trainings, the best first, and how they differ.
pub struct Comparison {
    /// The groups.
    pub groups: Vec<Group>,
    /// What is judged.
    pub measure: Measure,
    best: bool,
    pairs: Vec<Pair>,
}

/// Two groups.
struct Pair {
    groups: (usize, usize),
    /// The test and its corrected p-value, or why there is none.
    judged: std::result::Result<(WelchTest, f64), String>,
}

impl Comparison {
    /// Compares every two groups by the kept or best value of a measure.
    pub fn new(mut groups: Vec<Group>, measure: Measure, best: bool) -> Result<Comparison> {
        let order = |group: &Group| {
            let mean = spread(group, measure, best).map_or(f64::NAN, |s| s.mean);
            // What is no number comes last.
            if mean.is_nan() {
                f64::INFINITY
            } else if measure.is_loss() {
                mean
            } else {
                -mean
            }
        };
        groups.sort_by(|a, b| order(a).total_cmp(&order(b)));
        let values: Vec<Vec<f64>> = groups.iter().map(|group| ends(group, measure, best)).collect();
        let mut pairs = Vec::new();
        for (i, first) in values.iter().enumerate() {
            for (j, second) in values.iter().enumerate().skip(i + 1) {
                let judged = match unfit(&groups, &values, [i, j]) {
                    Some(why) => Err(why),
                    None => Ok(welch_test(first, second).map(|test| (test, test.p_value))?),
                };
                pairs.push(Pair { groups: (i, j), judged });
            }
        }
        let plain: Vec<f64> = pairs.iter().filter_map(|pair| pair.judged.as_ref().ok().map(|judged| judged.1)).collect();
        let judged = pairs.iter_mut().filter_map(|pair| pair.judged.as_mut().ok());
        judged.zip(holm(&plain)).for_each(|(judged, corrected)| judged.1 = corrected);
        Ok(Comparison { groups, measure, best, pairs })
    }

    fn spread(&self, group: usize) -> Option<MeanDeviation> {
        spread(self.groups.get(group)?, self.measure, self.best)
    }

    /// Says it to people.
    pub fn print(&self, output: &Output) {
        for (i, line) in self.table().into_iter().enumerate() {
            output.line(if i == 0 { output.bold(&line) } else { line });
        }
        let letters = self.groups.len() > 1;
        if letters {
            output.line("");
        }
        let shown = |pair: &&Pair| self.groups.len() <= ALL_PAIRS || pair.groups.0 == 0;
        self.pairs.iter().filter(shown).for_each(|pair| output.line(self.sentence(pair)));
        let tested = self.pairs.iter().filter(|pair| pair.judged.is_ok()).count();
        if tested > 1 {
            output.line(format_args!("(p corrected for {tested} comparisons by Holm's method)"));
        }
        if self.groups.len() == 1 {
            output.line("\nAll runs differ only in their seed: there is nothing to compare them with.");
        }
    }

    /// A line for every group, after one of heads.
    fn table(&self) -> Vec<String> {
        // The test data's measures are always of interest, others where they are judged.
        let shown: Vec<Measure> = Measure::ALL
            .into_iter()
            .filter(|&m| matches!(m, Measure::TestLoss | Measure::TestAccuracy) || m == self.measure)
            .filter(|&m| self.groups.iter().any(|group| !ends(group, m, false).is_empty()))
            .collect();
        let mut rows = vec![vec![String::new(), "seeds".to_string()]];
        let heads = shown.iter().flat_map(|m| [m.name().to_string(), format!("best {}", m.name())]);
        rows[0].extend(heads.chain(["time".to_string(), "group".to_string()]));
        for (i, group) in self.groups.iter().enumerate() {
            let mut row = vec![letter(i), group.runs.len().to_string()];
            row.extend(
                shown.iter().flat_map(|&m| [false, true].map(|best| with_deviation(spread(group, m, best), |v| m.text(v)))),
            );
            let seconds: Vec<f64> = group.runs.iter().filter_map(|run| run.history.last()).map(|r| r.seconds).collect();
            row.push(MeanDeviation::of(&seconds).map_or("-".to_string(), |s| duration(s.mean)));
            row.push(group.label.clone());
            rows.push(row);
        }
        let width =
            |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_string()
        };
        rows.iter().map(line).collect()
    }

    /// What is to be said of two groups.
    fn sentence(&self, pair: &Pair) -> String {
        let (a, b) = pair.groups;
        let which = format!("{} and {}", letter(a), letter(b));
        let what = format!("{}{}", if self.best { "best " } else { "" }, self.measure.name());
        let (Some(first), Some(second)) = (self.spread(a), self.spread(b)) else {
            return format!("{which}: nothing was measured.");
        };
        let difference = (first.mean - second.mean).abs();
        let relation = if first.mean == second.mean {
            format!("{what} is the same")
        } else {
            let better = if self.measure.is_loss() { "lower" } else { "higher" };
            format!("{what} of {} is {better} by {}", letter(a), self.measure.text(difference))
        };
        match &pair.judged {
            Err(why) => format!("{which}: {relation}; whether that is more than the spread over seeds cannot be judged: {why}."),
            Ok((_, p)) if *p < LEVEL => format!("{which}: {relation}: more than the spread over seeds (p {}).", p_text(*p)),
            Ok((_, p)) => format!("{which}: {relation}: not more than the spread over seeds (p {}).", p_text(*p)),
        }
    }

    /// The same for programs.
    pub fn json(&self) -> String {
        let groups = self.groups.iter().enumerate().map(|(i, group)| {
            let measured = Measure::ALL.map(|m| {
                let [kept, best] = [false, true].map(|best| spread_json(spread(group, m, best)));
                (m.name().replace(' ', "_"), json!({"kept": kept, "best": best}))
            });
            let settings = group.runs.first().map_or(&[][..], |run| &run.settings);
            let settings = settings.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
            let runs = group
                .runs
                .iter()
                .map(|run| json!({"run": run.path, "seed": run.seed, "value": self.measure.end(run, self.best)}));
            json!({
                "name": letter(i),
                "label": group.label,
                "settings": settings.collect::<serde_json::Map<_, _>>(),
                "runs": runs.collect::<Vec<_>>(),
                "measured": measured.into_iter().collect::<serde_json::Map<_, _>>(),
            })
        });
        let pairs = self.pairs.iter().map(|pair| {
            let (a, b) = pair.groups;
            let mean = |i| self.spread(i).map_or(f64::NAN, |s| s.mean);
            let (test, p) = pair.judged.as_ref().ok().copied().unzip();
            json!({
                "groups": [letter(a), letter(b)],
                "difference": mean(a) - mean(b),
                "t": test.map(|test| test.statistic),
                "degrees_of_freedom": test.map(|test| test.degrees_of_freedom),
                "p": test.map(|test| test.p_value),
                "p_corrected": p,
                "more_than_spread": p.map(|p| p < LEVEL),
                "in_words": self.sentence(pair),
            })
        });
        json_object(&[
            ("measure", format!("{}{}", if self.best { "best " } else { "" }, self.measure.name()).into()),
            ("groups", groups.collect::<Vec<_>>().into()),
            ("comparisons", pairs.collect::<Vec<_>>().into()),
        ])
    }
}

/// The value of a measure in every training of a group that has it.
fn ends(group: &Group, measure: Measure, best: bool) -> Vec<f64> {
    group.runs.iter().filter_map(|run: &Run| measure.end(run, best)).collect()
}

fn spread(group: &Group, measure: Measure, best: bool) -> Option<MeanDeviation> {
    MeanDeviation::of(&ends(group, measure, best))
}

/// Why two groups cannot be judged, if they cannot.
fn unfit(groups: &[Group], values: &[Vec<f64>], pair: [usize; 2]) -> Option<String> {
    let mut single = Vec::new();
    for i in pair {
        let (group, values) = (groups.get(i)?, values.get(i)?);
        let infinite = values.iter().filter(|value| !value.is_finite()).count() + group.runs.len() - values.len();
        if infinite > 0 {
            return Some(format!("{infinite} of the {} runs of {} ended without a finite number", group.runs.len(), letter(i)));
        }
        if values.len() < 2 {
            single.push(letter(i));
        }
    }
    let verb = if single.len() == 1 { "has" } else { "have" };
    (!single.is_empty()).then(|| format!("{} {verb} a single seed; train with others too (--seed)", single.join(" and ")))
}

/// A name for the i-th group: A, …, Z, A1, …
fn letter(i: usize) -> String {
    let letter = char::from(b'A' + (i % 26) as u8);
    if i < 26 { letter.to_string() } else { format!("{letter}{}", i / 26) }
}

fn with_deviation(spread: Option<MeanDeviation>, text: impl Fn(f64) -> String) -> String {
    match spread {
        None => "-".to_string(),
        Some(MeanDeviation { mean, deviation: Some(deviation), .. }) => format!("{} ± {}", text(mean), text(deviation)),
        Some(MeanDeviation { mean, .. }) => text(mean),
    }
}

fn spread_json(spread: Option<MeanDeviation>) -> Value {
    spread.map_or(Value::Null, |s| json!({"count": s.count, "mean": s.mean, "deviation": s.deviation}))
}

/// `= 0.41`, `< 0.0001`.
fn p_text(p: f64) -> String {
    match p {
        p if p < 1e-4 => "< 0.0001".to_string(),
        p if p < 0.1 => format!("= {}", format!("{p:.4}").trim_end_matches('0')),
        p => format!("= {p:.2}"),
    }
}
