//! The schedule that waits for the loss.

/// An improvement must be by more than this share of the best loss.
const THRESHOLD: f64 = 1e-4;

/// A factor of the learning rate that falls when the loss does not: it is multiplied by `factor` after more than `patience`
/// losses in a row that are not below (1 − 1e-4) times the best one (PyTorch's `ReduceLROnPlateau` with its defaults).
///
/// ```
/// let mut plateau = kudari::optimizers::Plateau::new(0.1, 1);
/// let factors: Vec<f64> = [1.0, 0.5, 0.5, 0.6, 0.4].into_iter().map(|loss| plateau.observe(loss)).collect();
/// assert_eq!(factors, [1.0, 1.0, 1.0, 0.1, 0.1]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Plateau {
    factor: f64,
    patience: u64,
    best: f64,
    bad: u64,
    now: f64,
}

impl Plateau {
    /// That multiplies by `factor` after more than `patience` losses without improvement.
    pub fn new(factor: f64, patience: u64) -> Plateau {
        Plateau { factor, patience, best: f64::INFINITY, bad: 0, now: 1.0 }
    }

    /// Takes in a loss; gives the factor of the learning rate from now on. A loss that is NaN is no improvement.
    pub fn observe(&mut self, loss: f64) -> f64 {
        // Of a loss below 0 a share is subtracted too, as in PyTorch.
        if loss < self.best * (1.0 - THRESHOLD) {
            (self.best, self.bad) = (loss, 0);
        } else {
            self.bad += 1;
        }
        if self.bad > self.patience {
            self.now *= self.factor;
            self.bad = 0;
        }
        self.now
    }

    pub(super) fn factor(&self) -> f64 {
        self.factor
    }

    pub(super) fn patience(&self) -> u64 {
        self.patience
    }
}
