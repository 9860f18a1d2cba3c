//! Texts as DATA: which windows are learnt from, what trains well on them, and the continuation of a text.

use std::io::{BufReader, stdin};
use std::ops::Range;
use std::path::Path;

use kudari::array::Stream;
use kudari::data::{Dataset, OTHER, Split, Vocabulary, Windows, read_text, text_from, text_windows};
use kudari::model::Model;
use kudari::train::Length;
use kudari::{Array, Error, ErrorKind, Result, Variable, inference};
use serde_json::{Value, json};

use crate::commands::{as_trained, dtype_of};
use crate::data::{Defaults, Division, Part, Training};
use crate::failure::Failure;
use crate::output::{self, with_commas};

/// Characters of a window where nothing is said.
const CONTEXT: usize = 32;
/// Characters of a window at most.
const MOST_CONTEXT: usize = 1024;
/// Windows that are learnt from at most, and those that a training is judged by.
const MOST_LEARNT: usize = 200_000;
const MOST_JUDGED: usize = 20_000;
/// One in so many characters is in the test part.
const TEST_PART: usize = 10;
/// Windows that a training goes through about, where nothing is said.
const ENOUGH: usize = 200_000;
/// Characters that `kudari data` shows.
const SHOWN: usize = 12;

/// How a text becomes samples.
#[derive(clap::Args, Clone, Default, Debug, PartialEq)]
pub struct TextArguments {
    /// Of a text: the characters that the next one is predicted from, by default 32
    #[arg(long, value_name = "N", value_parser = context)]
    pub context: Option<usize>,
}

fn context(text: &str) -> Result<usize, String> {
    let found = text.parse().ok().filter(|count| (1..=MOST_CONTEXT).contains(count));
    found.ok_or_else(|| format!("a number of characters from 1 to {MOST_CONTEXT}"))
}

impl TextArguments {
    /// Makes sure that nothing is said about a text where there is none.
    pub fn of_no_text(&self, data: &str) -> Result<(), Failure> {
        if *self == TextArguments::default() {
            return Ok(());
        }
        let error = Error::new(ErrorKind::Value, format!("`{data}` is no text"));
        Err(Failure::Usage(error.help("--context is for files .txt and .txt.gz")))
    }

    /// Names and values of the options that are set.
    pub fn options(&self) -> Vec<(&'static str, Value)> {
        self.context.iter().map(|&count| ("context", count.into())).collect()
    }
}

/// Whether a path has the ending of a text.
pub fn is_text(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    name.ends_with(".txt") || name.ends_with(".txt.gz")
}

/// Which characters of a text are learnt from, judged by and decided by.
struct Parts {
    learn: Vec<Range<usize>>,
    judge: Vec<Range<usize>>,
    decide: Option<Range<usize>>,
}

impl Parts {
    /// The parts of a text of so many characters. They lie one after the other, since neighbouring windows are nearly the same:
    /// drawn at random, those to be judged by would be known already.
    fn of(characters: usize, division: Division) -> Parts {
        let judge = match division.fold {
            Some((number, of)) => characters * number / of.max(1)..characters * (number + 1) / of.max(1),
            None => characters - characters / TEST_PART..characters,
        };
        let mut learn = vec![0..judge.start, judge.end..characters];
        learn.retain(|range| !range.is_empty());
        let decide = division.validation.and_then(|share| {
            let count = (share * learn.iter().map(Range::len).sum::<usize>() as f64) as usize;
            let longest = learn.iter_mut().max_by_key(|range| range.len())?;
            let from = longest.end - count.min(longest.len());
            let decide = from..longest.end;
            longest.end = from;
            Some(decide)
        });
        Parts { learn, judge: vec![judge], decide }
    }
}

