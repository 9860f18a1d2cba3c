//! Samples with their targets.

use std::borrow::Cow;
use std::sync::Arc;

use super::augment::Augmentation;
use super::batches::{Batch, Batches};
use super::stored::{Gathered, StoredRows};
use crate::array::{Array, DType, Shape};
use crate::autograd::Variable;
use crate::error::{Error, Result};
use crate::kernels::elementwise;
use crate::kernels::float::{Element, Float, with_element, with_float};
use crate::kernels::strided::Strided;
use crate::kernels::threads;

/// How raw numbers become inputs: `raw · scale + shift`. Kept in the model file, so that predictions see what training saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Normalisation {
    /// The factor of all numbers.
    pub scale: f64,
    /// What is added after.
    pub shift: f64,
    /// A factor, and what is added after, for each number of a sample by itself, done to what the other two give: for columns of
    /// different units.
    pub each: Option<Arc<[[f64; 2]]>>,
}

impl Default for Normalisation {
    fn default() -> Normalisation {
        Normalisation::all(1.0, 0.0)
    }
}

impl Normalisation {
    /// The same for all numbers.
    pub const fn all(scale: f64, shift: f64) -> Normalisation {
        Normalisation { scale, shift, each: None }
    }

    /// For each number of a sample its own factor, and what is added after.
    pub fn each(columns: Vec<[f64; 2]>) -> Normalisation {
        Normalisation { each: Some(columns.into()), ..Normalisation::default() }
    }

    /// Does to samples, one after the other, what is done to each of their numbers by itself.
    fn finish<T: Float>(&self, samples: &mut [T]) {
        let Some(columns) = &self.each else { return };
        for sample in samples.chunks_exact_mut(columns.len().max(1)) {
            for (x, &[scale, shift]) in sample.iter_mut().zip(columns.iter()) {
                *x = *x * T::from_f64(scale) + T::from_f64(shift);
            }
        }
    }
}

/// The raw numbers of all samples.
#[derive(Clone)]
pub(super) enum Samples {
    Bytes(Arc<Cow<'static, [u8]>>),
    Numbers(Array),
    /// In a file, with their targets.
    Stored(Arc<StoredRows>),
}

/// Samples of one shape, each with a target.
#[derive(Clone)]
pub struct Dataset {
    name: String,
    samples: Samples,
    sample_shape: Vec<usize>,
    normalisation: Normalisation,
    /// None where they lie in a file with the samples.
    targets: Option<Array>,
    count: usize,
    classes: Vec<String>,
    dtype: DType,
    augmentation: Option<Augmentation>,
}

/// A data set in parts: one to learn from, one to be judged by, and maybe one to decide by.
#[derive(Clone)]
pub struct Split {
    /// What is learnt from.
    pub train: Dataset,
    /// What the result is judged by, and nothing is decided by.
    pub test: Dataset,
    /// What decides when to stop and which parameters are kept, if anything does.
    pub validation: Option<Dataset>,
}

impl Split {
    /// Two parts: one to learn from, one to be judged by.
    pub fn new(train: Dataset, test: Dataset) -> Split {
        Split { train, test, validation: None }
    }

    /// The same numbers seen under another normalisation, in all parts.
    #[must_use]
    pub fn with_normalisation(self, normalisation: Normalisation) -> Split {
        let under = |part: Dataset| part.with_normalisation(normalisation.clone());
        Split { train: under(self.train), test: under(self.test), validation: self.validation.map(&under) }
    }

