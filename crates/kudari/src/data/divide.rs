//! Dividing samples into parts by a seed, of every class alike.

use std::collections::BTreeMap;

use super::dataset::{Dataset, Samples};
use crate::array::{Array, DType, Stream};
use crate::error::{Error, Result};

/// `share` of each group's members, rounded, go to the second part, drawn by the stream; both parts are in rising order.
pub(super) fn divide_groups(groups: &[Vec<usize>], share: f64, stream: &mut Stream) -> [Vec<usize>; 2] {
    let [mut first, mut second] = [Vec::new(), Vec::new()];
    for group in groups {
        let count = (group.len() as f64 * share).round() as usize;
        for (place, member) in shuffled(group, stream).enumerate() {
            if place < count { &mut second } else { &mut first }.push(member);
        }
    }
    first.sort_unstable();
    second.sort_unstable();
    [first, second]
}

/// The members of all groups in `folds` parts of about the same size, each with the same share of every group; in rising order.
pub(super) fn fold_groups(groups: &[Vec<usize>], folds: usize, stream: &mut Stream) -> Vec<Vec<usize>> {
    let mut parts = vec![Vec::new(); folds];
    // Each group goes on where the last one ended, so that many small groups do not all fill the first parts.
    let order: Vec<usize> = groups.iter().flat_map(|group| shuffled(group, stream).collect::<Vec<_>>()).collect();
    order.into_iter().enumerate().for_each(|(place, member)| parts[place % folds].push(member));
    parts.iter_mut().for_each(|part| part.sort_unstable());
    parts
}

fn shuffled<'a>(group: &'a [usize], stream: &mut Stream) -> impl Iterator<Item = usize> + use<'a> {
    let order = stream.permutation(group.len()).to_vec::<i64>().unwrap_or_default();
    order.into_iter().map(|index| group[index as usize])
}

impl Dataset {
    /// The samples by their classes; all in one group if the targets are numbers.
    fn groups(&self) -> Result<Vec<Vec<usize>>> {
        let targets = self.targets()?;
        if targets.dtype() != DType::I64 || targets.rank() != 1 {
            return Ok(vec![(0..self.len()).collect()]);
        }
        let mut groups: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        targets.to_vec::<i64>()?.into_iter().enumerate().for_each(|(i, label)| groups.entry(label).or_default().push(i));
        Ok(groups.into_values().collect())
    }

    /// The places of the samples in two parts: `share` of them, at least one, in the second, drawn by the seed, of every class alike.
    ///
    /// # Errors
    ///
    /// Fewer than two samples, or a share that leaves none in the first part.
    pub fn divided(&self, share: f64, seed: u64) -> Result<[Vec<usize>; 2]> {
        let [mut first, mut second] = divide_groups(&self.groups()?, share, &mut Stream::new(seed, "validation"));
        if second.is_empty() {
            second.extend(first.pop());
        }
        if first.is_empty() {
            return Err(Error::value(format!(
                "{}: {} samples in two parts, {share} of them in the second",
                self.name(),
                self.len()
            ))
            .help("nothing would be left in the first part; use a smaller share or more samples"));
        }
        Ok([first, second])
    }

    /// The places of the samples in `folds` parts of about the same size, drawn by the seed, of every class alike.
    ///
    /// # Errors
    ///
    /// Fewer than two folds, or more than samples.
    pub fn folds(&self, folds: usize, seed: u64) -> Result<Vec<Vec<usize>>> {
        check_folds(self.name(), folds, self.len())?;
        Ok(fold_groups(&self.groups()?, folds, &mut Stream::new(seed, "folds")))
    }