/// A text to train on.
pub fn training(path: &Path, arguments: &TextArguments, division: Division) -> Result<Training, Failure> {
    let (name, text) = (path.display().to_string(), read_text(path)?);
    let context = arguments.context.unwrap_or(CONTEXT);
    let characters = text.chars().count();
    let parts = Parts::of(characters, division);
    let vocabulary = Vocabulary::of(&text, &parts.learn);
    if vocabulary.characters().len() < 2 {
        let what = format!("{name}: a text of one character, {:?}, again and again", vocabulary.labels().concat());
        return Err(Error::new(ErrorKind::Value, what).help("give a text with at least two different characters").into());
    }
    let windows = |what: &str, ranges: &[Range<usize>], most| {
        text_windows(&name, &text, ranges, &vocabulary, context, most).map_err(|e| e.context(format!("the {what} part")))
    };
    let learn = windows("training", &parts.learn, MOST_LEARNT)?;
    let judge = windows("test", &parts.judge, MOST_JUDGED)?;
    let decide = parts.decide.map(|range| windows("validation", &[range], MOST_JUDGED)).transpose()?;
    let mut notes = vec![format!(
        "a text of {} characters, {} different; each is predicted from the {context} before it; {}",
        with_commas(characters as u64),
        vocabulary.characters().len(),
        if division.fold.is_some() { "the test part is a fold in one piece" } else { "the last tenth is the test part" }
    )];
    notes.extend([("training", Some(&learn)), ("test", Some(&judge)), ("validation", decide.as_ref())].into_iter().filter_map(
        |(what, windows)| {
            let windows = windows.filter(|windows| windows.possible > windows.data.len())?;
            let [taken, all] = [windows.data.len(), windows.possible].map(|count| with_commas(count as u64));
            Some(format!("{what}: {taken} of {all} windows, evenly spread"))
        },
    ));
    let defaults = usual(learn.data.len());
    let split = Split { train: learn.data, test: judge.data, validation: decide.map(|windows| windows.data) };
    let stem = path.file_name().map_or("text".to_string(), |name| name.to_string_lossy().into_owned());
    let stem = stem.split('.').find(|part| !part.is_empty()).unwrap_or("text").to_string();
    Ok(Training { name: stem, split, defaults, view: None, preparation: None, notes })
}

/// A network of usual size for characters, and a length that is bounded whatever the text.
fn usual(windows: usize) -> Defaults {
    Defaults {
        hidden: "embedding(CLASSES,32) gru(96) last",
        loss: "softmax_cross_entropy",
        optimizer: "adam",
        learning_rate: 0.004,
        schedule: Some("cosine"),
        weight_decay: 0.0,
        batch_size: 64,
        length: Length::Epochs((ENOUGH / windows.max(1)).clamp(1, 100) as u64),
        goal: 0.5,
    }
}

/// The characters that a model of texts knows, and how many it looks back on.
fn known(model: &Model, what: &str) -> Result<(Vocabulary, usize), Failure> {
    let is_text = model.training["data"].as_str().is_some_and(|data| is_text(Path::new(data)));
    let vocabulary = Vocabulary::of_labels(&model.labels);
    match (vocabulary, model.network.input_shape()) {
        (Some(vocabulary), &[context]) if is_text || model.network.notation().starts_with("embedding") => {
            Ok((vocabulary, context))
        }
        _ => {
            let error = Error::new(ErrorKind::Value, format!("{what}: a text, but the model was not trained on one"));
            Err(error.help("train one with kudari train book.txt").into())
        }
    }
}

/// The windows of a text to measure a model by, or, without one, as if one were to be trained: all of the text unless a part is asked
/// for.
pub fn labelled(path: &Path, part: Option<Part>, model: Option<&Model>) -> Result<Dataset, Failure> {
    let Some(model) = model else {
        let split = training(path, &TextArguments::default(), Division::by(1))?.split;
        return Ok(if part == Some(Part::Train) { split.train } else { split.test });
    };
    let name = path.display().to_string();
    let (vocabulary, context) = known(model, &name)?;
    let text = read_text(path)?;
    let characters = text.chars().count();
    let parts = Parts::of(characters, Division::by(1));
    let ranges = match part {
        None => std::iter::once(0..characters).collect(),
        Some(Part::Train) => parts.learn,
        Some(Part::Test) => parts.judge,
    };
    let Windows { data, left_out, .. } = text_windows(&name, &text, &ranges, &vocabulary, context, MOST_LEARNT)?;
    if left_out > 0 {
        let count = with_commas(left_out as u64);
        output::note(format_args!("note: {count} windows are left out, since the model does not know a character in them"));
    }
    Ok(data)
}

