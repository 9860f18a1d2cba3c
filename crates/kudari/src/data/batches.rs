//! Going through a data set in batches.

use std::sync::Arc;

use super::dataset::Dataset;
use crate::array::{Array, Stream};
use crate::autograd::Variable;
use crate::error::{Error, Result};

/// Some samples with their targets.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The inputs `[n, …]`, a constant ready for a network.
    pub x: Variable,
    /// The targets: class numbers `[n]` or numbers `[n, …]`.
    pub t: Array,
}

/// How the samples of a batch are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sampling {
    /// In the order of the data set.
    InOrder,
    /// Every epoch in a new random order, each sample once.
    #[default]
    Shuffled,
    /// Every batch drawn at random from all samples, which may occur twice or not at all in an epoch.
    WithReplacement,
}

/// Batches of a data set: an iterator over one epoch, or several with [`Batches::epochs`]. The last batch of an epoch is
/// smaller if the size does not divide the number of samples.
#[derive(Clone)]
pub struct Batches<'a> {
    data: &'a Dataset,
    size: usize,
    sampling: Sampling,
    stream: Stream,
    /// What the samples are changed by, if they are.
    changes: Stream,
    epochs: u64,
    epoch: u64,
    place: usize,
    /// Where the batch that was given last begins.
    from: usize,
    /// Shared, so that a copy of the iterator is cheap.
    order: Arc<[i64]>,
}

impl<'a> Batches<'a> {
    pub(super) fn new(data: &'a Dataset, size: usize) -> Result<Batches<'a>> {
        if size == 0 || size > data.len() {
            return Err(Error::value(format!("a batch of {size} from the {} samples of {}", data.len(), data.name()))
                .help(format!("choose a batch size from 1 to {}", data.len())));
        }
        Ok(Batches {
            data,
            size,
            sampling: Sampling::InOrder,
            stream: Stream::new(0, "batches"),
            changes: Stream::new(0, "augmentation"),
            epochs: 1,
            epoch: 0,
            place: 0,
            from: 0,
            order: Arc::new([]),
        })
    }

    /// Every epoch in a new random order by this seed.
    #[must_use]
    pub fn shuffled(self, seed: u64) -> Batches<'a> {
        self.sampled(Sampling::Shuffled, seed)
    }

    /// Samples chosen as `sampling` says, by this seed.
    #[must_use]
    pub fn sampled(self, sampling: Sampling, seed: u64) -> Batches<'a> {
        Batches { sampling, stream: Stream::new(seed, "batches"), changes: Stream::new(seed, "augmentation"), ..self }
    }

    /// This many passes over the data.
    #[must_use]
    pub fn epochs(self, epochs: u64) -> Batches<'a> {
        Batches { epochs, ..self }
    }

    /// Goes on after so many batches, as if they had been given.
    #[must_use]
    pub fn skip_to(mut self, batches: u64) -> Batches<'a> {
        let per_epoch = (self.per_epoch() as u64).max(1);
        self.epoch = batches / per_epoch;
        self.place = (batches % per_epoch) as usize * self.size;
        if self.place > 0 {
            self.draw_order();
        }
        self
    }

    /// Batches that the epoch still has; all of the next one's where it has none.
    pub fn left_in_epoch(&self) -> usize {
        if self.place >= self.data.len() { self.per_epoch() } else { (self.data.len() - self.place).div_ceil(self.size) }
    }

    /// Batches in one epoch.
    pub fn per_epoch(&self) -> usize {
        self.data.len().div_ceil(self.size)
    }

    /// The order of the samples in the epoch. Each epoch has a stream of its own: its order does not depend on how many were gone
    /// through before.
    fn draw_order(&mut self) {
        let (count, mut stream) = (self.data.len(), self.stream.part(self.epoch));
        let order = match self.sampling {
            Sampling::InOrder => Array::arange(count),
            Sampling::Shuffled => stream.permutation(count),
            Sampling::WithReplacement => stream.integers(count, count),
        };
        self.order = order.to_vec().unwrap_or_default().into();
    }

    /// The samples' numbers of the next batch.
    fn next_indices(&mut self) -> Option<&[i64]> {
        let count = self.data.len();
        if self.place >= count && self.epoch < self.epochs {
            self.epoch += 1;
            self.place = 0;
        }
        if self.epoch >= self.epochs || count == 0 {
            return None;
        }
        if self.place == 0 {
            self.draw_order();
        }
        self.from = self.place;
        self.place = (self.from + self.size).min(count);
        Some(self.rows())
    }

    /// The samples of the batch that was given last, by their places in the data set from 0.
    pub fn rows(&self) -> &[i64] {
        self.order.get(self.from..self.place).unwrap_or_default()
    }
}

impl Iterator for Batches<'_> {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let data = self.data;
        // The indices are in range by construction, so there is always a batch.
        let batch = data.batch(self.next_indices()?).ok()?;
        Some(match data.augmentation() {
            Some(augmentation) => {
                let background = data.normalisation().shift;
                Batch { x: augmentation.apply(batch.x, self.rows(), &self.changes.part(self.epoch), background), ..batch }
            }
            None => batch,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::xor;

    #[test]
    fn every_epoch_has_every_sample_once_in_another_order() {
        let data = xor();
        let epochs: Vec<Vec<f64>> =
            (0..8).map(|seed| data.batches(3).unwrap().shuffled(seed).flat_map(|b| b.x.array().to_f64_vec()).collect()).collect();
        for epoch in &epochs {
            assert_eq!((epoch.len(), epoch.iter().sum::<f64>()), (8, 4.0));
        }
        assert!(epochs.iter().any(|e| e != &epochs[0]));
        let sizes: Vec<usize> = data.batches(3).unwrap().epochs(2).map(|b| b.t.len()).collect();
        assert_eq!((sizes, data.batches(3).unwrap().per_epoch()), (vec![3, 1, 3, 1], 2));
        let first = |epochs| data.batches(4).unwrap().shuffled(1).epochs(epochs).last().unwrap().t.to_f64_vec();
        assert!((2..20).any(|e| first(e) != first(1)), "epochs differ");
    }

    #[test]
    fn skipping_goes_on_where_it_would_have_been() {
        let data = xor();
        let batches = || data.batches(3).unwrap().shuffled(5).epochs(4);
        let rest = |batches: super::Batches<'_>| batches.map(|b| b.x.array().to_f64_vec()).collect::<Vec<_>>();
        for skipped in 0..9 {
            let mut walked = batches();
            walked.by_ref().take(skipped).for_each(drop);
            assert_eq!(rest(batches().skip_to(skipped as u64)), rest(walked), "{skipped}");
        }
    }

    #[test]
    fn sizes_that_cannot_be() {
        for size in [0, 5] {
            let error = xor().batches(size).err().unwrap();
            assert_eq!(error.what(), format!("a batch of {size} from the 4 samples of xor"));
        }
    }
}
