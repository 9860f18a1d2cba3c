//! Settings of `kudari train` in a TOML file: read into the command line, written for every run.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::Path;

use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches};
use kudari::{Error, ErrorKind};
use serde_json::Value;
use toml::de::{DeTable, DeValue};

use crate::commands::Cli;
use crate::failure::Failure;

/// The file's name in a run folder.
pub const NAME: &str = "config.toml";
/// What cannot stand in a file: it says where settings come from.
const NOT_IN_FILES: [&str; 3] = ["config", "resume", "dry_run"];
/// Of two options that exclude each other, one that is typed replaces the other in a file.
const EITHER: [(&str, &str); 3] = [("epochs", "iterations"), ("features", "ignore"), ("grey", "rgb")];
/// What may be typed with `--resume`: all else would be another training.
const WITH_RESUME: [&str; 12] = [
    "resume",
    "epochs",
    "iterations",
    "early_stopping",
    "time_limit",
    "threads",
    "checkpoint_every",
    "keep_checkpoints",
    "json",
    "quiet",
    "tensorboard",
    "tui",
];

/// The command line, with what a file says put in where the user says nothing.
pub fn parse_command_line() -> Result<Cli, Failure> {
    let typed: Vec<OsString> = std::env::args_os().collect();
    let matches = command().try_get_matches_from(&typed).unwrap_or_else(|error| error.exit());
    let words = match matches.subcommand() {
        Some(("train", train)) => words(train)?,
        _ => None,
    };
    let matches = match words {
        None => matches,
        Some(words) => {
            // `train` is the first word after the program: options of the whole do not exist.
            let place = typed.iter().position(|word| word == "train").map_or(typed.len(), |place| place + 1);
            let line = [&typed[..place], &words, &typed[place..]].concat();
            command().try_get_matches_from(line).unwrap_or_else(|error| error.exit())
        }
    };
    Ok(Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()))
}

/// The command, whose `train` wants no data where a file may name them.
fn command() -> Command {
    let unless = |data: clap::Arg| data.required(false).required_unless_present_any(["config", "resume"]);
    Cli::command().mut_subcommand("train", |train| train.mut_arg("data", unless))
}

/// The words that `--config` or `--resume` stand for, if one of them was typed.
fn words(train: &ArgMatches) -> Result<Option<Vec<OsString>>, Failure> {
    let given = |id: &str| train.value_source(id) == Some(ValueSource::CommandLine);
    let path = |id: &str| train.get_one::<std::path::PathBuf>(id);
    let (path, run) = match (path("config"), path("resume")) {
        (Some(path), _) => (path.clone(), None),
        (None, Some(run)) => (run.join(NAME), Some(run)),
        (None, None) => return Ok(None),
    };
    if run.is_some() {
        let other = train.ids().map(|id| id.as_str()).find(|id| {
            // Groups of flattened options have ids too; they are not options.
            let is_option = id.starts_with(char::is_lowercase);
            is_option && given(id) && !WITH_RESUME.contains(id)
        });
        if let Some(id) = other {
            let name = if id == "data" { "DATA".to_string() } else { format!("--{}", id.replace('_', "-")) };
            return Err(usage(
                format!("{name} cannot be changed when a run is resumed"),
                "leave it out, or begin a training of its own with --config",
            ));
        }
    }
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if run.is_some() && error.kind() == std::io::ErrorKind::NotFound => {
            let what = format!("{}: there is no {NAME}", path.parent().unwrap_or(Path::new(".")).display());
            return Err(Error::new(ErrorKind::Io, what)
                .help("it is no run of kudari train, or one that was killed before it began: start it again")
                .into());
        }
        Err(error) => return Err(Error::io(&path, &error).into()),
    };
    let mut words: Vec<OsString> = Vec::new();
    for entry in read(&path.display().to_string(), &text)? {
        let replaced = |(a, b): &(&str, &str)| (entry.id == *a && given(b)) || (entry.id == *b && given(a));
        if !given(&entry.id) && !EITHER.iter().any(replaced) {
            words.extend(entry.words.into_iter().map(OsString::from));
        }
    }
    if let Some(run) = run {
        words.extend([OsString::from("--out"), run.clone().into_os_string()]);
    }
    Ok(Some(words))
}

/// One line of a file.
struct Entry {
    /// The option's id in clap.
    id: String,
    /// The words that it stands for.
    words: Vec<String>,
}

