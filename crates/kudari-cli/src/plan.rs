//! A training with every setting resolved: what was typed, and the defaults of the data for the rest.

use std::time::Duration;

use kudari::data::table::Preparation;
use kudari::data::{Augmentation, Normalisation, Sampling, Split};
use kudari::layers::Initializer;
use kudari::model::{Model, Network, NetworkOptions};
use kudari::optimizers::{self, Optimizer, Schedule, usual_learning_rate};
use kudari::train::{GradientMethod, Length, Loss, TrainOptions};
use kudari::{DType, Error, ErrorKind, Precision, no_grad, threads};
use serde_json::{Value, json};

use crate::commands::Numbers;
use crate::commands::train::Settings;
use crate::data::{self, DataArguments, Division};
use crate::failure::{Failure, OrUsage};
use crate::gradient_method;
use crate::output::{duration, number, with_commas};

/// A training that is ready to begin.
pub struct Plan {
    /// The data as they were named.
    pub data: String,
    /// What the run folder is named after.
    pub name: String,
    /// Both parts of the data, in the type that is computed with.
    pub split: Split,
    /// The network before training.
    pub network: Network,
    /// What is made small.
    pub loss: &'static Loss,
    /// Samples per update.
    pub batch_size: usize,
    /// How long.
    pub length: Length,
    /// The seed of everything random.
    pub seed: u64,
    /// The range of both inputs in pictures, where it is not to follow from the data.
    pub view: Option<[f64; 2]>,
    /// How rows of a table become inputs, if the data are one.
    pub preparation: Option<Preparation>,
    /// What was done to the data on the way, in lines for people.
    pub notes: Vec<String>,
    of_data: DataArguments,
    sampling: Sampling,
    optimizer: Box<dyn Optimizer>,
    optimizer_text: String,
    /// The weight decay where nobody says another.
    usual_weight_decay: f64,
    schedule: Option<Schedule>,
    initializer: Option<Initializer>,
    gradient: GradientMethod,
    numbers: Numbers,
    dtype_chosen: bool,
    threads: Option<usize>,
    accumulate: u32,
    average: Option<f64>,
    validation: Option<f64>,
    early_stopping: Option<u64>,
    time_limit: Option<Duration>,
}

impl Plan {
    /// Resolves the arguments and checks that everything fits, so that a training that begins can go through.
    pub fn new(arguments: &Settings) -> Result<Plan, Failure> {
        let division = Division { validation: arguments.validation_share(), ..Division::by(arguments.seed) };
        Plan::on(data::training(&arguments.data, &arguments.of_data, division)?, arguments)
    }