    /// With a part of the training samples taken away to decide by: the given share, at least one sample, drawn by the seed, of every
    /// class alike.
    ///
    /// # Errors
    ///
    /// A share that is not above 0 and below 1, or one that leaves nothing to learn from.
    pub fn with_validation(self, share: f64, seed: u64) -> Result<Split> {
        if !(share > 0.0 && share < 1.0) {
            return Err(Error::value(format!("a validation part of {share}"))
                .help("give the share of the training samples, above 0 and below 1, as in 0.1"));
        }
        let [learn, decide] = self.train.divided(share, seed)?;
        Ok(Split { train: self.train.subset(&learn)?, validation: Some(self.train.subset(&decide)?), test: self.test })
    }
}

impl Dataset {
    /// Samples that are bytes, e.g. images, one after the other; each becomes `byte · scale + shift`.
    ///
    /// # Errors
    ///
    /// The numbers of bytes and labels do not fit the shape, or a label is not one of the classes.
    pub fn from_bytes(
        name: &str,
        bytes: Cow<'static, [u8]>,
        sample_shape: &[usize],
        normalisation: Normalisation,
        labels: Array,
        classes: Vec<String>,
    ) -> Result<Dataset> {
        let size = Shape::new(sample_shape)?.len();
        let count = bytes.len().checked_div(size).unwrap_or(0);
        if count * size != bytes.len() {
            return Err(Error::shape(format!(
                "{name}: {} bytes are not a whole number of samples of shape {sample_shape:?}",
                bytes.len()
            )));
        }
        Self::checked(name, Samples::Bytes(Arc::new(bytes)), count, sample_shape, normalisation, labels, classes)
    }

    /// Samples that are numbers: x of shape `[n, …]`, targets `[n]` of class numbers (i64) or `[n, …]` of floating-point
    /// numbers, for which `classes` is empty.
    ///
    /// # Errors
    ///
    /// The numbers of samples and targets differ, a number is NaN or infinite, or a label is not one of the classes.
    pub fn from_arrays(name: &str, x: Array, targets: Array, classes: Vec<String>) -> Result<Dataset> {
        let Some((&count, sample_shape)) = x.shape().split_first() else {
            return Err(Error::shape(format!("{name}: the samples are a single number")).help("x has shape [samples, …]"));
        };
        finite(name, "sample", &x)?;
        finite(name, "target", &targets)?;
        let sample_shape = sample_shape.to_vec();
        let x = x.contiguous();
        Self::checked(name, Samples::Numbers(x), count, &sample_shape, Normalisation::default(), targets, classes)
    }

    fn checked(
        name: &str,
        samples: Samples,
        count: usize,
        sample_shape: &[usize],
        normalisation: Normalisation,
        targets: Array,
        classes: Vec<String>,
    ) -> Result<Dataset> {
        if targets.rank() == 0 || targets.shape()[0] != count {
            return Err(Error::shape(format!("{name}: {count} samples but targets of shape {:?}", targets.shape()))
                .help("there must be one target for each sample"));
        }
        if targets.dtype() == DType::I64 {
            targets.indices(name, "label", classes.len())?;
        }
        let sample_shape = sample_shape.to_vec();
        let (name, targets) = (name.to_string(), Some(targets));
        Ok(Dataset { name, samples, sample_shape, normalisation, targets, count, classes, dtype: DType::F32, augmentation: None })
    }

    /// Samples that lie in a file with their targets: class numbers if there are classes, else numbers.
    pub(crate) fn from_stored(name: &str, rows: StoredRows, width: usize, classes: Vec<String>) -> Dataset {
        Dataset {
            name: name.to_string(),
            count: rows.len(),
            samples: Samples::Stored(Arc::new(rows)),
            sample_shape: vec![width],
            normalisation: Normalisation::default(),
            targets: None,
            classes,
            dtype: DType::F32,
            augmentation: None,
        }
    }

    /// The same data with inputs of another floating-point type, and targets too if they are numbers.
    ///
    /// # Errors
    ///
    /// A type that is not f32 or f64.
    pub fn with_dtype(mut self, dtype: DType) -> Result<Dataset> {
        if !dtype.is_float() || dtype.is_half() {
            return Err(Error::dtype(format!("{}: inputs as {dtype}", self.name)).help("inputs are f32 or f64"));
        }
        self.targets = self.targets.map(|targets| if targets.dtype().is_float() { targets.to_dtype(dtype) } else { targets });
        self.dtype = dtype;
        Ok(self)
    }