/// How a text is to be continued.
pub struct Continuation {
    /// Characters to add.
    pub characters: usize,
    /// What the logarithms of probabilities are divided by; 0 for always the likeliest character.
    pub temperature: f64,
    /// The seed of what is drawn.
    pub seed: u64,
}

/// The text in a file, or on standard input for `-`.
pub fn prompt(data: &str) -> Result<String, Failure> {
    match data {
        "-" => Ok(text_from(BufReader::new(stdin())).map_err(|e| e.context("standard input"))?),
        path => Ok(read_text(Path::new(path))?),
    }
}

impl Continuation {
    /// What follows a text, character by character, each given to `out` as soon as it is known.
    ///
    /// Character i is drawn with a number of stream part i, so that a longer continuation begins with a shorter one.
    pub fn of(
        &self,
        model: &Model,
        name: &str,
        text: &str,
        mut out: impl FnMut(char) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let (vocabulary, context) = known(model, name)?;
        let characters = vocabulary.characters();
        // Most texts have more spaces than anything else.
        let usual = vocabulary.number(' ').unwrap_or(0);
        let codes: Vec<usize> = text.chars().map(|c| vocabulary.number(c).unwrap_or(usual)).collect();
        let given = &codes[codes.len().saturating_sub(context)..];
        let mut window = vec![usual; context - given.len()];
        window.extend_from_slice(given);
        let unnameable = if characters.len() > 1 { characters.binary_search(&OTHER).ok() } else { None };
        let stream = Stream::new(self.seed, "continuation");
        for place in 0..self.characters {
            let inputs: Vec<f32> = window.iter().map(|&code| code as f32).collect();
            let x = Variable::constant(Array::from_slice(&inputs, &[1, context])?.to_dtype(dtype_of(model)));
            let outputs = as_trained(model, || inference(|| model.network.forward(&x)))?;
            let mut weights = model.network.probabilities(&outputs)?.to_f64_vec();
            if weights.len() != characters.len() || !weights.iter().all(|weight| weight.is_finite()) {
                let error = Error::new(ErrorKind::Value, format!("{name}: the model gives no probabilities of its characters"));
                return Err(error.help("its training may have failed: train it again with a smaller --learning-rate").into());
            }
            unnameable.into_iter().for_each(|place| weights[place] = 0.0);
            let next = drawn(&weights, self.temperature, stream.part(place as u64).next_uniform());
            out(characters[next])?;
            window.remove(0);
            window.push(next);
        }
        Ok(())
    }
}

/// The class that a number 0 ≤ u < 1 draws by weights to the power 1 / temperature; at temperature 0 the first with the largest.
fn drawn(weights: &[f64], temperature: f64, u: f64) -> usize {
    let largest = weights.iter().copied().fold(0.0, f64::max);
    let likeliest = weights.iter().position(|&weight| weight == largest).unwrap_or(0);
    if temperature == 0.0 {
        return likeliest;
    }
    let powers: Vec<f64> = weights.iter().map(|weight| ((weight / largest).ln() / temperature).exp()).collect();
    let mut left = u * powers.iter().sum::<f64>();
    for (place, power) in powers.iter().enumerate() {
        if left < *power {
            return place;
        }
        left -= power;
    }
    likeliest
}