    /// As [`Plan::new`], on data that were loaded before.
    pub fn on(data: data::Training, arguments: &Settings) -> Result<Plan, Failure> {
        let data::Training { name, split, defaults, view, preparation, mut notes } = data;
        let loss = Loss::for_data(arguments.loss.as_deref().unwrap_or(defaults.loss), &split.train).or_usage()?;
        let optimizer_text = arguments.optimizer.clone().unwrap_or_else(|| defaults.optimizer.to_string());
        // The data's rate is one for the data's optimizer.
        let usual = || arguments.optimizer.as_deref().filter(|text| *text != defaults.optimizer).and_then(usual_learning_rate);
        let rate = arguments.learning_rate.or_else(usual).unwrap_or(defaults.learning_rate);
        // And so is its weight decay.
        let is_usual = arguments.optimizer.as_deref().is_none_or(|text| text == defaults.optimizer);
        let usual_weight_decay = if is_usual { defaults.weight_decay } else { 0.0 };
        let weight_decay = arguments.weight_decay.unwrap_or(usual_weight_decay);
        let mut optimizer = optimizers::parse(&optimizer_text, rate).or_usage()?;
        let settings = optimizer.settings_mut();
        (settings.weight_decay, settings.clip_norm, settings.clip_value) =
            (weight_decay, arguments.clip_norm, arguments.clip_value);
        settings.validate().or_usage()?;
        let schedule = arguments
            .schedule
            .as_deref()
            .or(defaults.schedule.filter(|_| is_usual))
            .map(Schedule::parse)
            .transpose()
            .or_usage()?;
        let initializer = arguments.init.as_deref().map(Initializer::parse).transpose().or_usage()?;
        let gradient = arguments.gradient.method()?;
        let numbers = match (arguments.dtype, gradient) {
            (Some(Numbers::Bf16), GradientMethod::Numerical(_)) => return Err(gradient_method::no_bf16()),
            (Some(numbers), _) => numbers,
            (None, GradientMethod::Backpropagation) => Numbers::F32,
            (None, GradientMethod::Numerical(_)) => Numbers::F64,
        };
        let dtype = numbers.dtype();
        let (train, test) = (split.train.with_dtype(dtype)?, split.test.with_dtype(dtype)?);
        let augmentation = arguments.augment.as_deref().map(Augmentation::parse).transpose().or_usage()?;
        let train = train.with_augmentation(augmentation).or_usage()?;
        let validation = split.validation.map(|part| part.with_dtype(dtype)).transpose()?;
        if train.sample_shape() != test.sample_shape() {
            let [a, b] = [&train, &test].map(|d| format!("{:?}", d.sample_shape()));
            return Err(Error::new(ErrorKind::Shape, format!("training samples of shape {a}, test samples of {b}")).into());
        }
        // A default larger than a small data set of the user's own is not the user's mistake.
        let batch_size = arguments.batch_size.unwrap_or(defaults.batch_size.min(train.len()));
        train.batches(batch_size).or_usage()?;
        let classes = train.classes().len();
        // Targets that are numbers have a column for each.
        let outputs = if classes == 0 { train.target_size().unwrap_or(1) } else { classes };
        let net = arguments
            .net
            .clone()
            .unwrap_or_else(|| format!("{} linear({outputs})", defaults.hidden.replace("CLASSES", &outputs.to_string())));
        let options = NetworkOptions { seed: arguments.seed, initializer, double: dtype == DType::F64 };
        let network = Network::new(&net, train.sample_shape(), &options).or_usage()?;
        has_parameters(&network).or_usage()?;
        // An embedding takes the numbers of symbols: scaled they would be others.
        let mut split = Split { train, test, validation };
        if network.notation().contains("embedding") && split.train.normalisation() != Normalisation::default() {
            notes = vec!["inputs are taken as they are".to_string()];
            split = split.with_normalisation(Normalisation::default());
        }
        if classes == 0 { fits_numbers(&network, outputs) } else { fits_classes(&network, classes) }.or_usage()?;
        let length = match (arguments.iterations, arguments.epochs) {
            (Some(iterations), _) => Length::Iterations(iterations),
            (None, Some(epochs)) => Length::Epochs(epochs),
            (None, None) => defaults.length,
        };
        let plan = Plan {
            data: arguments.data.clone(),
            name,
            split,
            network,
            loss,
            batch_size,
            length,
            seed: arguments.seed,
            view,
            preparation,
            notes,
            of_data: arguments.of_data.clone(),
            sampling: if arguments.with_replacement { Sampling::WithReplacement } else { Sampling::Shuffled },
            optimizer,
            optimizer_text,
            usual_weight_decay,
            schedule,
            initializer,
            gradient,
            numbers,
            dtype_chosen: arguments.dtype.is_some(),
            threads: arguments.threads,
            accumulate: arguments.accumulate,
            average: arguments.average,
            validation: arguments.validation_share(),
            early_stopping: arguments.early_stopping,
            time_limit: arguments.time_limit,
        };
        plan.schedule.iter().try_for_each(|schedule| schedule.validate(plan.iterations())).or_usage()?;
        plan.try_loss().or_usage()?;
        Ok(plan)
    }

    /// Some losses want other targets or outputs than the network and the data give: better known before it begins.
    fn try_loss(&self) -> kudari::Result<()> {
        let batch = self.split.train.range(0, self.batch_size.min(2))?;
        no_grad(|| self.loss.of(&self.network.forward(&batch.x)?, &batch.t)).map(|_| ())
    }