    /// The same numbers seen under another normalisation: the one of a model that was trained on its own.
    #[must_use]
    pub fn with_normalisation(mut self, normalisation: Normalisation) -> Dataset {
        self.normalisation = normalisation;
        self
    }

    /// The same data whose [`Batches`] are changed at random; [`Dataset::batch`], [`Dataset::range`] and [`Dataset::all`] give the samples as
    /// they are.
    ///
    /// # Errors
    ///
    /// Samples that cannot be changed so.
    pub fn with_augmentation(mut self, augmentation: Option<Augmentation>) -> Result<Dataset> {
        augmentation.iter().try_for_each(|augmentation| augmentation.validate(&self.name, &self.sample_shape))?;
        self.augmentation = augmentation;
        Ok(self)
    }

    /// How batches are changed, if they are.
    pub fn augmentation(&self) -> Option<&Augmentation> {
        self.augmentation.as_ref()
    }

    /// The same data with other names for the classes: those of the model that is to recognise them.
    ///
    /// # Errors
    ///
    /// A label is not one of the classes.
    pub fn with_classes(mut self, classes: &[String]) -> Result<Dataset> {
        match &self.targets {
            Some(targets) if targets.dtype() == DType::I64 => drop(targets.indices(&self.name, "label", classes.len())?),
            None if classes.len() < self.classes.len() => {
                return Err(Error::value(format!("{}: {} classes for {}", self.name, classes.len(), self.classes.len())));
            }
            _ => {}
        }
        self.classes = classes.to_vec();
        Ok(self)
    }

    /// The same kind of data with other samples and their targets.
    pub(super) fn with_samples(&self, samples: Samples, targets: Array) -> Dataset {
        Dataset { samples, count: targets.shape().first().copied().unwrap_or(0), targets: Some(targets), ..self.clone() }
    }

    /// The raw numbers of all samples.
    pub(super) fn samples(&self) -> &Samples {
        &self.samples
    }

    /// What the data set is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The shape of one sample: `[1, 28, 28]` for MNIST.
    pub fn sample_shape(&self) -> &[usize] {
        &self.sample_shape
    }

    /// How raw numbers become inputs.
    pub fn normalisation(&self) -> Normalisation {
        self.normalisation.clone()
    }

    /// The names of the classes; empty if the targets are numbers.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// All targets. Those of samples that lie in a file are read: where they can be many, [`Dataset::range`] gives them piece by
    /// piece.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn targets(&self) -> Result<Array> {
        match &self.targets {
            Some(targets) => Ok(targets.clone()),
            None => Ok(self.all()?.t),
        }
    }

    /// How many numbers the target of a sample is; `None` for a class.
    pub fn target_size(&self) -> Option<usize> {
        match (&self.targets, &self.samples) {
            (Some(targets), _) if targets.dtype().is_float() => Some(targets.shape()[1..].iter().product()),
            (None, Samples::Stored(rows)) if self.classes.is_empty() => Some(rows.targets()),
            _ => None,
        }
    }

    /// Bytes of the temporary file that the samples lie in and are read from as they are needed; `None` of samples in memory.
    pub fn stored_bytes(&self) -> Option<u64> {
        self.stored().map(|rows| rows.bytes())
    }

    /// The samples that lie in a file.
    pub(super) fn stored(&self) -> Option<&Arc<StoredRows>> {
        match &self.samples {
            Samples::Stored(rows) => Some(rows),
            _ => None,
        }
    }

    /// How often each class occurs.
    ///
    /// # Errors
    ///
    /// The targets cannot be read, or are not classes.
    pub fn class_counts(&self) -> Result<Vec<usize>> {
        const TOGETHER: usize = 1 << 16;
        let mut counts = vec![0; self.classes.len()];
        let mut count = |targets: &Array| -> Result<()> {
            for label in targets.indices(&self.name, "label", counts.len())? {
                counts[label as usize] += 1;
            }
            Ok(())
        };
        match &self.targets {
            Some(targets) => count(targets)?,
            None => (0..self.count).step_by(TOGETHER).try_for_each(|from| count(&self.range(from, from + TOGETHER)?.t))?,
        }
        Ok(counts)
    }

