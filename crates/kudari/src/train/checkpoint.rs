//! Points from which a training goes on: all that it needs to have the same bits as without the break.

use std::collections::HashMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::record::EpochRecord;
use super::trainer::{Best, Run};
use crate::array::Array;
use crate::data::Split;
use crate::error::{Error, Result};
use crate::layers::Layer;
use crate::model::tensors::{from_safetensors, to_safetensors};
use crate::optimizers::{OptimizerMemory, WeightAverage};

/// The version of the format that this program writes.
const FORMAT: &str = "1";
/// The numbers of a measurement in a file; NaN where there is none.
const MEASURED: usize = 10;

/// The state of a training after some update: parameters and buffers (with the places of their random streams), what the optimizer
/// remembers, averages, the best parameters, and all measurements. What follows from the number of updates, the place in the data and in
/// the schedule, is not written down.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    iteration: u64,
    seconds: f64,
    training_seconds: f64,
    network: Vec<(String, Array)>,
    optimizer: OptimizerMemory,
    average: Vec<Array>,
    best: Option<Best>,
    history: Vec<EpochRecord>,
    /// What the data look like, so that others are noticed.
    data: String,
}

impl Checkpoint {
    /// The state of a run. Cheap: all arrays are shared with it until it goes on.
    pub(super) fn of(run: &Run<'_>, iteration: u64, optimizer: OptimizerMemory, seconds: f64) -> Checkpoint {
        Checkpoint {
            iteration,
            seconds,
            training_seconds: run.training_seconds,
            network: run.network.arrays(),
            optimizer,
            average: run.average.as_ref().map_or(Vec::new(), |average| average.arrays().to_vec()),
            best: run.best.clone(),
            history: run.history.clone(),
            data: fingerprint(run.data),
        }
    }

    /// Updates made.
    pub fn iteration(&self) -> u64 {
        self.iteration
    }

    /// Seconds that the training took up to here.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Puts the state into a run that is about to begin.
    pub(super) fn put_back(self, run: &mut Run<'_>) -> Result<()> {
        let other = |what: &str| {
            Error::value(format!("the checkpoint of iteration {} belongs to {what}", self.iteration))
                .help("resume with the settings and the data that the training was begun with")
        };
        if self.data != fingerprint(run.data) {
            return Err(other("other data"));
        }
        run.network.set_arrays(&self.network).map_err(|e| other("another network").context(e.what()))?;
        let parameters = parameters(run.network);
        let fits = |arrays: &[Array], with: &Array| arrays.iter().all(|a| a.shape() == with.shape() && a.dtype() == with.dtype());
        let remembered = &self.optimizer.arrays;
        if remembered.len() > parameters.len() || !remembered.iter().zip(&parameters).all(|(arrays, with)| fits(arrays, with)) {
            return Err(other("another optimizer or network"));
        }
        let is_average = self.average.is_empty() || self.average.len() == parameters.len();
        if !is_average || !self.average.iter().zip(&parameters).all(|(a, with)| fits(std::slice::from_ref(a), with)) {
            return Err(other("another network"));
        }
        if run.options.average.is_some() == self.average.is_empty() {
            return Err(other("a training with other averages"));
        }
        run.options.optimizer.restore(self.optimizer.clone()).map_err(|e| other("another optimizer").context(e.what()))?;
        run.average = match run.options.average {
            Some(decay) => Some(WeightAverage::from_arrays(decay, self.average)?),
            None => None,
        };
        (run.seconds_before, run.training_seconds) = (self.seconds, self.training_seconds);
        (run.best, run.history) = (self.best, self.history);
        Ok(())
    }

