//! Where the parameters of every layer and their gradients lie while it learns.

use super::histogram::Histogram;
use super::losses::Loss;
use super::observer::Observer;
use super::record::EpochRecord;
use crate::array::Stream;
use crate::autograd::{Gradients, part};
use crate::data::{Batch, Dataset};
use crate::error::Result;
use crate::layers::{Layer, Path};
use crate::model::Network;

/// Samples whose gradients are looked at, at most.
const SAMPLES: usize = 256;
/// At most so many moments are kept.
const MOMENTS: usize = 50;

/// All parameters at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerMoment {
    /// Passes over the training data.
    pub epoch: f64,
    /// Updates.
    pub iteration: u64,
    /// The parameters in their order.
    pub parameters: Vec<ParameterMoment>,
}

/// One parameter at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterMoment {
    /// Its name.
    pub name: String,
    /// Where its numbers lie.
    pub values: Histogram,
    /// Where the numbers of its gradient lie; `None` if gradients are not looked at or the loss does not depend on it.
    pub gradient: Option<Histogram>,
}

/// Counts at every measurement where the parameters and their gradients lie. The gradients are those of the loss on the same training samples
/// at every time, so that they compare; the network and its random streams are left as they were, and a training gives the same bits with it and
/// without.
pub struct LayerHistograms {
    batch: Option<Batch>,
    loss: &'static Loss,
    kept: Vec<LayerMoment>,
    /// The last one, if it is not among those that are kept.
    last: Option<LayerMoment>,
    /// Measurements so far, and how many of them make one that is kept.
    seen: usize,
    every: usize,
}

impl LayerHistograms {
    /// For a training on `data` in batches of `batch_size`: so many samples go through the network at once anyway, and no more are looked
    /// at, nor more than 256. They are drawn by the seed.
    ///
    /// # Errors
    ///
    /// Data that cannot be read.
    pub fn new(data: &Dataset, loss: &'static Loss, batch_size: usize, seed: u64) -> Result<LayerHistograms> {
        let count = batch_size.min(SAMPLES);
        // Drawn one by one: an order of all samples would need memory for each of them.
        let mut rows = match data.len() <= count {
            true => (0..data.len() as i64).collect(),
            false => Stream::new(seed, "gradient histograms").integers(count, data.len()).to_vec::<i64>()?,
        };
        rows.sort_unstable();
        rows.dedup();
        Ok(LayerHistograms { batch: Some(data.batch(&rows)?), ..LayerHistograms::of_values(loss) })
    }

    /// For a training whose gradients cannot be taken by backpropagation: looks at the parameters alone.
    pub fn of_values(loss: &'static Loss) -> LayerHistograms {
        LayerHistograms { batch: None, loss, kept: Vec::new(), last: None, seen: 0, every: 1 }
    }

    /// Looks at the network as it is now.
    ///
    /// # Errors
    ///
    /// The network does not fit the data.
    pub fn look(&mut self, network: &Network, record: &EpochRecord) -> Result<()> {
        // A training that is resumed begins with a measurement that was made before.
        if self.latest().is_some_and(|moment| moment.iteration >= record.iteration) {
            return Ok(());
        }
        let moment = part("histograms", || self.moment(network, record))?;
        if self.seen.is_multiple_of(self.every) {
            self.kept.push(moment);
            self.last = None;
        } else {
            self.last = Some(moment);
        }
        self.seen += 1;
        if self.kept.len() > MOMENTS {
            let newest = self.kept.last().cloned();
            let mut place = 0;
            self.kept.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.every *= 2;
            self.last = newest.filter(|newest| self.kept.last() != Some(newest));
        }
        Ok(())
    }

    fn moment(&self, network: &Network, record: &EpochRecord) -> Result<LayerMoment> {
        let gradients = self.batch.as_ref().map(|batch| gradients(network, self.loss, batch)).transpose()?;
        let mut parameters = Vec::new();
        let mut error = None;
        network.layers().visit(&Path::ROOT, &mut |path, parameter| {
            let gradient = gradients.as_ref().and_then(|gradients| gradients.get(parameter.variable()));
            match (Histogram::of(parameter.array()), gradient.map(Histogram::of).transpose()) {
                (Ok(values), Ok(gradient)) => parameters.push(ParameterMoment { name: path.to_string(), values, gradient }),
                (Err(e), _) | (_, Err(e)) => error = Some(e),
            }
        });
        match error {
            Some(error) => Err(error),
            None => Ok(LayerMoment { epoch: record.epoch, iteration: record.iteration, parameters }),
        }
    }