/// All settings of a file, each checked by itself, so that an error can name its line.
fn read(name: &str, text: &str) -> Result<Vec<Entry>, Failure> {
    let table = DeTable::parse(text).map_err(|error| {
        let place = error.span().map_or(String::new(), |span| format!(":{}", line_of(text, span.start)));
        // The first line of the parser's words; it has more with an excerpt.
        usage(
            format!("{name}{place}: {}", error.message().lines().next().unwrap_or("no TOML")),
            "a setting is written as name = value, a text in quotes: net = \"linear(50) relu linear(10)\"",
        )
    })?;
    let command = train_command();
    let mut entries = Vec::new();
    for (key, value) in table.get_ref() {
        let place = format!("{name}:{}", line_of(text, key.span().start));
        let id = key.get_ref().replace('-', "_");
        let known = || command.get_arguments().map(|arg| arg.get_id().as_str()).filter(|id| !NOT_IN_FILES.contains(id));
        let Some(arg) = command.get_arguments().find(|arg| arg.get_id() == id.as_str() && known().any(|known| known == id))
        else {
            let nearest = known().map(|known| (strsim::damerau_levenshtein(&id, known), known)).min();
            let guess =
                nearest.filter(|n| n.0 <= 3).map_or(String::new(), |n| format!("did you mean `{}`? ", n.1.replace('_', "-")));
            return Err(usage(
                format!("{place}: unknown setting `{}`", key.get_ref()),
                &format!("{guess}the settings are the options of kudari train, and data"),
            ));
        };
        let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
        let wrong = |what: &str| {
            let form = if is_switch { "true or false" } else { "a number or a text in quotes" };
            usage(format!("{place}: `{}` is {what}", key.get_ref()), &format!("write {form}"))
        };
        let texts = match value.get_ref() {
            DeValue::Boolean(true) if is_switch => vec![None],
            DeValue::Boolean(false) if is_switch => Vec::new(),
            _ if is_switch => return Err(wrong("neither true nor false")),
            DeValue::Array(values) => {
                let texts: Option<Vec<_>> = values.iter().map(|value| text_of(value.get_ref()).map(Some)).collect();
                texts.ok_or_else(|| wrong("a list of something else than numbers and texts"))?
            }
            value => vec![Some(text_of(value).ok_or_else(|| wrong(&format!("a {}", value.type_str())))?)],
        };
        let word = |text: Option<String>| match text {
            _ if arg.is_positional() => text.unwrap_or_default(),
            Some(text) => format!("--{}={text}", id.replace('_', "-")),
            None => format!("--{}", id.replace('_', "-")),
        };
        let words: Vec<String> = texts.into_iter().map(word).collect();
        let data = if arg.is_positional() { None } else { Some("data".to_string()) };
        let line: Vec<String> = data.into_iter().chain(words.iter().cloned()).collect();
        if let Err(error) = train_command().no_binary_name(true).try_get_matches_from(line) {
            let said = error.to_string();
            let said = said.lines().next().unwrap_or_default().trim_start_matches("error: ");
            return Err(usage(format!("{place}: {said}"), "kudari train --help tells what each setting may be"));
        }
        entries.push(Entry { id, words });
    }
    Ok(entries)
}

/// The command whose options are the settings.
fn train_command() -> Command {
    <crate::commands::train::Arguments as clap::Args>::augment_args(Command::new("train"))
}

fn text_of(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_string()),
        DeValue::Float(number) => Some(number.as_str().to_string()),
        _ => None,
    }
}

/// The line of a place in a text, from 1.
fn line_of(text: &str, place: usize) -> usize {
    text.as_bytes().iter().take(place).filter(|&&byte| byte == b'\n').count() + 1
}

/// The settings as a file that [`parse_command_line`] reads.
pub fn to_toml(settings: &[(&str, Value)]) -> String {
    let mut text = format!("# kudari {}: `kudari train --config` with this file repeats the run.\n", env!("CARGO_PKG_VERSION"));
    for (name, value) in settings {
        // What JSON writes is TOML but for one sign.
        let value = value.to_string().replace('\u{7f}', "\\u007f");
        let _ = writeln!(text, "{name} = {value}");
    }
    text
}

