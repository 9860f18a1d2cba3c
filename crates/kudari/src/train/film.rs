//! What a classifier of two inputs decides all over the plane, watched while it learns.

use super::evaluate::evaluate;
use super::losses::Loss;
use super::observer::{Observer, Progress};
use super::plane::Plane;
use super::record::EpochRecord;
use crate::array::Array;
use crate::data::Dataset;
use crate::error::Result;
use crate::model::Network;

/// A network at one moment of its training.
#[derive(Debug, Clone)]
pub struct Moment {
    /// Updates made.
    pub iteration: u64,
    /// The loss on the training data.
    pub loss: f64,
    /// The probabilities of the classes over the plane: `[rows, columns, classes]`.
    pub probabilities: Array,
}

impl Moment {
    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.probabilities.shape().last().copied().unwrap_or(0)
    }

    /// The most probable class at every node, row by row, and how sure the network is of it: (C·p − 1)/(C − 1) for the
    /// probability p among C classes, 0 if all are as probable and 1 if no other is possible.
    pub fn decisions(&self) -> Vec<(usize, f64)> {
        let (all, classes) = (self.probabilities.to_f64_vec(), self.classes());
        let others = (classes.max(2) - 1) as f64;
        let decide = |p: &[f64]| {
            let best = p.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or((0, 0.0), |(class, &p)| (class, p));
            (best.0, ((classes as f64 * best.1 - 1.0) / others).clamp(0.0, 1.0))
        };
        all.chunks(classes.max(1)).map(decide).collect()
    }

    /// How much more probable `class` is than the most probable other one, at every node, row by row: 0 on the boundary
    /// of its region.
    pub fn margin(&self, class: usize) -> Vec<f64> {
        let margin = |p: &[f64]| {
            let others = p.iter().enumerate().filter(|&(other, _)| other != class).map(|(_, &p)| p);
            p.get(class).copied().unwrap_or(0.0) - others.fold(0.0, f64::max)
        };
        self.probabilities.to_f64_vec().chunks(self.classes().max(1)).map(margin).collect()
    }
}

/// An observer that keeps what a classifier of two inputs decides over a [`Plane`]: before training, after every so many
/// updates, and at the end with [`Film::end`].
pub struct Film {
    plane: Plane,
    data: Dataset,
    loss: &'static Loss,
    every: u64,
    moments: Vec<Moment>,
}

impl Film {
    /// A film of a training on `data` by `loss`, with a moment after every `every` updates (at least 1).
    pub fn new(plane: Plane, data: &Dataset, loss: &'static Loss, every: u64) -> Film {
        Film { plane, data: data.clone(), loss, every: every.max(1), moments: Vec::new() }
    }

    /// The plane that is watched.
    pub fn plane(&self) -> &Plane {
        &self.plane
    }

    /// The data that are learnt.
    pub fn data(&self) -> &Dataset {
        &self.data
    }

    /// The moments so far, in order.
    pub fn moments(&self) -> &[Moment] {
        &self.moments
    }

    /// Ends the film with the network after `iteration` updates. Later moments are dropped: a training that met a NaN goes
    /// back behind them.
    ///
    /// # Errors
    ///
    /// The network does not fit plane or data.
    pub fn end(&mut self, network: &Network, iteration: u64) -> Result<()> {
        self.moments.retain(|m| m.iteration < iteration);
        self.take(network, iteration)
    }

    fn take(&mut self, network: &Network, iteration: u64) -> Result<()> {
        let probabilities = self.plane.probabilities(network)?;
        let loss = evaluate(network, &self.data, self.loss)?.loss;
        self.moments.push(Moment { iteration, loss, probabilities });
        Ok(())
    }

    /// At most `count` of the moments, the first and the last among them, at equal steps of progress, which is the mean of
    /// the share of the time gone by and the share of all changes of the loss: where much happens there are more.
    pub fn highlights(&self, count: usize) -> Vec<&Moment> {
        let steps = || self.moments.iter().zip(self.moments.iter().skip(1));
        let change = |(a, b): (&Moment, &Moment)| (b.loss - a.loss).abs();
        let all = steps().map(change).sum::<f64>();
        let all = if all > 0.0 && all.is_finite() { all } else { f64::INFINITY };
        let mut progress = vec![0.0];
        for pair in steps() {
            let gone = progress.last().copied().unwrap_or(0.0);
            progress.push(gone + 0.5 * (change(pair) / all).min(1.0) + 0.5 / (self.moments.len() - 1) as f64);
        }
        let end = progress.last().copied().unwrap_or(0.0);
        let mut chosen = Vec::new();
        for wanted in (0..count.min(self.moments.len())).map(|i| end * i as f64 / (count.max(2) - 1) as f64) {
            let distance = |i: &usize| progress.get(*i).map_or(f64::INFINITY, |p| (p - wanted).abs());
            let free = (0..progress.len()).filter(|i| !chosen.contains(i));
            chosen.extend(free.min_by(|a, b| distance(a).total_cmp(&distance(b))));
        }
        chosen.sort_unstable();
        chosen.into_iter().filter_map(|i| self.moments.get(i)).collect()
    }
}