    /// What was seen last.
    pub fn latest(&self) -> Option<&LayerMoment> {
        self.last.as_ref().or(self.kept.last())
    }

    /// At most 51 moments from the first to the last, about evenly apart.
    pub fn into_moments(mut self) -> Vec<LayerMoment> {
        self.kept.extend(self.last);
        self.kept
    }
}

impl Observer for LayerHistograms {
    fn measured(&mut self, network: &Network, history: &[EpochRecord]) -> Result<()> {
        history.last().map_or(Ok(()), |record| self.look(network, record))
    }
}

/// The gradients of a batch. What the layers count or draw in passing is put back.
fn gradients(network: &Network, loss: &Loss, batch: &Batch) -> Result<Gradients> {
    let buffers = network.layers().buffers();
    let found = network.forward(&batch.x).and_then(|y| loss.of(&y, &batch.t)?.backward());
    network.layers().set_buffers(&buffers)?;
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::xor;
    use crate::model::NetworkOptions;
    use crate::optimizers::Sgd;
    use crate::train::{Length, Silent, TrainOptions, train};

    fn record(iteration: u64) -> EpochRecord {
        EpochRecord { iteration, ..EpochRecord::default() }
    }

    fn loss() -> &'static Loss {
        Loss::named("softmax_cross_entropy").unwrap()
    }

    #[test]
    fn at_most_fifty_moments_from_first_to_last() {
        let network = Network::new("linear(2)", &[2], &NetworkOptions::default()).unwrap();
        for count in [1, 2, 50, 51, 52, 99, 100, 101, 237] {
            let mut histograms = LayerHistograms::of_values(loss());
            for i in 0..count {
                histograms.look(&network, &record(i)).unwrap();
                histograms.look(&network, &record(i)).unwrap(); // the same measurement again is passed over
                assert_eq!(histograms.latest().unwrap().iteration, i);
            }
            let at: Vec<u64> = histograms.into_moments().iter().map(|moment| moment.iteration).collect();
            assert!(at.len() <= MOMENTS + 1 && at.len() as u64 >= count.min(25), "{count}: {at:?}");
            assert_eq!((at[0], at[at.len() - 1]), (0, count - 1), "{at:?}");
            assert!(at.windows(2).all(|pair| pair[0] < pair[1]), "{at:?}");
        }
    }

    /// The gradient of a linear layer's bias is the mean over the samples of (softmax − target): its sum over the classes is 0.
    #[test]
    fn gradients_are_those_of_the_loss() {
        let network = Network::new("linear(2)", &[2], &NetworkOptions { double: true, ..Default::default() }).unwrap();
        let data = xor().with_dtype(crate::DType::F64).unwrap();
        let mut histograms = LayerHistograms::new(&data, loss(), 4, 1).unwrap();
        histograms.look(&network, &record(0)).unwrap();
        let moment = histograms.latest().unwrap();
        let names: Vec<&str> = moment.parameters.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["0.weight", "0.bias"]);
        let batch = data.all().unwrap();
        let exact = loss().of(&network.forward(&batch.x).unwrap(), &batch.t).unwrap().backward().unwrap();
        for (parameter, gradient) in moment.parameters.iter().zip(exact.arrays()) {
            let found = parameter.gradient.as_ref().unwrap();
            assert!((found.sum_of_squares - gradient.sum_of_squares()).abs() <= 1e-6 * gradient.sum_of_squares(), "{found:?}");
        }
        assert!(moment.parameters[1].gradient.as_ref().unwrap().sum.abs() < 1e-7);
    }

    /// Dropout draws numbers and batch normalisation counts: neither may notice.
    #[test]
    fn a_training_gives_the_same_bits_with_and_without() {
        let weights = |watched: bool| {
            let mut network =
                Network::new("linear(8) batchnorm relu dropout(0.3) linear(2)", &[2], &NetworkOptions::default()).unwrap();
            let split = crate::data::moons(60, 0.1, 1).unwrap();
            let options = TrainOptions::new(loss(), Box::new(Sgd::new(0.1)), 10, Length::Epochs(4));
            let mut histograms = LayerHistograms::new(&split.train, loss(), 10, 1).unwrap();
            let observer: &mut dyn Observer = if watched { &mut histograms } else { &mut Silent };
            train(&mut network, &split, options, observer).unwrap();
            let looks = histograms.into_moments().len();
            assert_eq!(looks, if watched { 5 } else { 0 });
            network.arrays().into_iter().map(|(_, array)| array.to_le_bytes()).collect::<Vec<_>>()
        };
        assert_eq!(weights(true), weights(false));
    }
}