    /// The samples of these places, in this order, as a data set of its own, which lies in memory.
    ///
    /// # Errors
    ///
    /// A place that does not exist.
    pub fn subset(&self, places: &[usize]) -> Result<Dataset> {
        let order = Array::from_vec(places.iter().map(|&place| place as i64).collect(), &[places.len()])?;
        let targets = match self.samples() {
            Samples::Stored(_) => self.batch(&order.to_vec::<i64>()?)?.t,
            _ => self.targets()?.take(&order, 0).map_err(|e| e.context(self.name()))?,
        };
        let samples = match self.samples() {
            Samples::Stored(_) => Samples::Numbers(self.batch(&order.to_vec::<i64>()?)?.x.array().clone()),
            Samples::Numbers(array) => Samples::Numbers(array.take(&order, 0)?.contiguous()),
            Samples::Bytes(bytes) => {
                let size = self.sample_shape().iter().product::<usize>();
                let taken: Vec<u8> = places.iter().flat_map(|&place| &bytes[place * size..(place + 1) * size]).copied().collect();
                Samples::Bytes(std::sync::Arc::new(taken.into()))
            }
        };
        Ok(self.with_samples(samples, targets))
    }
}

/// Whether so many samples can lie in so many folds.
pub(crate) fn check_folds(name: &str, folds: usize, samples: usize) -> Result<()> {
    if (2..=samples).contains(&folds) {
        return Ok(());
    }
    Err(Error::value(format!("{name}: {samples} samples in {folds} folds"))
        .help("use 2 folds or more, at most one for each sample"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Split;

    fn data(classes: &[i64]) -> Dataset {
        let x = Array::from_vec((0..classes.len()).map(|i| i as f32).collect(), &[classes.len(), 1]).unwrap();
        let names = (0..3).map(|c| c.to_string()).collect();
        Dataset::from_arrays("d", x, Array::from_slice(classes, &[classes.len()]).unwrap(), names).unwrap()
    }

    #[test]
    fn parts_hold_every_sample_once_and_every_class_alike() {
        let classes: Vec<i64> = (0..100).map(|i| if i % 10 == 0 { 2 } else { i % 2 }).collect();
        let data = data(&classes);
        let [first, second] = data.divided(0.2, 3).unwrap();
        let rare = |places: &[usize]| places.iter().filter(|&&place| classes[place] == 2).count();
        assert_eq!((first.len(), second.len(), rare(&first), rare(&second)), (80, 20, 8, 2));
        let mut all = [first, second].concat();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        let folds = data.folds(5, 3).unwrap();
        assert!(folds.iter().all(|fold| fold.len() == 20 && rare(fold) == 2), "{folds:?}");
        let mut all = folds.concat();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        assert!(data.folds(5, 4).unwrap() != folds && data.folds(5, 3).unwrap() == folds);
    }

    #[test]
    fn a_subset_has_the_samples_of_its_places() {
        let bytes = Dataset::from_bytes(
            "b",
            (0..8).collect::<Vec<u8>>().into(),
            &[2],
            Default::default(),
            Array::from([0i64, 1, 2, 0]),
            (0..3).map(|c| c.to_string()).collect(),
        )
        .unwrap();
        for data in [bytes, data(&[0, 1, 2, 0])] {
            let part = data.subset(&[2, 0]).unwrap();
            let (all, batch) = (data.all().unwrap(), part.all().unwrap());
            assert_eq!(batch.t.to_f64_vec(), [2.0, 0.0]);
            let width = part.sample_shape()[0];
            assert_eq!(batch.x.array().to_f64_vec()[..width], all.x.array().to_f64_vec()[2 * width..3 * width]);
            assert!(data.subset(&[4]).is_err());
        }
    }

    #[test]
    fn impossible_divisions_are_errors_and_a_validation_part_is_never_empty() {
        let split = |data: Dataset, share| Split::new(data.clone(), data).with_validation(share, 1);
        assert_eq!(split(data(&[0, 1, 2, 0]), 0.01).unwrap().validation.unwrap().len(), 1);
        for share in [0.0, 1.0, -0.5, f64::NAN] {
            assert!(split(data(&[0, 1]), share).is_err(), "{share}");
        }
        assert!(split(data(&[0]), 0.5).is_err() && split(data(&[0, 1, 0, 1]), 0.99).is_err());
        assert!(data(&[0, 1]).folds(1, 1).is_err() && data(&[0, 1]).folds(3, 1).is_err());
    }
}