    /// What the trainer needs.
    pub fn options(&self) -> TrainOptions {
        TrainOptions {
            loss: self.loss,
            optimizer: self.optimizer.copy(),
            gradient: self.gradient,
            batch_size: self.batch_size,
            length: self.length,
            sampling: self.sampling,
            seed: self.seed,
            schedule: self.schedule.clone(),
            accumulate: self.accumulate as usize,
            average: self.average,
            early_stopping: self.early_stopping,
            time_limit: self.time_limit,
        }
    }

    /// What a model's file holds besides the network.
    pub fn frame(&self) -> Frame {
        Frame {
            normalisation: self.split.train.normalisation(),
            labels: self.split.train.classes().to_vec(),
            preparation: self.preparation.clone(),
            loss: self.loss.name,
            training: self.training_json(),
        }
    }

    /// How matrix products and convolutions of f32 numbers are computed.
    pub fn precision(&self) -> Precision {
        self.numbers.precision()
    }

    /// The number of updates to make.
    pub fn iterations(&self) -> u64 {
        // The length was checked when it was read: it is at least 1.
        self.options().iterations(&self.split).unwrap_or(u64::MAX)
    }

    /// How often it is measured.
    pub fn measurements(&self) -> u64 {
        self.options().measurements(&self.split).unwrap_or(1)
    }

    /// Every setting by its option's name: what a configuration holds.
    pub fn configuration(&self) -> Vec<(&'static str, Value)> {
        let settings = self.optimizer.settings();
        let mut options: Vec<(&str, Value)> = vec![("data", self.data.clone().into())];
        options.extend(self.of_data.options());
        options.extend([
            ("net", self.network.notation().into()),
            ("loss", self.loss.name.into()),
            ("optimizer", self.optimizer_text.clone().into()),
            ("learning-rate", settings.learning_rate.into()),
        ]);
        options.extend(self.schedule.iter().map(|schedule| ("schedule", schedule.to_string().into())));
        // That there is none has to be said only where there usually is one.
        if settings.weight_decay != 0.0 || self.usual_weight_decay != 0.0 {
            options.push(("weight-decay", settings.weight_decay.into()));
        }
        let clipping = [("clip-norm", settings.clip_norm), ("clip-value", settings.clip_value)];
        options.extend(clipping.into_iter().filter_map(|(name, value)| Some((name, value?.into()))));
        options.push(("batch-size", self.batch_size.into()));
        if self.accumulate > 1 {
            options.push(("accumulate", self.accumulate.into()));
        }
        options.extend(self.average.map(|decay| ("average", decay.into())));
        options.extend(self.validation.map(|share| ("validation", share.into())));
        options.extend(self.early_stopping.map(|epochs| ("early-stopping", epochs.into())));
        options.extend(self.time_limit.map(|limit| ("time-limit", format!("{}s", limit.as_secs_f64()).into())));
        options.push(match self.length {
            Length::Iterations(count) => ("iterations", count.into()),
            Length::Epochs(count) => ("epochs", count.into()),
        });
        options.extend(self.split.train.augmentation().map(|how| ("augment", how.to_string().into())));
        options.push(("seed", self.seed.into()));
        options.extend(self.initializer.map(|i| ("init", i.to_string().into())));
        options.push(("dtype", self.numbers.name().into()));
        options.extend(self.threads.map(|threads| ("threads", threads.into())));
        options.extend(gradient_method::options(self.gradient).into_iter().map(|(name, value)| (name, value.into())));
        if self.sampling == Sampling::WithReplacement {
            options.push(("with-replacement", true.into()));
        }
        options
    }

    /// The command that repeats this training, with every setting.
    pub fn command(&self) -> String {
        let mut words = vec!["kudari".to_string(), "train".to_string()];
        for (name, value) in self.configuration() {
            let text = match value {
                Value::String(text) => text,
                Value::Array(list) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
                Value::Number(value) if value.is_f64() => number(value.as_f64().unwrap_or(0.0)),
                other => other.to_string(),
            };
            match name {
                "data" => words.push(text),
                "with-replacement" | "stream" | "grey" | "rgb" => words.push(format!("--{name}")),
                _ => words.extend([format!("--{name}"), text]),
            }
        }
        words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }

    /// Name and value of every setting, for people.
    pub fn settings(&self) -> Vec<(String, String)> {
        let settings = self.optimizer.settings();
        let mut rows = vec![
            ("data", self.data.clone()),
            ("network", self.network.notation().to_string()),
            ("loss", self.loss.name.to_string()),
            ("optimizer", self.optimizer_text.clone()),
            ("learning rate", number(settings.learning_rate)),
        ];
        rows.extend(self.schedule.iter().map(|schedule| ("schedule", schedule.to_string())));
        if settings.weight_decay != 0.0 {
            rows.push(("weight decay", number(settings.weight_decay)));
        }
        for (name, value) in [("clipping norm", settings.clip_norm), ("clipping value", settings.clip_value)] {
            value.into_iter().for_each(|v| rows.push((name, number(v))));
        }
        rows.extend(self.split.train.augmentation().map(|how| ("augmentation", how.to_string())));
        rows.extend([
            ("gradient", gradient_method::in_words(self.gradient)),
            ("batch size", self.batch_size.to_string()),
            ("sampling", self.sampling_text().to_string()),
            ("length", self.length_text()),
            ("seed", self.seed.to_string()),
            ("initialiser", self.initializer.map_or("by the activation that follows".to_string(), |i| i.to_string())),
            ("numbers", self.numbers_text()),
            ("threads", threads().to_string()),
        ]);
        if self.accumulate > 1 {
            rows.push(("batches an update", self.accumulate.to_string()));
        }
        rows.extend(self.average.map(|decay| ("moving average", format!("keeps {} in every update", number(decay)))));
        rows.extend(self.validation.map(|share| ("validation part", format!("{} of the training data", number(share)))));
        rows.extend(
            self.early_stopping.map(|epochs| ("early stopping", format!("after {epochs} epochs without a smaller loss"))),
        );
        rows.extend(self.time_limit.map(|limit| ("time limit", duration(limit.as_secs_f64()))));
        rows.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
    }

    /// The settings as they are kept in the model's file.
    fn training_json(&self) -> Value {
        let settings = self.optimizer.settings();
        let (iterations, epochs) = match self.length {
            Length::Iterations(count) => (Some(count), None),
            Length::Epochs(count) => (None, Some(count)),
        };
        json!({
            "program": format!("kudari {}", env!("CARGO_PKG_VERSION")),
            "command": self.command(),
            "data": self.data,
            "optimizer": self.optimizer_text,
            "learning_rate": settings.learning_rate,
            "schedule": self.schedule.as_ref().map(|schedule| schedule.to_string()),
            "weight_decay": settings.weight_decay,
            "clip_norm": settings.clip_norm,
            "clip_value": settings.clip_value,
            "gradient": gradient_method::in_words(self.gradient),
            "batch_size": self.batch_size,
            "accumulate": self.accumulate,
            "average": self.average,
            "validation": self.validation,
            "early_stopping": self.early_stopping,
            "sampling": self.sampling_text(),
            "augmentation": self.split.train.augmentation().map(|how| how.to_string()),
            "iterations": iterations,
            "epochs": epochs,
            "seed": self.seed,
            "init": self.initializer.map(|i| i.to_string()),
            "dtype": self.numbers.name(),
        })
    }

    /// What numerical gradients will cost, in lines for people; none for backpropagation.
    pub fn cost(&self) -> kudari::Result<Vec<String>> {
        let GradientMethod::Numerical(numerical) = self.gradient else { return Ok(Vec::new()) };
        let cost = numerical.cost(&self.network, self.loss, &self.split.train.range(0, self.batch_size)?)?;
        let mut lines = vec![gradient_method::in_words(self.gradient)];
        lines.extend(gradient_method::cost_in_words(&cost, self.iterations()));
        lines.extend(
            gradient_method::about_numbers(self.gradient, self.numbers == Numbers::F64, self.dtype_chosen).map(str::to_string),
        );
        Ok(lines)
    }

