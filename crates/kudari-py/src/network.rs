//! `kudari._core.Network`: a whole network in the notation, trained by the engine's own loop; what the command trains and saves.

use std::path::PathBuf;

use kudari::data::{Dataset, Normalisation, Split};
use kudari::layers::Layer;
use kudari::model::{Model, NetworkOptions};
use kudari::optimizers::{Schedule, parse};
use kudari::train::{EpochRecord, Length, Loss, Observer, Progress, Stop, TrainOptions, Usual, train};
use kudari::{Array, DType, inference};
use numpy::PyUntypedArray;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};

use crate::errors::{OrRaise, error_of, guarded};
use crate::memory;
use crate::operand::array_of;

/// Network(notation, shape, seed=1, double=False): for samples of this shape, with weights drawn by the seed.
#[pyclass(module = "kudari._core")]
pub struct Network {
    pub network: kudari::model::Network,
    pub loss: String,
    labels: Vec<String>,
}

/// Adds this file's function to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(usual, module)?)
}

/// usual(samples, shape, classes): settings that train well on so many samples of this shape.
#[pyfunction]
fn usual<'py>(py: Python<'py>, samples: usize, shape: Vec<usize>, classes: bool) -> PyResult<Bound<'py, PyDict>> {
    let usual = Usual::for_samples(samples, &shape, classes);
    let settings = PyDict::new(py);
    settings.set_item("hidden", usual.hidden)?;
    settings.set_item("loss", usual.loss)?;
    settings.set_item("optimizer", usual.optimizer)?;
    settings.set_item("learning_rate", usual.learning_rate)?;
    settings.set_item("schedule", usual.schedule)?;
    settings.set_item("weight_decay", usual.weight_decay)?;
    settings.set_item("batch_size", usual.batch_size)?;
    settings.set_item("epochs", usual.epochs)?;
    Ok(settings)
}

/// What a pickled network is made of: its class, the arguments for a new one, and what that takes over.
type Reduced<'py> = (Bound<'py, PyType>, (String, Vec<usize>, u64, bool), (Bound<'py, PyDict>, String, Vec<String>));

/// Samples that are predicted at once.
const CHUNK: usize = 1000;

#[pymethods]
impl Network {
    #[new]
    #[pyo3(signature = (notation, shape, seed=1, double=false))]
    fn new(notation: &str, shape: Vec<usize>, seed: u64, double: bool) -> PyResult<Network> {
        let options = NetworkOptions { seed, initializer: None, double };
        let network = kudari::model::Network::new(notation, &shape, &options).or_raise()?;
        Ok(Network { network, loss: String::new(), labels: Vec::new() })
    }

    /// The network of a model file, as ``save`` and the command write it.
    #[staticmethod]
    fn load(path: PathBuf) -> PyResult<Network> {
        let model = Model::load(&path).or_raise()?;
        if model.preparation.is_some() || model.normalisation != Normalisation::default() {
            let what =
                format!("{}: a model that prepares its data itself\n  use kudari predict, which knows how", path.display());
            return Err(PyRuntimeError::new_err(what));
        }
        Ok(Network { network: model.network, loss: model.loss, labels: model.labels })
    }

    /// save(path): a model file that ``load`` and the command read.
    fn save(&self, path: PathBuf) -> PyResult<()> {
        let network = self.copy()?;
        let model = Model {
            network,
            normalisation: Normalisation::default(),
            labels: self.labels.clone(),
            preparation: None,
            loss: self.loss.clone(),
            training: "python".into(),
        };
        model.save(&path).or_raise()
    }

    /// The notation, with all sizes.
    #[getter]
    fn notation(&self) -> &str {
        self.network.notation()
    }

    /// The parameters and running statistics by name, as NumPy arrays; they are copies.
    fn arrays<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let arrays = PyDict::new(py);
        for (name, array) in self.network.arrays() {
            arrays.set_item(name, memory::to_numpy(py, &array.copy())?)?;
        }
        Ok(arrays)
    }

    /// set_arrays(arrays): takes parameters by name, all of them.
    fn set_arrays(&mut self, arrays: Vec<(String, Bound<'_, PyUntypedArray>)>) -> PyResult<()> {
        let dtype = self.dtype();
        let arrays = arrays.into_iter().map(|(name, array)| Ok((name, array_of(&array)?.to_dtype(dtype).copy())));
        self.network.set_arrays(&arrays.collect::<PyResult<Vec<_>>>()?).or_raise()
    }

    /// outputs(x): what the network gives for samples, in use; ``probabilities`` of the classes with the last activation applied.
    #[pyo3(signature = (x, probabilities=false))]
    fn outputs<'py>(&self, py: Python<'py>, x: &Bound<'py, PyUntypedArray>, probabilities: bool) -> PyResult<Bound<'py, PyAny>> {
        let x = array_of(x)?.to_dtype(self.dtype());
        let network = &self.network;
        let computed = guarded(|| {
            py.detach(|| {
                let mut parts = Vec::new();
                for from in (0..x.shape().first().copied().unwrap_or(0)).step_by(CHUNK) {
                    let part = kudari::Variable::constant(x.slice_axis(0, from as isize..(from + CHUNK) as isize)?);
                    let outputs = inference(|| network.forward(&part))?;
                    parts.push(if probabilities { network.probabilities(&outputs)? } else { outputs.into_array() });
                }
                Array::concatenate(&parts.iter().collect::<Vec<_>>(), 0)
            })
        })?;
        memory::to_numpy(py, &computed.or_raise()?)
    }

    /// fit(x, t, classes, …): trains; gives the measurements as a list of dictionaries, and why it ended.
    ///
    /// ``t`` are class numbers (then ``classes`` are their names) or numbers. ``measured`` is called with each new measurement.
    #[pyo3(signature = (x, t, classes, *, loss, optimizer, learning_rate, batch_size, epochs, seed=1, schedule=None, weight_decay=0.0, validation=None,
        early_stopping=None, measured=None))]
    #[allow(clippy::too_many_arguments)]
    fn fit<'py>(
        &mut self,
        py: Python<'py>,
        x: &Bound<'py, PyUntypedArray>,
        t: &Bound<'py, PyUntypedArray>,
        classes: Vec<String>,
        loss: &str,
        optimizer: &str,
        learning_rate: f64,
        batch_size: usize,
        epochs: u64,
        seed: u64,
        schedule: Option<&str>,
        weight_decay: f64,
        validation: Option<f64>,
        early_stopping: Option<u64>,
        measured: Option<Py<PyAny>>,
    ) -> PyResult<(Vec<Bound<'py, PyDict>>, String)> {
        let dtype = self.dtype();
        let targets = array_of(t)?;
        let targets = if targets.dtype().is_float() { targets.to_dtype(dtype) } else { targets };
        let data = Dataset::from_arrays("X", array_of(x)?.to_dtype(dtype), targets, classes.clone()).or_raise()?;
        let data = data.with_dtype(dtype).or_raise()?;
        let mut split = Split::new(data.clone(), data);
        if let Some(share) = validation {
            split = split.with_validation(share, seed).or_raise()?;
        }
        let mut optimizer = parse(optimizer, learning_rate).or_raise()?;
        optimizer.settings_mut().weight_decay = weight_decay;
        let mut options = TrainOptions::new(Loss::named(loss).or_raise()?, optimizer, batch_size, Length::Epochs(epochs));
        options.seed = seed;
        options.schedule = schedule.map(Schedule::parse).transpose().or_raise()?;
        options.early_stopping = early_stopping;
        (self.loss, self.labels) = (loss.to_string(), classes);
        let mut follower = Follower { measured, shown: 0 };
        let network = &mut self.network;
        let outcome = guarded(|| py.detach(|| train(network, &split, options, &mut follower)))?.or_raise()?;
        if let Stop::Failed(failure) = &outcome.stop {
            return Err(PyRuntimeError::new_err(failure.report().trim_end().to_string()));
        }
        let why = match outcome.stop {
            Stop::NoLongerBetter => "the validation loss no longer fell",
            _ => "all epochs were made",
        };
        let history = outcome.history.iter().map(|record| dictionary(py, record)).collect::<PyResult<Vec<_>>>()?;
        Ok((history, why.to_string()))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let arguments = (self.network.notation().to_string(), self.network.input_shape().to_vec(), 1, self.dtype() == DType::F64);
        let state = (self.arrays(py)?, self.loss.clone(), self.labels.clone());
        Ok((py.get_type::<Network>(), arguments, state))
    }

    fn __setstate__(&mut self, state: (Bound<'_, PyDict>, String, Vec<String>)) -> PyResult<()> {
        let (arrays, loss, labels) = state;
        self.set_arrays(arrays.items().extract()?)?;
        (self.loss, self.labels) = (loss, labels);
        Ok(())
    }

    fn __repr__(&self) -> String {
        let summary = self.network.summary();
        format!("<network {} for {:?}, {} parameters>", self.network.notation(), self.network.input_shape(), summary.parameters)
    }
}

