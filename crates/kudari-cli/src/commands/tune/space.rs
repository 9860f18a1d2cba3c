//! What is searched: for every option its values or a range, and the draws from them.

use kudari::array::Stream;
use kudari::{Error, ErrorKind};

use crate::failure::Failure;

/// Options whose ranges are of whole numbers.
const WHOLE: [&str; 4] = ["batch-size", "epochs", "iterations", "accumulate"];
/// Draws for each combination that is wanted: where there are few combinations, most draws are no new ones.
const DRAWS: u64 = 50;

/// The values that an option may take.
#[derive(Debug, Clone, PartialEq)]
enum Values {
    /// A switch.
    Switch,
    /// One of these.
    Listed(Vec<String>),
    /// A number between two, drawn by its logarithm where both are above 0.
    Between { from: f64, to: f64, whole: bool },
}

/// A search space.
#[derive(Debug)]
pub struct Space(Vec<(String, Values)>);

impl Space {
    /// Reads the values of every option: `0.1`, `0.1,0.01`, `1e-4..1e-1`.
    ///
    /// # Errors
    ///
    /// A range that is none, or nothing to choose.
    pub fn read(options: &[(&str, Vec<&str>)]) -> Result<Space, Failure> {
        let mut space = Vec::new();
        for (name, typed) in options {
            let values = match &typed[..] {
                [] => Values::Switch,
                [one] if range(one).is_some() => between(name, one)?,
                several => Values::Listed(several.iter().map(|text| text.to_string()).collect()),
            };
            space.push((name.to_string(), values));
        }
        let is_choice = |values: &Values| match values {
            Values::Switch => false,
            Values::Listed(list) => list.len() > 1,
            Values::Between { .. } => true,
        };
        if !space.iter().any(|(_, values)| is_choice(values)) {
            return Err(usage(
                "nothing to search".to_string(),
                "give an option several values or a range, as in --learning-rate 1e-4..1e-1 --batch-size 16,32,64",
            ));
        }
        Ok(Space(space))
    }

    /// Up to `count` different combinations, each as the words of a command line. Every option has random numbers of its own, so
    /// that one more option leaves the others' values as they are.
    pub fn draw(&self, count: usize, seed: u64) -> Vec<Vec<String>> {
        let mut drawn: Vec<Vec<String>> = Vec::new();
        for number in 0..(count as u64).saturating_mul(DRAWS) {
            if drawn.len() == count {
                break;
            }
            let words: Vec<String> = self.0.iter().map(|(name, values)| word(name, values, seed, number)).collect();
            if !drawn.contains(&words) {
                drawn.push(words);
            }
        }
        drawn
    }
}

fn word(name: &str, values: &Values, seed: u64, number: u64) -> String {
    let mut stream = Stream::new(seed, &format!("tune {name}")).part(number);
    match values {
        Values::Switch => format!("--{name}"),
        Values::Listed(list) => {
            let place = stream.integers(1, list.len()).to_vec::<i64>().unwrap_or_default();
            format!("--{name}={}", list[place.first().map_or(0, |&place| place as usize)])
        }
        Values::Between { from, to, whole } => {
            let share = stream.uniform(&[1], 0.0, 1.0, kudari::DType::F64).map_or(0.5, |x| x.to_f64_vec()[0]);
            let value = if *from > 0.0 { (from.ln() + share * (to.ln() - from.ln())).exp() } else { from + share * (to - from) };
            if *whole {
                return format!("--{name}={}", value.round());
            }
            // Three digits are enough to tell values apart and few enough to read.
            let value: f64 = format!("{value:.2e}").parse().unwrap_or(value);
            format!("--{name}={}", crate::output::number(value))
        }
    }
}

fn range(text: &str) -> Option<(&str, &str)> {
    text.split_once("..")
}

fn between(name: &str, text: &str) -> Result<Values, Failure> {
    let ends = range(text).and_then(|(from, to)| Some((from.trim().parse::<f64>().ok()?, to.trim().parse::<f64>().ok()?)));
    match ends {
        Some((from, to)) if from.is_finite() && to.is_finite() && from < to => {
            Ok(Values::Between { from, to, whole: WHOLE.contains(&name) })
        }
        _ => Err(usage(format!("--{name} `{text}`: no range"), "a range has its lesser end first, as in 1e-4..1e-1")),
    }
}

fn usage(what: String, what_to_do: &str) -> Failure {
    Failure::Usage(Error::new(ErrorKind::Value, what).help(what_to_do))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_lie_in_their_ranges_and_repeat() {
        let options = [
            ("learning-rate", vec!["1e-4..1e-1"]),
            ("batch-size", vec!["8..64"]),
            ("optimizer", vec!["adam", "sgd"]),
            ("with-replacement", vec![]),
        ];
        let space = Space::read(&options).unwrap_or_else(|_| panic!("a space"));
        let drawn = space.draw(200, 1);
        assert_eq!((drawn.len(), &drawn), (200, &space.draw(200, 1)));
        assert_ne!(drawn, space.draw(200, 2));
        let number = |words: &[String], at: usize| words[at].split_once('=').unwrap().1.parse::<f64>().unwrap();
        let rates: Vec<f64> = drawn.iter().map(|words| number(words, 0)).collect();
        assert!(rates.iter().all(|rate| (1e-4..=1e-1).contains(rate)));
        // By its logarithm: about a third in each of three decades.
        let low = rates.iter().filter(|rate| **rate < 1e-3).count();
        assert!((40..95).contains(&low), "{low}");
        assert!(drawn.iter().all(|words| (8.0..=64.0).contains(&number(words, 1)) && number(words, 1).fract() == 0.0));
        assert!(
            drawn.iter().any(|words| words[2] == "--optimizer=sgd") && drawn.iter().all(|words| words[3] == "--with-replacement")
        );
        // Of a small space every combination comes once.
        let small = Space::read(&[("batch-size", vec!["8", "16"]), ("optimizer", vec!["adam", "sgd", "lion"])]);
        let mut all = small.unwrap_or_else(|_| panic!("a space")).draw(20, 3);
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 6);
    }

    #[test]
    fn what_is_no_space_is_an_error() {
        for options in [
            vec![("optimizer", vec!["adam"])],
            vec![("learning-rate", vec!["0.1..0.01"])],
            vec![("learning-rate", vec!["a..b"])],
            vec![],
        ] {
            assert!(matches!(Space::read(&options), Err(Failure::Usage(_))), "{options:?}");
        }
    }
}
