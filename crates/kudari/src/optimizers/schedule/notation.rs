//! Schedules as they are written on the command line.

use std::fmt;
use std::str::FromStr;

use super::{Phase, Plateau, Schedule};
use crate::error::{Error, ErrorKind, Result};

/// The words of the notation with their numbers and defaults, for help texts.
pub const SCHEDULES: &[&str] = &[
    "constant",
    "constant(UPDATES)",
    "warmup(UPDATES)",
    "step(UPDATES,0.1)",
    "exponential(FACTOR)",
    "cosine(0)",
    "restarts(UPDATES,1,0)",
    "onecycle(0.3,0.04,0.000004)",
    "polynomial(1,0)",
    "plateau(0.1,10)",
];

impl Schedule {
    /// Reads a schedule: words of [`SCHEDULES`] one after the other, their numbers optional where they have defaults.
    ///
    /// # Errors
    ///
    /// An unknown word, numbers that are missing or cannot be used, a phase without a length before another one.
    pub fn parse(text: &str) -> Result<Schedule> {
        let fail = |why: String, help: String| Error::new(ErrorKind::Notation, format!("schedule `{text}`: {why}")).help(help);
        let usage = || format!("use one of {}, or several one after the other", SCHEDULES.join(", "));
        let mut phases = Vec::new();
        for (word, numbers) in words(text).map_err(|why| fail(why, usage()))? {
            let phase = phase(word, &numbers).map_err(|why| match why {
                Some(why) => fail(why, usage()),
                None => {
                    fail(format!("`{word}` is unknown"), nearest(word).map_or_else(usage, |w| format!("did you mean `{w}`?")))
                }
            })?;
            phases.push(phase);
        }
        if phases.is_empty() {
            return Err(fail("nothing is written".into(), usage()));
        }
        let schedule = Schedule { phases };
        // The length of the training is not known here.
        schedule.validate(u64::MAX)?;
        Ok(schedule)
    }
}

/// The words of a text with the numbers in their parentheses.
pub(crate) fn words(mut text: &str) -> Result<Vec<(&str, Vec<&str>)>, String> {
    let mut words = Vec::new();
    loop {
        text = text.trim_start();
        if text.is_empty() {
            return Ok(words);
        }
        let end = text.find(|c: char| c == '(' || c.is_whitespace()).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        let Some(inside) = rest.trim_start().strip_prefix('(') else {
            words.push((word, Vec::new()));
            text = rest;
            continue;
        };
        let (numbers, rest) = inside.split_once(')').ok_or_else(|| format!("the parenthesis after `{word}` is not closed"))?;
        words.push((word, numbers.split(',').map(str::trim).filter(|n| !n.is_empty()).collect()));
        text = rest;
    }
}

/// The phase of a word; `None` as the error for a word that is not known.
fn phase(word: &str, numbers: &[&str]) -> Result<Phase, Option<String>> {
    let at_most = |count: usize| match numbers.len() {
        given if given > count => Err(Some(format!("{word} takes {count} numbers, not {given}"))),
        _ => Ok(()),
    };
    let count = |i: usize, default: Option<u64>| number(word, numbers, i, default, "a whole number");
    let real = |i: usize, default: Option<f64>| number(word, numbers, i, default, "a number");
    Ok(match word {
        "constant" => {
            at_most(1)?;
            Phase::Constant { updates: if numbers.is_empty() { None } else { Some(count(0, None)?) } }
        }
        "warmup" => {
            at_most(1)?;
            Phase::Warmup { updates: count(0, None)? }
        }
        "step" => {
            at_most(2)?;
            Phase::Step { every: count(0, None)?, factor: real(1, Some(0.1))? }
        }
        "exponential" => {
            at_most(1)?;
            Phase::Exponential { factor: real(0, None)? }
        }
        "cosine" => {
            at_most(1)?;
            Phase::Cosine { least: real(0, Some(0.0))? }
        }
        "restarts" => {
            at_most(3)?;
            Phase::Restarts { period: count(0, None)?, growth: count(1, Some(1))?, least: real(2, Some(0.0))? }
        }
        "onecycle" => {
            at_most(3)?;
            Phase::OneCycle { rise: real(0, Some(0.3))?, start: real(1, Some(0.04))?, end: real(2, Some(0.000004))? }
        }
        "polynomial" => {
            at_most(2)?;
            Phase::Polynomial { power: real(0, Some(1.0))?, end: real(1, Some(0.0))? }
        }
        "plateau" => {
            at_most(2)?;
            Phase::Plateau(Plateau::new(real(0, Some(0.1))?, count(1, Some(10))?))
        }
        _ => return Err(None),
    })
}

