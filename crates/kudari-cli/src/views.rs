//! What can be seen of a training while it runs and after it, beside the lines on the screen: where the parameters and gradients of every layer
//! lie, TensorBoard's file, and the terminal view.

use std::path::Path;

use kudari::model::Network;
use kudari::train::{EpochRecord, GradientMethod, LayerHistograms, LayerMoment, Observer, Progress, TensorBoard};
use kudari::{Error, Result};

use crate::interrupt::Interrupt;
use crate::output;
use crate::plan::Plan;
use crate::tui::Tui;

/// Looks at a training at every measurement.
pub struct Views {
    histograms: LayerHistograms,
    board: Option<TensorBoard>,
    tui: Option<Tui>,
    /// Why the event file ends early, if it does.
    lost: Option<Error>,
}

impl Views {
    /// For a training that begins, or goes on, after `from` updates and whose run folder is `folder`.
    pub fn new(plan: &Plan, folder: &Path, from: u64, tensorboard: bool) -> Result<Views> {
        let options = plan.options();
        let histograms = match options.gradient {
            GradientMethod::Backpropagation => LayerHistograms::new(&plan.split.train, plan.loss, plan.batch_size, plan.seed)?,
            GradientMethod::Numerical(_) => LayerHistograms::of_values(plan.loss),
        };
        let board = tensorboard.then(|| TensorBoard::create(folder, from, &plan.settings())).transpose()?;
        Ok(Views { histograms, board, tui: None, lost: None })
    }

    /// Shows the training on the whole terminal until [`Views::leave_terminal`].
    pub fn take_terminal(&mut self, plan: &Plan, interrupt: Interrupt) -> Result<()> {
        self.tui = Some(Tui::new(plan, interrupt)?);
        Ok(())
    }

    /// Gives the terminal back.
    pub fn leave_terminal(&mut self) {
        self.tui = None;
    }

    /// Takes in what the observer was not told of, as the last measurement of a training that failed; gives the moments for the report.
    pub fn finish(mut self, history: &[EpochRecord]) -> Vec<LayerMoment> {
        self.write(|board| board.write(history));
        if let Some(error) = self.lost {
            output::note(format_args!("note: {}; the event file ends there", error.what()));
        }
        self.histograms.into_moments()
    }

    /// Writes into the event file as long as that goes: a full disk must not end a training, and behind half a record nothing could be read.
    fn write(&mut self, what: impl FnOnce(&mut TensorBoard) -> Result<()>) {
        if let Some(Err(error)) = self.board.as_mut().map(what) {
            (self.board, self.lost) = (None, Some(error));
        }
    }
}

impl Observer for Views {
    fn iteration(&mut self, progress: &Progress, _: &Network) -> Result<()> {
        self.tui.as_mut().map_or(Ok(()), |tui| tui.iteration(progress))
    }

    fn measured(&mut self, network: &Network, history: &[EpochRecord]) -> Result<()> {
        let before = self.histograms.latest().map(|moment| moment.iteration);
        self.histograms.measured(network, history)?;
        if let Some(tui) = &mut self.tui {
            tui.measured(history, self.histograms.latest())?;
        }
        self.write(|board| board.write(history));
        if self.board.is_some()
            && let Some(new) = self.histograms.latest().filter(|moment| before != Some(moment.iteration)).cloned()
        {
            self.write(|board| board.layers(&new));
        }
        Ok(())
    }
}