fn usage(what: String, what_to_do: &str) -> Failure {
    Failure::Usage(Error::new(ErrorKind::Value, what).help(what_to_do))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_of(text: &str) -> Vec<String> {
        read("c.toml", text).unwrap().into_iter().flat_map(|entry| entry.words).collect()
    }

    fn error_of(text: &str) -> String {
        let Err(Failure::Usage(error)) = read("c.toml", text) else { panic!("{text} is read") };
        error.to_string()
    }

    #[test]
    fn settings_become_words() {
        let text = "data = \"iris.csv\"\nnet = \"linear(5) relu linear(3)\"\nlearning-rate = 1e-3\nepochs = 5\nwith_replacement = true\nquiet = false\nfeatures = [\"a\", \"b\"]\n";
        let mut words = words_of(text);
        words.sort();
        let expected = [
            "--epochs=5",
            "--features=a",
            "--features=b",
            "--learning-rate=1e-3",
            "--net=linear(5) relu linear(3)",
            "--with-replacement",
            "iris.csv",
        ];
        assert_eq!(words, expected);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let settings = [
            ("data", Value::from("a \"b\" \\ \u{7f}\n日.csv")),
            ("learning-rate", Value::from(1e-5)),
            ("epochs", Value::from(3)),
        ];
        let mut words = words_of(&to_toml(&settings));
        words.sort();
        assert_eq!(words, ["--epochs=3", "--learning-rate=0.00001", "a \"b\" \\ \u{7f}\n日.csv"]);
    }

    #[test]
    fn what_is_wrong_is_named_by_its_line() {
        assert!(error_of("epochs = 3\nlearning_rat = 0.1").contains("c.toml:2: unknown setting `learning_rat`"));
        assert!(error_of("learning_rat = 0.1").contains("did you mean `learning-rate`?"));
        assert!(error_of("\nepochs = \"many\"").contains("c.toml:2: invalid value 'many' for '--epochs <N>'"));
        assert!(error_of("epochs = 3\nquiet = 1").contains("c.toml:2: `quiet` is neither true nor false"));
        assert!(error_of("epochs 3").contains("c.toml:1: "));
        assert!(error_of("resume = \"runs/a\"").contains("unknown setting"));
        assert!(error_of("[epochs]\na = 1").contains("is a table"));
        assert!(error_of("epochs = 2026-01-01").contains("is a datetime"));
    }
    /// `KUDARI_FUZZ=1000000` reads as many.
    #[test]
    fn any_text_is_a_configuration_or_an_error() {
        const PIECES: [&str; 40] = [
            "data",
            "net",
            "epochs",
            "learning-rate",
            "learning_rate",
            "seed",
            "with-replacement",
            "features",
            "quiet",
            "resume",
            "optimizer",
            "checkpoint-every",
            "time-limit",
            "validation",
            "out",
            "gradient",
            "dtype",
            "=",
            " = ",
            "=",
            "\n",
            "\n",
            "\n",
            "\"",
            "\"linear(3)\"",
            "\"adam\"",
            "'xor'",
            "5",
            "1e-3",
            "-1",
            "99999999999999999999",
            "nan",
            "true",
            "false",
            "[",
            "]",
            ", ",
            "{ a = 1 }",
            "2026-01-01",
            "# \u{1f600}",
        ];
        let count = std::env::var("KUDARI_FUZZ").ok().and_then(|n| n.parse::<u64>().ok()).unwrap_or(1_000);
        let stream = kudari::array::Stream::new(1, "configurations");
        let good = "data = \"xor\"\nnet = \"linear(3)\"\nseed = 5\nquiet = true\n";
        let mut understood = 0;
        for i in 0..count {
            let mut stream = stream.part(i);
            let mut text = if stream.next_below(2) == 0 { String::new() } else { good.to_string() };
            for _ in 0..stream.next_below(12) {
                let places: Vec<usize> = text.char_indices().map(|(place, _)| place).chain([text.len()]).collect();
                text.insert_str(places[stream.next_below(places.len())], PIECES[stream.next_below(PIECES.len())]);
            }
            match read("c.toml", &text) {
                Ok(_) => understood += 1,
                Err(Failure::Usage(error)) => {
                    assert!(error.what().starts_with("c.toml") && error.what().lines().count() == 1, "{error}")
                }
                Err(_) => panic!("{text:?} is a mistake of the program"),
            }
        }
        assert!(understood * 100 >= count, "{understood} of {count} are understood");
    }
}