fn number<N: FromStr>(word: &str, numbers: &[&str], i: usize, default: Option<N>, what: &str) -> Result<N, Option<String>> {
    match numbers.get(i) {
        Some(text) => text.parse().map_err(|_| Some(format!("`{text}` in {word} is not {what}"))),
        None => default.ok_or_else(|| {
            let form = SCHEDULES.iter().rev().find(|form| form.starts_with(word)).unwrap_or(&word);
            Some(format!("{word} needs a number: {form}"))
        }),
    }
}

/// The word that was probably meant.
fn nearest(word: &str) -> Option<&'static str> {
    let known = SCHEDULES.iter().map(|form| form.split('(').next().unwrap_or(form));
    let (distance, nearest) = known.map(|known| (strsim::damerau_levenshtein(word, known), known)).min()?;
    (distance <= 2.max(word.chars().count() / 3)).then_some(nearest)
}

impl Phase {
    /// The word without its numbers.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Phase::Constant { .. } => "constant",
            Phase::Warmup { .. } => "warmup",
            Phase::Step { .. } => "step",
            Phase::Exponential { .. } => "exponential",
            Phase::Cosine { .. } => "cosine",
            Phase::Restarts { .. } => "restarts",
            Phase::OneCycle { .. } => "onecycle",
            Phase::Polynomial { .. } => "polynomial",
            Phase::Plateau(_) => "plateau",
            Phase::Function(_) => "function",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            Phase::Constant { updates: None } | Phase::Function(_) => Ok(()),
            Phase::Constant { updates: Some(updates) } | Phase::Warmup { updates } => write!(f, "({updates})"),
            Phase::Step { every, factor } => write!(f, "({every},{factor})"),
            Phase::Exponential { factor } => write!(f, "({factor})"),
            Phase::Cosine { least: 0.0 } => Ok(()),
            Phase::Cosine { least } => write!(f, "({least})"),
            Phase::Restarts { period, growth, least } => write!(f, "({period},{growth},{least})"),
            Phase::OneCycle { rise, start, end } => write!(f, "({rise},{start},{end})"),
            Phase::Polynomial { power, end } => write!(f, "({power},{end})"),
            Phase::Plateau(plateau) => write!(f, "({},{})", plateau.factor(), plateau.patience()),
        }
    }
}

/// As it is written in the notation; a function of the user's own is `function`.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, phase) in self.phases.iter().enumerate() {
            write!(f, "{}{phase}", if i == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let texts = [
            "constant",
            "constant(10) cosine",
            "warmup(500) cosine",
            "warmup(5) constant(7) step(100,0.5)",
            "exponential(0.99)",
            "cosine(0.1)",
            "restarts(10,2,0.01)",
            "onecycle(0.3,0.04,0.000004)",
            "polynomial(2,0)",
            "warmup(3) plateau(0.5,2)",
        ];
        for text in texts {
            let schedule = Schedule::parse(text).unwrap();
            assert_eq!((schedule.to_string(), Schedule::parse(&schedule.to_string()).unwrap()), (text.to_string(), schedule));
        }
        assert_eq!(Schedule::parse(" warmup ( 5 )cosine( ) ").unwrap(), Schedule::warmup(5).then(Schedule::cosine(0.0)));
        for form in SCHEDULES {
            Schedule::parse(&form.replace("UPDATES", "7").replace("FACTOR", "0.9")).unwrap();
        }
    }

    #[test]
    fn mistakes_are_told() {
        let told = |text: &str| Schedule::parse(text).unwrap_err().to_string();
        assert_eq!(told("cosin"), "schedule `cosin`: `cosin` is unknown\n  help: did you mean `cosine`?");
        assert!(told("warmup").contains("warmup needs a number: warmup(UPDATES)"));
        assert!(told("warmup(1.5)").contains("`1.5` in warmup is not a whole number"));
        assert!(told("step(5,x)").contains("`x` in step is not a number"));
        assert!(told("cosine(0,1)").contains("cosine takes 1 numbers, not 2"));
        assert!(told("warmup(5").contains("the parenthesis after `warmup` is not closed"));
        assert!(told("").contains("nothing is written"));
        assert!(told("cosine warmup(5)").contains("cosine would go on to the end"));
        for bad in [
            "step(0)",
            "exponential(NaN)",
            "cosine(-1)",
            "(5)",
            ")",
            "plateau(2)",
            "polynomial(inf)",
            "warmup(99999999999999999999)",
        ] {
            assert!(Schedule::parse(bad).is_err(), "{bad}");
        }
    }
}
