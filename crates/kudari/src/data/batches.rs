//! Going through a data set in batches.

use std::sync::Arc;

use super::dataset::Dataset;
use super::order::Order;
use super::prefetch::{Place, Prefetch};
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
/// smaller if the size does not divide the number of samples. Of samples that lie in a file a thread reads the next ones ahead.
pub struct Batches<'a> {
    data: &'a Dataset,
    size: usize,
    order: Order,
    /// What the samples are changed by, if they are.
    changes: Stream,
    epochs: u64,
    epoch: u64,
    /// How many samples of the epoch were given.
    place: usize,
    /// The piece of the order that was reached last, by its epoch and number. Shared, so that a copy of the iterator is cheap.
    piece: Option<(u64, usize, Arc<[i64]>)>,
    /// The samples of the batch that was given last.
    rows: Vec<i64>,
    prefetch: Option<Prefetch>,
}

impl Clone for Batches<'_> {
    /// What is read ahead stays with the original: a copy reads for itself, and gives the same.
    fn clone(&self) -> Self {
        let (order, changes) = (self.order.clone(), self.changes.clone());
        let (piece, rows) = (self.piece.clone(), self.rows.clone());
        Batches { order, changes, piece, rows, prefetch: None, ..*self }
    }
}

impl<'a> Batches<'a> {
    pub(super) fn new(data: &'a Dataset, size: usize) -> Result<Batches<'a>> {
        if size == 0 || size > data.len() {
            return Err(Error::value(format!("a batch of {size} from the {} samples of {}", data.len(), data.name()))
                .help(format!("choose a batch size from 1 to {}", data.len())));
        }
        let order = order(data, Sampling::InOrder, 0);
        let changes = Stream::new(0, "augmentation");
        Ok(Batches { data, size, order, changes, epochs: 1, epoch: 0, place: 0, piece: None, rows: Vec::new(), prefetch: None })
    }

    /// Every epoch in a new random order by this seed.
    #[must_use]
    pub fn shuffled(self, seed: u64) -> Batches<'a> {
        self.sampled(Sampling::Shuffled, seed)
    }

    /// Samples chosen as `sampling` says, by this seed.
    #[must_use]
    pub fn sampled(self, sampling: Sampling, seed: u64) -> Batches<'a> {
        let changes = Stream::new(seed, "augmentation");
        Batches { order: order(self.data, sampling, seed), changes, piece: None, prefetch: None, ..self }
    }

    /// This many passes over the data.
    #[must_use]
    pub fn epochs(self, epochs: u64) -> Batches<'a> {
        Batches { epochs, ..self }
    }

    /// Batches that the epoch still has; all of the next one's where it has none.
    pub fn left_in_epoch(&self) -> usize {
        if self.place >= self.data.len() { self.per_epoch() } else { (self.data.len() - self.place).div_ceil(self.size) }
    }

    /// Batches in one epoch.
    pub fn per_epoch(&self) -> usize {
        self.data.len().div_ceil(self.size)
    }

    /// Goes on after so many batches, as if they had been given.
    #[must_use]
    pub fn skip_to(self, batches: u64) -> Batches<'a> {
        let per_epoch = (self.per_epoch() as u64).max(1);
        let (epoch, place) = (batches / per_epoch, (batches % per_epoch) as usize * self.size);
        Batches { epoch, place, rows: Vec::new(), prefetch: None, ..self }
    }

    /// The next batch; `None` after the last.
    ///
    /// # Errors
    ///
    /// Samples that lie in a file cannot be read.
    pub fn next_batch(&mut self) -> Result<Option<Batch>> {
        let count = self.data.len();
        if self.place >= count && self.epoch < self.epochs {
            self.epoch += 1;
            self.place = 0;
        }
        if self.epoch >= self.epochs || count == 0 {
            return Ok(None);
        }
        let from = Place { epoch: self.epoch, from: self.place };
        let to = self.place.saturating_add(self.size).min(count);
        self.find_rows(to);
        self.place = to;
        let Some(rows) = self.data.stored() else { return self.changed(self.data.batch(&self.rows)?).map(Some) };
        let prefetch = match self.prefetch.take() {
            Some(prefetch) => prefetch,
            None => Prefetch::start(rows.clone(), self.order.clone(), self.size, from)?,
        };
        let batch = prefetch.next()?;
        self.prefetch = Some(prefetch);
        self.changed(self.data.of_gathered(batch, self.rows.len())?).map(Some)
    }

    /// A batch as the data set's augmentation changes it, if it has one.
    fn changed(&self, batch: Batch) -> Result<Batch> {
        let Some(augmentation) = self.data.augmentation() else { return Ok(batch) };
        let background = self.data.normalisation().shift;
        Ok(Batch { x: augmentation.apply(batch.x, &self.rows, &self.changes.part(self.epoch), background), ..batch })
    }

    /// Finds the samples of the epoch from the place that was reached to this one.
    fn find_rows(&mut self, to: usize) {
        self.rows.clear();
        let (mut from, size) = (self.place, self.order.piece_len());
        while from < to {
            let number = from / size;
            if !matches!(&self.piece, Some((e, n, _)) if (*e, *n) == (self.epoch, number)) {
                self.piece = Some((self.epoch, number, self.order.piece(self.epoch, number).into()));
            }
            let Some((_, _, piece)) = &self.piece else { break };
            let end = to.min((number + 1) * size);
            self.rows.extend_from_slice(&piece[from - number * size..end - number * size]);
            from = end;
        }
    }

    /// The samples of the batch that was given last, by their places in the data set from 0.
    pub fn rows(&self) -> &[i64] {
        &self.rows
    }
}

fn order(data: &Dataset, sampling: Sampling, seed: u64) -> Order {
    Order::new(data.len(), data.sample_shape().iter().product(), sampling, Stream::new(seed, "batches"))
}

impl Iterator for Batches<'_> {
    type Item = Batch;

    /// As [`Batches::next_batch`]; samples that cannot be read end it.
    fn next(&mut self) -> Option<Batch> {
        self.next_batch().ok().flatten()
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
