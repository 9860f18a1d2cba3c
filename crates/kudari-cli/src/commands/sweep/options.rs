//! The options of `kudari train`, each with any number of values, and all their combinations.

use clap::builder::ValueParser;
use clap::error::Error as ClapError;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};
use kudari::{Error, ErrorKind};

use super::super::train;
use crate::data::DataArguments;
use crate::failure::Failure;

/// What a sweep has of its own, or has no use for, besides the options that say what the data are.
const NOT_VARIED: [&str; 5] = ["seed", "threads", "validation", "early_stopping", "time_limit"];
/// More combinations are hardly meant.
const MOST: usize = 10_000;

/// What was given: the data, and for every option its values as they were typed.
pub struct Options {
    data: String,
    given: Vec<(String, Vec<String>)>,
}

/// The options of `kudari train` that a sweep takes, in their order.
fn varied() -> Vec<Arg> {
    let all = <train::Settings as clap::Args>::augment_args(Command::new("kudari sweep"));
    // One data set for all trainings.
    let of_data = <DataArguments as clap::Args>::augment_args(Command::new("data"));
    let is_varied = |arg: &&Arg| {
        let id = arg.get_id();
        !NOT_VARIED.contains(&id.as_str()) && of_data.get_arguments().all(|of_data| of_data.get_id() != id)
    };
    all.get_arguments().filter(is_varied).cloned().collect()
}

/// Whether it is an option with a value, neither a switch nor the data.
fn takes_a_value(arg: &Arg) -> bool {
    !arg.is_positional() && matches!(arg.get_action(), ArgAction::Set)
}

impl clap::Args for Options {
    fn augment_args(command: Command) -> Command {
        let repeated = |arg: Arg| arg.action(ArgAction::Append).value_parser(ValueParser::string());
        command.args(varied().into_iter().map(|arg| if takes_a_value(&arg) { repeated(arg) } else { arg }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Options {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Options, ClapError> {
        let data = matches.get_one::<String>("data").cloned().unwrap_or_default();
        let mut given = Vec::new();
        for arg in varied().iter().filter(|arg| !arg.is_positional()) {
            let id = arg.get_id().as_str();
            if matches.value_source(id) != Some(ValueSource::CommandLine) {
                continue;
            }
            let typed = matches.get_raw(id).into_iter().flatten().map(|value| value.to_string_lossy().into_owned());
            // A switch has no value to repeat, though clap notes one.
            let typed = if takes_a_value(arg) { typed.collect() } else { Vec::new() };
            given.push((id.replace('_', "-"), typed));
        }
        Ok(Options { data, given })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), ClapError> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Options {
    /// The name of the data.
    pub fn data(&self) -> &str {
        &self.data
    }

    /// One training for each combination of values, the first option changing slowest.
    pub fn combinations(&self) -> Result<Vec<train::Settings>, Failure> {
        let mut combinations = vec![vec![self.data.clone()]];
        for (name, typed) in &self.given {
            let words = words(name, typed)?;
            if combinations.len() * words.len() > MOST {
                let what = format!("more than {MOST} combinations");
                return Err(Failure::Usage(Error::new(ErrorKind::Value, what).help("give fewer values")));
            }
            let with = |line: &Vec<String>| words.iter().map(|word| [line.clone(), vec![word.clone()]].concat()).collect();
            combinations = combinations.iter().flat_map(|line| -> Vec<_> { with(line) }).collect();
        }
        Ok(combinations.into_iter().map(settings).collect())
    }

    /// Every option with its values, the switches with none.
    pub fn values(&self) -> Result<Vec<(&str, Vec<&str>)>, Failure> {
        let mut values = Vec::new();
        for (name, typed) in &self.given {
            // Empty values are found here.
            words(name, typed)?;
            values.push((name.as_str(), typed.iter().flat_map(|text| split_at_commas(text)).map(str::trim).collect()));
        }
        Ok(values)
    }
}

/// The settings of a command line. What is typed wrong gets the words that `kudari train` has for it.
pub fn settings(line: Vec<String>) -> train::Settings {
    let command = <train::Settings as clap::Args>::augment_args(Command::new("kudari train").no_binary_name(true));
    let parsed = command.try_get_matches_from(line).and_then(|matches| train::Settings::from_arg_matches(&matches));
    parsed.unwrap_or_else(|error| error.exit())
}

/// The words of a command line for each value of an option; one without value is a switch.
fn words(name: &str, typed: &[String]) -> Result<Vec<String>, Failure> {
    let mut words = Vec::new();
    for text in typed {
        for value in split_at_commas(text) {
            if value.trim().is_empty() {
                let error = Error::new(ErrorKind::Value, format!("--{name} `{text}`: an empty value"));
                return Err(Failure::Usage(error.help("separate values by one comma")));
            }
            words.push(format!("--{name}={}", value.trim()));
        }
    }
    Ok(if words.is_empty() { vec![format!("--{name}")] } else { words })
}

/// The parts of a text between commas that do not stand in parentheses: `sgd, adam(0.9,0.999)` has two.
fn split_at_commas(text: &str) -> Vec<&str> {
    let mut depth = 0i32;
    let at_top = |letter: char| {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        letter == ',' && depth == 0
    };
    text.split(at_top).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &[&str]) -> Options {
        let command = <Options as clap::Args>::augment_args(Command::new("sweep").no_binary_name(true));
        Options::from_arg_matches(&command.try_get_matches_from(line).unwrap()).unwrap()
    }

    #[test]
    fn every_combination_comes_once_and_what_is_not_given_keeps_its_default() {
        let all = options(&["xor", "--optimizer", "sgd,adam(0.9,0.999)", "--learning-rate", "1, 0.1", "--learning-rate", "1e-2"]);
        let all = all.combinations().unwrap_or_else(|_| Vec::new());
        let pairs: Vec<_> = all.iter().map(|a| (a.optimizer.clone().unwrap(), a.learning_rate.unwrap())).collect();
        let expected = ["sgd", "adam(0.9,0.999)"].map(|o| [1.0, 0.1, 0.01].map(|rate| (o.to_string(), rate)));
        assert_eq!(pairs, expected.concat());
        assert!(all.iter().all(|a| a.data == "xor" && a.loss.is_none() && a.net.is_none() && !a.with_replacement));
        let switch = options(&["xor", "--with-replacement"]).combinations().unwrap_or_else(|_| Vec::new());
        assert!(switch.len() == 1 && switch[0].with_replacement);
    }

    #[test]
    fn empty_values_and_too_many_are_errors() {
        for bad in ["1,,2", "", ",1", "1,"] {
            let Err(Failure::Usage(error)) = options(&["xor", "--learning-rate", bad]).combinations() else { panic!("{bad}") };
            assert!(error.what().ends_with("an empty value"), "{error}");
        }
        let many = (1..=101).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
        let both = options(&["xor", "--learning-rate", &many, "--batch-size", &many]);
        assert!(matches!(both.combinations(), Err(Failure::Usage(_))));
    }
}
