//! What is to be said of a descent.

use super::Descent;
use crate::formula::Formula;

/// A slope that has fallen to this share of what it was at the start has arrived.
const ARRIVED: f64 = 1e-6;
/// A way of which this share is left at most has arrived too.
const NEARLY: f64 = 1e-3;
/// Steps that grow or shrink by less than this factor each keep their length.
const EVEN: f64 = 1e-3;
/// A slope that has fallen by less than this share has hardly changed.
const HARDLY: f64 = 0.01;

/// How a descent went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It arrived at a minimum.
    Converges,
    /// It arrived where the slope is 0, but lower places are next to it.
    Saddle,
    /// It gets nearer but has not arrived.
    OnItsWay,
    /// It jumps to and fro without getting nearer.
    Oscillates,
    /// It runs away in growing steps.
    Diverges,
    /// Its steps are too small to get anywhere.
    HardlyMoves,
    /// Its end is made by lost digits of a numerical gradient.
    Artefact,
    /// It came to a place where the formula has no value.
    LeftTheDomain,
}

impl Outcome {
    /// One word, for programs.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Converges => "converges",
            Outcome::Saddle => "saddle",
            Outcome::OnItsWay => "on_its_way",
            Outcome::Oscillates => "oscillates",
            Outcome::Diverges => "diverges",
            Outcome::HardlyMoves => "hardly_moves",
            Outcome::Artefact => "artefact",
            Outcome::LeftTheDomain => "left_the_domain",
        }
    }
}

/// How a descent went, and how that is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// How it went.
    pub outcome: Outcome,
    /// The same with its reason, in words.
    pub text: String,
    /// The factor by which each step is as long as the one before it, on average over the second half of the way; `None` if the
    /// steps are too few or do not change evenly.
    pub factor: Option<f64>,
    /// The nearest of the known minima, and its distance from the end.
    pub nearest: Option<(Vec<f64>, f64)>,
}

impl Verdict {
    /// Judges a descent; `minima` are the places of known minima, where there are any.
    pub fn new(formula: &Formula, descent: &Descent, minima: &[[f64; 2]]) -> Verdict {
        let steps: Vec<f64> = descent.path.windows(2).map(|pair| distance(&pair[0], &pair[1])).collect();
        // After the digits are lost, steps mean nothing.
        let meant = descent.lost.as_ref().map_or(steps.len(), |lost| lost.from.min(steps.len()));
        // Nor do those that are no longer than the rounding of the place.
        let moves = |(i, step): (usize, &f64)| *step > 16.0 * f64::EPSILON * size(&descent.path[i]);
        let meant = steps[..meant].iter().enumerate().position(|step| !moves(step)).unwrap_or(meant);
        let way = Way { formula, descent, steps: &steps, factor: factor(&steps[..meant]) };
        let (outcome, text) = way.judge();
        let by_distance = |minimum: &[f64; 2]| (minimum.to_vec(), distance(minimum, descent.end()));
        let nearest = minima.iter().map(by_distance).min_by(|a, b| a.1.total_cmp(&b.1));
        Verdict { outcome, text, factor: way.factor, nearest }
    }
}

/// The Euclidean distance.
pub(super) fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a - b).fold(0.0, f64::hypot)
}

/// The distance from 0.
fn size(place: &[f64]) -> f64 {
    place.iter().copied().fold(0.0, f64::hypot)
}

/// The mean factor from one step to the next over the second half.
fn factor(steps: &[f64]) -> Option<f64> {
    let half = &steps[steps.len() / 2..];
    let (first, last) = (*half.first()?, *half.last()?);
    let ratio = (last / first).powf(1.0 / (half.len().checked_sub(1).filter(|&n| n > 0)? as f64));
    (ratio.is_finite() && ratio > 0.0).then_some(ratio)
}

struct Way<'a> {
    formula: &'a Formula,
    descent: &'a Descent,
    steps: &'a [f64],
    factor: Option<f64>,
}