impl Observer for Film {
    fn iteration(&mut self, progress: &Progress, network: &Network) -> Result<()> {
        if progress.iteration.is_multiple_of(self.every) { self.take(network, progress.iteration) } else { Ok(()) }
    }

    fn measured(&mut self, network: &Network, history: &[EpochRecord]) -> Result<()> {
        // The measurement before training comes before any update.
        if self.moments.is_empty() && history.len() == 1 { self.take(network, 0) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DType;
    use crate::data::{moons, xor};
    use crate::model::NetworkOptions;

    #[test]
    fn decisions_and_margins_follow_the_probabilities() {
        let probabilities = Array::from([[[0.5, 0.5, 0.0], [0.0, 0.0, 1.0], [0.2, 0.7, 0.1]]]);
        let moment = Moment { iteration: 0, loss: 0.0, probabilities };
        let near = |a: &[f64], b: [f64; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
        let (classes, sure): (Vec<usize>, Vec<f64>) = moment.decisions().into_iter().unzip();
        assert!(classes[1..] == [2, 1] && near(&sure, [0.25, 1.0, 0.55]), "{classes:?} {sure:?}");
        assert!(near(&moment.margin(0), [0.0, -1.0, -0.5]) && near(&moment.margin(1), [0.0, -1.0, 0.5]));
    }

    #[test]
    fn a_film_has_a_moment_before_training_at_its_steps_and_at_the_end() {
        let data = moons(20, 0.1, 1).unwrap().train.with_dtype(DType::F64).unwrap();
        let loss = Loss::named("softmax_cross_entropy").unwrap();
        let mut net = Network::new("linear(2)", &[2], &NetworkOptions { double: true, ..Default::default() }).unwrap();
        let sgd = Box::new(crate::optimizers::Sgd::new(0.1));
        let options = crate::train::TrainOptions::new(loss, sgd, 5, crate::train::Length::Iterations(25));
        let split = crate::data::Split::new(data.clone(), data.clone());
        let mut film = Film::new(Plane::around(&data, 4).unwrap(), &data, loss, 10);
        let outcome = crate::train::train(&mut net, &split, options, &mut film).unwrap();
        film.end(&net, outcome.iterations).unwrap();
        assert_eq!(film.moments().iter().map(|m| m.iteration).collect::<Vec<_>>(), [0, 10, 20, 25]);
        let measured = |i: u64| outcome.history.iter().find(|r| r.iteration == i).map(|r| r.train_loss);
        for moment in film.moments() {
            assert!(measured(moment.iteration).is_none_or(|loss| loss == moment.loss));
        }
        let (first, last) = (&film.moments()[0], &film.moments()[3]);
        assert_eq!((measured(0), measured(25)), (Some(first.loss), Some(last.loss)));
        assert!(last.probabilities.same_as(&film.plane().probabilities(&net).unwrap()));
        // A training that goes back behind what was filmed.
        film.end(&net, 15).unwrap();
        assert_eq!(film.moments().iter().map(|m| m.iteration).collect::<Vec<_>>(), [0, 10, 15]);
    }

    #[test]
    fn highlights_are_where_the_loss_changes() {
        let film = |losses: &[f64]| {
            let mut film = Film::new(Plane::around(&xor(), 2).unwrap(), &xor(), Loss::named("cross_entropy").unwrap(), 1);
            let probabilities = Array::from([[[0.5, 0.5]; 2]; 2]);
            let moment = |(i, &loss): (usize, &f64)| Moment { iteration: i as u64, loss, probabilities: probabilities.clone() };
            film.moments = losses.iter().enumerate().map(moment).collect();
            film
        };
        let chosen = |losses: &[f64], count| film(losses).highlights(count).iter().map(|m| m.iteration).collect::<Vec<_>>();
        assert_eq!(chosen(&[1.0; 9], 3), [0, 4, 8], "nothing changes: equal steps in time");
        // Half of the progress is the fall from iteration 8 to 12 of 100.
        let fall: Vec<f64> = (0..=100).map(|i| 1.0 - ((i as f64 - 8.0) / 4.0).clamp(0.0, 1.0)).collect();
        let chosen_of_fall = chosen(&fall, 8);
        assert!(chosen_of_fall.iter().filter(|&&i| (8..=12).contains(&i)).count() >= 3, "{chosen_of_fall:?}");
        assert_eq!((chosen_of_fall.first(), chosen_of_fall.last()), (Some(&0), Some(&100)));
        assert_eq!((chosen(&[1.0, 0.5], 8), chosen(&[1.0], 8), chosen(&[], 8)), (vec![0, 1], vec![0], vec![]));
        assert_eq!(chosen(&[1.0, f64::INFINITY, 1.0], 3), [0, 1, 2]);
    }
}