    /// The settings in two lines, for people.
    pub fn in_words(&self) -> [String; 2] {
        let rate = number(self.optimizer.settings().learning_rate);
        let rate = self.schedule.as_ref().map_or(rate.clone(), |schedule| format!("{rate} ({schedule})"));
        let mut how_long = self.length_text();
        how_long.extend(
            self.early_stopping.map(|epochs| format!(" at most, ending after {epochs} without a smaller validation loss")),
        );
        how_long.extend(self.time_limit.map(|limit| format!(", at most {}", duration(limit.as_secs_f64()))));
        let batches = if self.accumulate > 1 { format!("{} × ", self.accumulate) } else { String::new() };
        let threads = if threads() == 1 { "1 thread".to_string() } else { format!("{} threads", threads()) };
        [
            format!("{}, {}, learning rate {rate}, batches of {batches}{}", self.loss.name, self.optimizer_text, self.batch_size),
            format!("{how_long}, seed {}, {}, {threads}", self.seed, self.numbers_text()),
        ]
    }

    fn numbers_text(&self) -> String {
        match self.numbers {
            Numbers::F32 | Numbers::F64 => self.numbers.name().to_string(),
            Numbers::Bf16 => format!("f32, matrix products and convolutions in bf16 ({})", Precision::Bf16.instructions()),
        }
    }

    fn sampling_text(&self) -> &'static str {
        match self.sampling {
            Sampling::InOrder => "in order",
            Sampling::Shuffled => "shuffled",
            Sampling::WithReplacement => "with replacement",
        }
    }

    fn length_text(&self) -> String {
        let (count, what) = match self.length {
            Length::Iterations(count) => (count, "iteration"),
            Length::Epochs(count) => (count, "epoch"),
        };
        format!("{} {what}{}", with_commas(count), if count == 1 { "" } else { "s" })
    }
}

/// What a model's file holds besides the network.
pub struct Frame {
    normalisation: Normalisation,
    labels: Vec<String>,
    preparation: Option<Preparation>,
    loss: &'static str,
    training: Value,
}

impl Frame {
    /// The model with this network.
    pub fn model(&self, network: Network) -> Model {
        Model {
            network,
            normalisation: self.normalisation.clone(),
            labels: self.labels.clone(),
            preparation: self.preparation.clone(),
            loss: self.loss.to_string(),
            training: self.training.clone(),
        }
    }
}

/// Makes sure that a network has something to train or to check.
pub fn has_parameters(network: &Network) -> kudari::Result<()> {
    if network.summary().parameters > 0 {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Value, format!("the network {} has no parameters", network.notation()))
        .help("add a layer that has some, e.g. linear(10)"))
}

/// Makes sure that a network's outputs stand for this many classes: one each, or one for both of two.
pub fn fits_classes(network: &Network, classes: usize) -> kudari::Result<()> {
    let outputs = network.output_shape();
    if outputs == [classes] || (outputs == [1] && classes == 2) {
        return Ok(());
    }
    let found = match outputs[..] {
        [1] => "1 output".to_string(),
        [count] => format!("{count} outputs"),
        _ => format!("outputs of shape {outputs:?}"),
    };
    Err(Error::new(ErrorKind::Shape, format!("the network {} has {found}, the data have {classes} classes", network.notation()))
        .help(format!("a classifier ends in one output a class: linear({classes})")))
}

/// Makes sure that a network gives as many numbers as there are targets.
pub fn fits_numbers(network: &Network, targets: usize) -> kudari::Result<()> {
    if network.output_shape() == [targets] {
        return Ok(());
    }
    let found = network.output_shape();
    Err(Error::new(
        ErrorKind::Shape,
        format!("the network {} has outputs of shape {found:?} for {targets} number(s)", network.notation()),
    )
    .help(format!("a network that predicts numbers ends in one output for each: linear({targets})")))
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:,=+".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_string() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_the_shell() {
        assert_eq!([quoted("mnist"), quoted("linear(50) relu"), quoted("it's")], ["mnist", "'linear(50) relu'", r"'it'\''s'"]);
    }
}