    /// The type of the inputs.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The samples of the given indices, each below [`Dataset::len`], as one batch.
    ///
    /// # Errors
    ///
    /// An index out of range.
    pub fn batch(&self, indices: &[i64]) -> Result<Batch> {
        let order = Array::from_slice(indices, &[indices.len()])?;
        let t = match (&self.targets, &self.samples) {
            (Some(targets), _) => targets.take(&order, 0).map_err(|e| e.context(&self.name))?,
            (None, Samples::Stored(rows)) => {
                order.indices(&self.name, "sample", self.count)?;
                return self.of_gathered(rows.gather(indices)?, indices.len());
            }
            (None, _) => return Err(Error::value(format!("{}: samples without targets", self.name))),
        };
        let shape = Shape::new(&[&[indices.len()], &self.sample_shape[..]].concat())?;
        let size = Shape::new(&self.sample_shape)?.len();
        let Normalisation { scale, shift, .. } = self.normalisation;
        fn rows<A: Element, T: Element + std::ops::Mul<Output = T> + std::ops::Add<Output = T>>(
            out: &mut [T],
            data: &[A],
            indices: &[i64],
            size: usize,
            [scale, shift]: [T; 2],
            convert: impl Fn(A) -> T + Copy + Sync,
        ) {
            // Rows lie anywhere in memory: reading them is slower than converting them.
            let (rows, cost) = (8, out.len() as f64 * 0.4);
            threads::for_each_piece(out, rows * size.max(1), cost, |piece, part| {
                for (row, &index) in part.chunks_exact_mut(size.max(1)).zip(&indices[piece * rows..]) {
                    let data = &data[index as usize * size..(index as usize + 1) * size];
                    let source = Strided { data, offset: 0, strides: &[1] };
                    elementwise::map1(row, &[size], source, 0.1, |x| convert(x) * scale + shift);
                }
            });
        }
        let x = with_float!(self.dtype, T => Array::build(shape, |out: &mut [T]| {
            let numbers = [T::from_f64(scale), T::from_f64(shift)];
            match &self.samples {
                Samples::Bytes(bytes) => rows(out, bytes, indices, size, numbers, |x: u8| x as T),
                Samples::Numbers(array) => with_element!(array.dtype(), A => {
                    let values = array.contiguous_slice::<A>().unwrap_or(&[]);
                    rows(out, values, indices, size, numbers, |x: A| T::from_f64(x.to_f64()));
                }),
                Samples::Stored(_) => {} // read above
            }
            self.normalisation.finish(out);
        }), else return Err(Error::dtype(format!("{}: inputs of {}", self.name, self.dtype))));
        Ok(Batch { x: Variable::constant(x), t })
    }

    /// A batch of `count` samples that were read from a file.
    pub(super) fn of_gathered(&self, Gathered { x, t }: Gathered, count: usize) -> Result<Batch> {
        let Normalisation { scale, shift, .. } = self.normalisation;
        let shape = Shape::new(&[&[count], &self.sample_shape[..]].concat())?;
        let x = with_float!(self.dtype, T => Array::build(shape, |out: &mut [T]| {
            let (scale, shift) = (T::from_f64(scale), T::from_f64(shift));
            out.iter_mut().zip(&x).for_each(|(out, &x)| *out = T::from_f64(x.into()) * scale + shift);
            self.normalisation.finish(out);
        }), else return Err(Error::dtype(format!("{}: inputs of {}", self.name, self.dtype))));
        let t = if self.classes.is_empty() {
            Array::from_slice(&t, &[count, self.target_size().unwrap_or(1)])?.to_dtype(self.dtype)
        } else {
            Array::from_vec(t.into_iter().map(|class| class as i64).collect(), &[count])?
        };
        Ok(Batch { x: Variable::constant(x), t })
    }