impl Network {
    /// The type of the parameters.
    pub fn dtype(&self) -> DType {
        self.network.arrays().first().map_or(DType::F32, |(_, array)| array.dtype())
    }

    /// A network of its own with the same parameters.
    pub fn copy(&self) -> PyResult<kudari::model::Network> {
        let options = NetworkOptions { seed: 1, initializer: None, double: self.dtype() == DType::F64 };
        let mut copy = kudari::model::Network::new(self.network.notation(), self.network.input_shape(), &options).or_raise()?;
        copy.set_arrays(&self.network.arrays()).or_raise()?;
        Ok(copy)
    }
}

/// A measurement for Python; what was not measured is left out.
fn dictionary<'py>(py: Python<'py>, record: &EpochRecord) -> PyResult<Bound<'py, PyDict>> {
    let values = PyDict::new(py);
    values.set_item("epoch", record.epoch)?;
    values.set_item("iteration", record.iteration)?;
    values.set_item("train_loss", record.train_loss)?;
    let known = [
        ("train_accuracy", record.train_accuracy),
        ("validation_loss", record.validation_loss),
        ("validation_accuracy", record.validation_accuracy),
    ];
    for (name, value) in known.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        values.set_item(name, value)?;
    }
    values.set_item("learning_rate", record.learning_rate)?;
    values.set_item("seconds", record.seconds)?;
    Ok(values)
}

/// Updates between two looks at whether Ctrl-C was pressed.
const SIGNALS: u64 = 50;

/// Tells Python of every measurement, and lets Ctrl-C through.
struct Follower {
    measured: Option<Py<PyAny>>,
    shown: usize,
}

impl Observer for Follower {
    fn iteration(&mut self, progress: &Progress, _: &kudari::model::Network) -> kudari::Result<()> {
        if progress.iteration.is_multiple_of(SIGNALS) {
            return Python::attach(|py| py.check_signals()).map_err(error_of);
        }
        Ok(())
    }

    fn measured(&mut self, _: &kudari::model::Network, history: &[EpochRecord]) -> kudari::Result<()> {
        let Some(measured) = &self.measured else { return Ok(()) };
        let new = &history[self.shown.min(history.len())..];
        self.shown = history.len();
        Python::attach(|py| new.iter().try_for_each(|record| measured.call1(py, (dictionary(py, record)?,)).map(drop)))
            .map_err(error_of)
    }
}