    /// The bytes of a safetensors file, with a sum over them.
    ///
    /// # Errors
    ///
    /// None for a checkpoint of a training.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let named = |prefix: &str, arrays: &[(String, Array)]| -> Vec<(String, Array)> {
            arrays.iter().map(|(name, array)| (format!("{prefix}/{name}"), array.clone())).collect()
        };
        let mut arrays = named("network", &self.network);
        for (slot, remembered) in self.optimizer.arrays.iter().enumerate() {
            arrays.extend(remembered.iter().enumerate().map(|(i, array)| (format!("optimizer/{slot}/{i}"), array.clone())));
        }
        arrays.extend(self.average.iter().enumerate().map(|(slot, array)| (format!("average/{slot}"), array.clone())));
        arrays.extend(self.best.iter().flat_map(|best| named("best", &best.arrays)));
        let state = json!({
            "iteration": self.iteration,
            "seconds": self.seconds,
            "training_seconds": self.training_seconds,
            "step": self.optimizer.step,
            "factor": self.optimizer.factor.map(f64::to_bits),
            "slots": self.optimizer.arrays.len(),
            "best_iteration": self.best.as_ref().map(|best| best.iteration),
            "best_loss": self.best.as_ref().map(|best| best.loss.to_bits()),
            "data": self.data,
            // As bits: a loss may be NaN or infinite, which JSON does not know.
            "history": self.history.iter().map(|record| numbers_of(record).map(f64::to_bits)).collect::<Vec<_>>(),
        });
        let metadata = HashMap::from([
            ("kudari_checkpoint".to_string(), FORMAT.to_string()),
            ("sum".to_string(), sum(&arrays, &state.to_string())),
            ("state".to_string(), state.to_string()),
        ]);
        to_safetensors(&arrays, metadata)
    }

    /// Reads what [`Checkpoint::to_bytes`] gave.
    ///
    /// # Errors
    ///
    /// Bytes that are cut short, changed, or no checkpoint.
    pub fn from_bytes(bytes: &[u8]) -> Result<Checkpoint> {
        let (arrays, metadata) = from_safetensors(bytes)?;
        let broken = |what: &str| Error::format(format!("not a whole checkpoint: {what}"));
        let entry = |key: &str| metadata.get(key).ok_or_else(|| broken(&format!("`{key}` is missing")));
        if entry("kudari_checkpoint")? != FORMAT {
            return Err(
                broken("it was written in another version of the format").help("resume it with the program that wrote it")
            );
        }
        let text = entry("state")?;
        let state: Value = serde_json::from_str(text).map_err(|e| broken(&e.to_string()))?;
        if *entry("sum")? != sum(&arrays, &state.to_string()) {
            return Err(broken("its numbers do not have the sum that was written down"));
        }
        let whole = |key: &str| state[key].as_u64().ok_or_else(|| broken(&format!("`{key}` is no number")));
        let number = |key: &str| state[key].as_f64().ok_or_else(|| broken(&format!("`{key}` is no number")));
        let of = |prefix: &str| -> Vec<(String, Array)> {
            let name = |name: &str| name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/')).map(str::to_string);
            arrays.iter().filter_map(|(full, array)| Some((name(full)?, array.clone()))).collect()
        };
        let by_place = |found: Vec<(String, Array)>| -> Result<Vec<Array>> {
            let place = |name: &str| name.parse::<usize>().map_err(|_| broken(&format!("`{name}` is no place")));
            let mut placed = found.into_iter().map(|(name, array)| Ok((place(&name)?, array))).collect::<Result<Vec<_>>>()?;
            placed.sort_by_key(|(place, _)| *place);
            Ok(placed.into_iter().map(|(_, array)| array).collect())
        };
        // A slot has at least one number in the file, or nothing was remembered of it: no more of them than arrays are believed.
        let slots = whole("slots")? as usize;
        let most = arrays.len();
        let slots = (0..slots.min(most)).map(|slot| by_place(of(&format!("optimizer/{slot}")))).collect::<Result<Vec<_>>>()?;
        let history: Vec<[u64; MEASURED]> =
            serde_json::from_value(state["history"].clone()).map_err(|e| broken(&format!("`history`: {e}")))?;
        let history = history.into_iter().map(|bits| record_of(bits.map(f64::from_bits))).collect();
        let best = match state["best_iteration"].as_u64() {
            Some(iteration) => Some(Best { iteration, loss: f64::from_bits(whole("best_loss")?), arrays: of("best") }),
            None => None,
        };
        Ok(Checkpoint {
            iteration: whole("iteration")?,
            seconds: number("seconds")?,
            training_seconds: number("training_seconds")?,
            network: of("network"),
            optimizer: OptimizerMemory {
                step: whole("step")?,
                factor: state["factor"].as_u64().map(f64::from_bits),
                arrays: slots,
            },
            average: by_place(of("average"))?,
            best,
            history,
            data: state["data"].as_str().unwrap_or_default().to_string(),
        })
    }
}

/// The parameters in the order of the layers, without buffers.
fn parameters(layer: &dyn Layer) -> Vec<Array> {
    let mut arrays = Vec::new();
    layer.visit(&crate::layers::Path::ROOT, &mut |_, parameter| arrays.push(parameter.array().clone()));
    arrays
}

fn numbers_of(record: &EpochRecord) -> [f64; MEASURED] {
    let or_nan = |number: Option<f64>| number.unwrap_or(f64::NAN);
    [
        record.epoch,
        record.iteration as f64,
        record.train_loss,
        or_nan(record.train_accuracy),
        or_nan(record.validation_loss),
        or_nan(record.validation_accuracy),
        record.test_loss,
        or_nan(record.test_accuracy),
        record.learning_rate,
        record.seconds,
    ]
}

fn record_of(numbers: [f64; MEASURED]) -> EpochRecord {
    let known = |i: usize| Some(numbers[i]).filter(|number| !number.is_nan());
    EpochRecord {
        epoch: numbers[0],
        iteration: numbers[1] as u64,
        train_loss: numbers[2],
        train_accuracy: known(3),
        validation_loss: known(4),
        validation_accuracy: known(5),
        test_loss: numbers[6],
        test_accuracy: known(7),
        learning_rate: numbers[8],
        seconds: numbers[9],
    }
}

/// The SHA-256 sum of arrays with their names, and of a text. The order does not matter: a safetensors file has its own.
fn sum(arrays: &[(String, Array)], text: &str) -> String {
    let mut ordered: Vec<_> = arrays.iter().collect();
    ordered.sort_by(|a, b| a.0.cmp(&b.0));
    let mut hash = Sha256::new();
    for (name, array) in ordered {
        hash.update(format!("{name} {} {:?}\n", array.dtype(), array.shape()));
        hash.update(array.to_le_bytes());
    }
    hash.update(text);
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Samples of each part that are looked at for a fingerprint.
const LOOKED_AT: usize = 1000;

/// A short text that other data will hardly have: sizes, and some samples spread evenly, with their targets.
fn fingerprint(data: &Split) -> String {
    let mut hash = Sha256::new();
    for part in [Some(&data.train), data.validation.as_ref(), Some(&data.test)].into_iter().flatten() {
        hash.update(format!("{} {:?} {} {:?}\n", part.len(), part.sample_shape(), part.dtype(), part.classes()));
        let step = part.len().div_ceil(LOOKED_AT).max(1);
        let places: Vec<i64> = (0..part.len()).step_by(step).map(|place| place as i64).collect();
        // Places below the length always exist.
        if let Ok(batch) = part.batch(&places) {
            hash.update(batch.x.array().to_le_bytes());
            hash.update(batch.t.to_le_bytes());
        }
    }
    hex(&hash.finalize()[..16])
}
