//! What can be seen of a training while it runs and after it, beside the lines on the screen: where the parameters and gradients of every layer
//! lie and TensorBoard's file.

use std::path::Path;

use kudari::Result;
use kudari::model::Network;
use kudari::train::{EpochRecord, GradientMethod, LayerHistograms, LayerMoment, Observer, TensorBoard};

use crate::plan::Plan;

/// Looks at a training at every measurement.
pub struct Views {
    histograms: LayerHistograms,
    board: Option<TensorBoard>,
}

impl Views {
    /// For a training that begins, or goes on, after `from` updates and whose run folder is `folder`.
    pub fn new(plan: &Plan, folder: &Path, from: u64, tensorboard: bool) -> Result<Views> {
        let options = plan.options();
        let histograms = match options.gradient {
            GradientMethod::Backpropagation => LayerHistograms::new(&plan.split.train, plan.loss, plan.seed)?,
            GradientMethod::Numerical(_) => LayerHistograms::of_values(plan.loss),
        };
        let board = tensorboard.then(|| TensorBoard::create(folder, from, &plan.settings())).transpose()?;
        Ok(Views { histograms, board })
    }

    /// Takes in what the observer was not told of, as the last measurement of a training that failed; gives the moments for the report.
    pub fn finish(mut self, history: &[EpochRecord]) -> Result<Vec<LayerMoment>> {
        self.board.iter_mut().try_for_each(|board| board.write(history))?;
        Ok(self.histograms.into_moments())
    }
}

impl Observer for Views {
    fn measured(&mut self, network: &Network, history: &[EpochRecord]) -> Result<()> {
        let before = self.histograms.latest().map(|moment| moment.iteration);
        self.histograms.measured(network, history)?;
        let Some(board) = &mut self.board else { return Ok(()) };
        board.write(history)?;
        let new = self.histograms.latest().filter(|moment| before != Some(moment.iteration));
        new.map_or(Ok(()), |moment| board.layers(moment))
    }
}
