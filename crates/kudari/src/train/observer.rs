//! Who follows a training.

use super::checkpoint::Checkpoint;
use super::numerical::DigitsLost;
use super::record::EpochRecord;
use crate::error::Result;
use crate::model::Network;

/// Where training stands.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Updates made.
    pub iteration: u64,
    /// Updates to make.
    pub iterations: u64,
    /// The loss of the last batch.
    pub loss: f64,
}

/// Who follows a training. All methods have defaults that do nothing.
pub trait Observer {
    /// After every update, with the network as it is then.
    ///
    /// # Errors
    ///
    /// An error ends the training with it.
    fn iteration(&mut self, progress: &Progress, network: &Network) -> Result<()> {
        let _ = (progress, network);
        Ok(())
    }

    /// Once, when numerical gradients have lost their digits: from then on they mean little or nothing.
    fn digits_lost(&mut self, lost: &DigitsLost) {
        let _ = lost;
    }

    /// After every measurement, with the network as it is then and all measurements so far.
    ///
    /// # Errors
    ///
    /// An error ends the training with it.
    fn measured(&mut self, network: &Network, history: &[EpochRecord]) -> Result<()> {
        let _ = (network, history);
        Ok(())
    }

    /// Asked after every update: whether a [`Checkpoint`] is due.
    fn wants_checkpoint(&mut self, iteration: u64) -> bool {
        let _ = iteration;
        false
    }

    /// A point from which the training can be [resumed](super::resume): wherever one was wanted, and where the training ends without a
    /// failure.
    ///
    /// # Errors
    ///
    /// An error ends the training with it.
    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let _ = checkpoint;
        Ok(())
    }

    /// Asked after every update: whether to stop here, as Ctrl-C does.
    fn should_stop(&self) -> bool {
        false
    }
}

/// An observer that does nothing.
pub struct Silent;
impl Observer for Silent {}

/// Several follow one training: each is told in turn, and each may stop it.
impl Observer for Vec<&mut dyn Observer> {
    fn iteration(&mut self, progress: &Progress, network: &Network) -> Result<()> {
        self.iter_mut().try_for_each(|one| one.iteration(progress, network))
    }
    fn digits_lost(&mut self, lost: &DigitsLost) {
        self.iter_mut().for_each(|one| one.digits_lost(lost));
    }
    fn measured(&mut self, network: &Network, history: &[EpochRecord]) -> Result<()> {
        self.iter_mut().try_for_each(|one| one.measured(network, history))
    }
    fn wants_checkpoint(&mut self, iteration: u64) -> bool {
        let mut wanted = false;
        for one in self.iter_mut() {
            // Each is asked, also when one has said yes.
            wanted |= one.wants_checkpoint(iteration);
        }
        wanted
    }
    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.iter_mut().try_for_each(|one| one.checkpoint(checkpoint))
    }
    fn should_stop(&self) -> bool {
        self.iter().any(|one| one.should_stop())
    }
}