    /// Samples `from..to` in their order, cut to those that exist.
    ///
    /// # Errors
    ///
    /// None for a data set that was made without error.
    pub fn range(&self, from: usize, to: usize) -> Result<Batch> {
        let to = to.min(self.len());
        self.batch(&(from.min(to) as i64..to as i64).collect::<Vec<_>>())
    }

    /// All samples as one batch.
    ///
    /// # Errors
    ///
    /// More samples than memory.
    pub fn all(&self) -> Result<Batch> {
        self.range(0, self.len())
    }

    /// Batches of `size` samples; see [`Batches`] for their order.
    ///
    /// # Errors
    ///
    /// A size of 0 or larger than the data set.
    pub fn batches(&self, size: usize) -> Result<Batches<'_>> {
        Batches::new(self, size)
    }

    /// The first `count` samples.
    ///
    /// # Errors
    ///
    /// `count` is larger than the data set.
    pub fn first(&self, count: usize) -> Result<Dataset> {
        if count > self.len() {
            return Err(Error::value(format!("{}: the first {count} of {} samples", self.name, self.len())));
        }
        let targets = self.targets.as_ref().map(|targets| targets.slice(&[(0..count as isize).into()])).transpose()?;
        Ok(Dataset { targets, count, ..self.clone() })
    }
}

/// Every number finite, or an error that names the first that is not by its sample.
fn finite(name: &str, what: &str, array: &Array) -> Result<()> {
    if array.all_finite() {
        return Ok(());
    }
    let count = array.shape().first().copied().unwrap_or(1);
    let size = (array.len() / count).max(1);
    let values = array.to_f64_vec();
    let place = values.iter().position(|v| !v.is_finite()).unwrap_or(0);
    Err(Error::new(
        crate::ErrorKind::NonFinite,
        format!("{name}: {what} {} holds {} at position {}", place / size, values[place], place % size),
    )
    .help("remove or replace it: a network cannot learn from NaN or infinity"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|c| c.to_string()).collect()
    }

    #[test]
    fn bytes_and_numbers_give_the_same_batches() {
        let labels = Array::from([0i64, 1, 1]);
        let half = Normalisation::all(0.5, -1.0);
        let bytes = Dataset::from_bytes("bytes", vec![0, 2, 4, 6, 8, 10].into(), &[2], half, labels.clone(), names(2)).unwrap();
        let batch = bytes.batch(&[2, 0]).unwrap();
        assert_eq!((batch.x.array().to_f64_vec(), batch.t.to_f64_vec()), (vec![3.0, 4.0, -1.0, 0.0], vec![1.0, 0.0]));
        let x = Array::from([[-1.0, 0.0], [1.0, 2.0], [3.0, 4.0]]);
        let numbers = Dataset::from_arrays("numbers", x, labels, names(2)).unwrap();
        assert!(numbers.all().unwrap().x.array().same_as(bytes.all().unwrap().x.array()));
        assert_eq!(numbers.first(2).unwrap().all().unwrap().x.shape(), [2, 2]);
        assert!(numbers.batch(&[3]).is_err() && numbers.first(4).is_err());
    }

    #[test]
    fn what_cannot_be_a_data_set() {
        let x = || Array::from([[1.0], [f64::NAN]]);
        let error = Dataset::from_arrays("mine", x(), Array::from([0i64, 1]), names(2)).err().unwrap();
        assert_eq!(error.what(), "mine: sample 1 holds NaN at position 0");
        assert!(Dataset::from_arrays("mine", Array::from([[1.0]]), Array::from(f64::NAN), Vec::new()).is_err());
        let good = Array::from([[1.0], [2.0]]);
        assert!(Dataset::from_arrays("mine", good.clone(), Array::from([0i64]), names(2)).is_err());
        let error = Dataset::from_arrays("mine", good, Array::from([0i64, 2]), names(2)).err().unwrap();
        assert_eq!(error.what(), "mine: label 2 at position 1 is outside 0..2");
    }
}