impl Way<'_> {
    fn judge(&self) -> (Outcome, String) {
        let descent = self.descent;
        let grows = self.factor.is_some_and(|factor| factor > 1.0 + 10.0 * EVEN);
        if let Some(lost) = &descent.lost {
            return (Outcome::Artefact, self.artefact(lost, grows));
        }
        if let Some(error) = &descent.stopped {
            return match grows {
                true => {
                    (Outcome::Diverges, format!("{}, until after {} steps {}", self.diverges(), descent.steps(), error.what()))
                }
                false => (
                    Outcome::LeftTheDomain,
                    format!("after {} steps the formula has no value: {}", descent.steps(), error.what()),
                ),
            };
        }
        let (start, end) = (self.slope_at_start(), descent.slopes.last().copied().unwrap_or(0.0));
        if end <= ARRIVED * start {
            return self.arrived();
        }
        if grows && self.longest_half_is_the_last() {
            return (Outcome::Diverges, self.diverges());
        }
        if let Some(text) = self.hardly_moved() {
            return (Outcome::HardlyMoves, text);
        }
        if self.turns_around() && self.no_progress() {
            let text = "oscillates: it jumps to and fro without getting nearer, and neither converges nor diverges";
            return (Outcome::Oscillates, text.to_string());
        }
        match self.share_left() {
            Some(left) if left <= NEARLY => self.arrived(),
            Some(left) => {
                let (done, a_step) = (percent(1.0 - left), self.a_step());
                (Outcome::OnItsWay, format!("converging{a_step}: still on its way, about {done} of it done"))
            }
            None => {
                let fallen = percent(1.0 - end / start);
                let text = match end < start {
                    true => format!("still on its way: the slope has fallen by {fallen}"),
                    false => "still on its way: the slope is no smaller than at the start".to_string(),
                };
                (Outcome::OnItsWay, text)
            }
        }
    }

    fn slope_at_start(&self) -> f64 {
        self.descent.slopes.first().copied().unwrap_or(0.0)
    }

    /// `, ×0.8 a step`, where there is such a factor.
    fn a_step(&self) -> String {
        self.factor.map_or(String::new(), |factor| format!(", ×{} a step", three_digits(factor)))
    }

    fn diverges(&self) -> String {
        let values = &self.descent.values;
        let falls = values.last() < values.first();
        let how = if falls { "; f falls without end" } else { "" };
        format!("diverges{}{how}", self.a_step())
    }

    fn artefact(&self, lost: &super::LostDigits, grows: bool) -> String {
        let name = self.formula.variables().get(lost.variable).map_or("x", String::as_str);
        let how = if grows { format!("{}; ", self.diverges()) } else { String::new() };
        let mut text = format!("{how}after step {} {name} + h = {name}: the difference has lost all digits", lost.from);
        if let Some(all) = lost.all_from {
            text += &format!(", after step {all} the numerical gradient is exactly 0");
        }
        text + "; the end point is an artefact"
    }

    fn arrived(&self) -> (Outcome, String) {
        let side = if self.turns_around() && self.factor.is_some_and(|f| f < 1.0) { ", from side to side" } else { "" };
        // The factor of steps that are all 0 says nothing.
        let text = format!("converges{}{side}", self.a_step());
        match self.lower_beside() {
            false => (Outcome::Converges, text),
            true => (Outcome::Saddle, format!("{text}, but not to a minimum: f is lower beside this place")),
        }
    }

    fn longest_half_is_the_last(&self) -> bool {
        let (first, last) = self.steps.split_at(self.steps.len() / 2);
        let longest = |steps: &[f64]| steps.iter().copied().fold(0.0, f64::max);
        longest(last) > longest(first)
    }

    /// What is said of a way that is next to nothing. The share of the way is that by which the slope has fallen.
    fn hardly_moved(&self) -> Option<String> {
        let descent = self.descent;
        let (start, end) = (self.slope_at_start(), descent.slopes.last().copied()?);
        let place = descent.path.first()?;
        if self.steps.iter().all(|&step| step == 0.0) {
            return Some("does not move: its steps are smaller than the rounding of the place".to_string());
        }
        let fallen = (1.0 - end / start).abs();
        let small = fallen < HARDLY && distance(place, descent.end()) < HARDLY * size(place).max(1.0);
        (small && !self.turns_around()).then(|| format!("hardly moves: {} of the way", short(fallen)))
    }

    /// Whether most steps of the second half go against the one before them.
    fn turns_around(&self) -> bool {
        let path = &self.descent.path;
        let step = |i: usize| path[i + 1].iter().zip(&path[i]).map(|(b, a)| b - a).collect::<Vec<f64>>();
        let from = self.steps.len() / 2;
        let corners = from..self.steps.len().saturating_sub(1);
        let against = |&i: &usize| step(i).iter().zip(step(i + 1)).map(|(a, b)| a * b).sum::<f64>() < 0.0;
        let count = corners.len();
        count > 0 && 2 * corners.filter(against).count() > count
    }

    /// Whether the second half found no place that is lower than those of the first half.
    fn no_progress(&self) -> bool {
        let values = &self.descent.values;
        let (first, last) = values.split_at(values.len() / 2);
        let lowest = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
        lowest(last) >= lowest(first) - 1e-9 * lowest(first).abs()
    }

    /// The share of the way that is left, if the steps go on to shrink by the same factor: they form a geometric series.
    fn share_left(&self) -> Option<f64> {
        let factor = self.factor.filter(|&factor| factor < 1.0 - EVEN)?;
        let left = self.steps.last()? * factor / (1.0 - factor);
        let made = distance(self.descent.path.first()?, self.descent.end());
        (left.is_finite() && made > 0.0).then(|| left / (made + left))
    }

    /// Whether a place close to the end is lower than the end itself.
    fn lower_beside(&self) -> bool {
        let (end, here) = (self.descent.end(), self.descent.values.last().copied().unwrap_or(0.0));
        let size = size(end).max(1.0);
        let beside = (0..end.len()).flat_map(|i| [(i, 1e-3), (i, -1e-3)]).map(|(i, share)| {
            let mut place = end.to_vec();
            place[i] += share * size;
            self.formula.value(&place)
        });
        // What rounding could make of it does not count.
        beside.into_iter().any(|value| value < here - 1e-9 * here.abs().max(1e-3))
    }
}

/// A factor in three digits, or as many as show that it is not 1.
fn three_digits(factor: f64) -> String {
    let from_one = (factor - 1.0).abs();
    if from_one > 0.0 && from_one < 0.01 {
        let digits = (1.0 - from_one.log10().floor()) as usize;
        return format!("{factor:.*}", digits.min(16));
    }
    let rounded: f64 = format!("{factor:.2e}").parse().unwrap_or(factor);
    rounded.to_string()
}

/// A share in one digit, two if the second is not 0.
fn short(share: f64) -> String {
    format!("{:e}", format!("{share:.1e}").parse::<f64>().unwrap_or(share))
}

fn percent(share: f64) -> String {
    let digits = if share < 0.99 { 0 } else { 1 };
    format!("{:.digits$} %", 100.0 * share)
}