/// What a text holds, for `kudari data`.
pub fn show(path: &Path, as_json: bool) -> Result<(), Failure> {
    let text = read_text(path)?;
    let mut counts = std::collections::BTreeMap::<char, usize>::new();
    text.chars().for_each(|character| *counts.entry(character).or_default() += 1);
    let (characters, lines) = (counts.values().sum::<usize>(), text.lines().count());
    let mut rows: Vec<(char, usize)> = counts.into_iter().collect();
    rows.sort_by_key(|&(character, count)| (std::cmp::Reverse(count), character));
    let name = path.display();
    if as_json {
        let rows: Vec<Value> = rows.iter().map(|(c, count)| json!({"character": c.to_string(), "count": count})).collect();
        let found =
            json!({"data": name.to_string(), "bytes": text.len(), "characters": characters, "lines": lines, "vocabulary": rows});
        return output::print(found);
    }
    let [all, line_count] = [characters, lines].map(|count| with_commas(count as u64));
    output::print(format_args!("{name}: a text of {all} characters in {line_count} lines, {} different", rows.len()))?;
    let mut table = vec![["  character", "count", "share"].map(str::to_string).to_vec()];
    for (character, count) in rows.iter().take(SHOWN) {
        let share = format!("{:.1} %", *count as f64 * 100.0 / characters as f64);
        table.push(vec![format!("  {}", output::visible(&character.to_string())), with_commas(*count as u64), share]);
    }
    output::table(&table)?;
    if rows.len() > SHOWN {
        output::print(format_args!("  and {} more", rows.len() - SHOWN))?;
    }
    let mut sorted: Vec<char> = rows.iter().map(|row| row.0).collect();
    sorted.sort_unstable();
    let vocabulary: String = sorted.iter().take(300).map(|c| output::visible(&c.to_string())).collect();
    output::print(format_args!("vocabulary: {vocabulary}{}", if sorted.len() > 300 { "…" } else { "" }))?;
    output::print(format_args!("`kudari train {name}` learns to predict each character from the {CONTEXT} before it"))?;
    Ok(())
}

/// Whether `data` names a text to continue, or standard input.
pub fn is_prompt(data: &str) -> bool {
    data == "-" || is_text(Path::new(data))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(range: std::ops::Range<usize>) -> Vec<std::ops::Range<usize>> {
        std::iter::once(range).collect()
    }

    #[test]
    fn texts_are_known_by_their_ending() {
        for (name, is) in [("a.txt", true), ("b/A.TXT.gz", true), ("c.gz", false), ("txt", false), ("d.txt.zip", false)] {
            assert_eq!(is_text(Path::new(name)), is, "{name}");
        }
        assert_eq!([context("1"), context("1024")], [Ok(1), Ok(1024)]);
        assert!(["0", "1025", "-1", "x", ""].iter().all(|bad| context(bad).is_err()));
    }

    #[test]
    fn parts_lie_one_after_the_other() {
        let all = |parts: Parts| (parts.learn, parts.judge, parts.decide);
        assert_eq!(all(Parts::of(1000, Division::by(1))), (one(0..900), one(900..1000), None));
        let validation = Division { validation: Some(0.1), ..Division::by(1) };
        assert_eq!(all(Parts::of(1000, validation)), (one(0..810), one(900..1000), Some(810..900)));
        let fold = Division { fold: Some((1, 4)), ..validation };
        assert_eq!(all(Parts::of(1000, fold)), (vec![0..250, 500..925], one(250..500), Some(925..1000)));
        let first = Division { fold: Some((0, 3)), ..Division::by(1) };
        assert_eq!(all(Parts::of(10, first)), (one(3..10), one(0..3), None));
        assert_eq!(all(Parts::of(0, Division::by(1))).0, []);
    }

    #[test]
    fn characters_are_drawn_by_their_weights() {
        let weights = [0.2, 0.5, 0.0, 0.3];
        let at = |temperature, u| drawn(&weights, temperature, u);
        assert_eq!([at(1.0, 0.0), at(1.0, 0.19), at(1.0, 0.21), at(1.0, 0.69), at(1.0, 0.71)], [0, 0, 1, 1, 3]);
        // Squares: 4 : 25 : 0 : 9.
        assert_eq!([at(0.5, 0.1), at(0.5, 0.11), at(0.5, 0.76), at(0.5, 0.77)], [0, 1, 1, 3]);
        assert_eq!([at(0.0, 0.0), at(0.0, 0.99), at(1e-300, 0.99), at(1e300, 0.1)], [1, 1, 1, 0]);
    }
}
