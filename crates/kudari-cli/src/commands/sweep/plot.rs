//! The losses of a sweep: one colour for each combination, a band over its seeds.

use kudari::train::{EpochRecord, Verdict, band, label_entropy};
use kudari_plot::{Color, Picture, Plot, palette};

use super::results::Combination;
use super::trial::Trial;
use crate::data::Training;
use crate::failure::Failure;
use crate::pictures::fitting_scale;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 460.0;
/// From this many trainings on the band shows the middle half of them, else all.
const QUARTILES: usize = 8;
/// At most so many trainings that failed are drawn one by one.
const FAILED: usize = 40;

/// Median and band of the loss on the training data over the iterations.
pub fn losses(data: &Training, combinations: &[Combination]) -> Result<Picture, Failure> {
    let most = combinations.iter().map(|c| c.trials.len()).max().unwrap_or(0);
    let what = if most < QUARTILES { "median, least and most" } else { "median and quartiles" };
    let thin = if combinations.iter().all(|c| hidden(c).is_empty()) { "" } else { ", thin: those that failed" };
    let title = format!("{}: {what} of {most} trainings{thin}", data.name);
    let mut plot = Plot::new(title).x_label("iteration").y_label("loss on the training data");
    let mut medians = Vec::new();
    for (i, combination) in combinations.iter().enumerate() {
        let histories: Vec<&[EpochRecord]> = combination.trials.iter().map(|t| &t.history[..]).collect();
        let band = band(&histories, |r| r.train_loss);
        let edges = band.iter().map(|&(iteration, s)| {
            let (low, high) = if most < QUARTILES { (s.least, s.most) } else { (s.lower, s.upper) };
            (iteration as f64, low, high)
        });
        let median: Vec<(f64, f64)> = band.iter().map(|&(iteration, s)| (iteration as f64, s.median)).collect();
        let name = format!("{}: {} of {} succeeded", combination.label, combination.solved(), combination.trials.len());
        plot = plot.band(&name, &edges.collect::<Vec<_>>()).color(palette(i)).line(&name, &median).color(palette(i)).width(2.2);
        for trial in hidden(combination) {
            let line: Vec<(f64, f64)> = trial.history.iter().map(|r| (r.iteration as f64, r.train_loss)).collect();
            plot = plot.line("", &line).color(palette(i).with_opacity(0.55)).width(0.7);
        }
        medians.extend(median);
    }
    if combinations.iter().all(|c| c.arguments.loss.as_deref().unwrap_or(data.defaults.loss) == "softmax_cross_entropy") {
        plot = plot.horizontal_line(label_entropy(&data.split.train)?, "guessing").color(Color::GRAY);
    }
    Ok(plot.y_scale(fitting_scale(medians.iter().map(|m| m.1))).picture(WIDTH, HEIGHT)?)
}

/// The trainings that failed where most succeeded: the band does not show them.
fn hidden(combination: &Combination) -> Vec<&Trial> {
    let failed = combination.trials.iter().filter(|t| matches!(t.verdict, Verdict::Failed(_)));
    let hidden = 2 * combination.solved() > combination.trials.len();
    failed.take(if hidden { FAILED } else { 0 }).collect()
}
