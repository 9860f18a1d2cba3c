//! The curves of groups of trainings, each with a band over its seeds.

use kudari::train::Spread;
use kudari_plot::{Picture, Plot, Scale, palette};

use super::results::Comparison;
use super::runs::Group;
use crate::failure::Failure;
use crate::pictures::fitting_scale;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 460.0;
/// From this many seeds on the band shows the middle half of them, else all.
const QUARTILES: usize = 8;

/// The measure over the epochs.
pub fn curves(comparison: &Comparison) -> Result<Picture, Failure> {
    let measure = comparison.measure;
    let most = comparison.groups.iter().map(|group| group.runs.len()).max().unwrap_or(0);
    let band = if most < QUARTILES { "median, least and most" } else { "median and quartiles" };
    let title = if most > 1 { format!("{}: {band} over the seeds", measure.name()) } else { measure.name().to_string() };
    let mut plot = Plot::new(title).x_label("epoch").y_label(measure.name());
    let mut medians = Vec::new();
    for (i, group) in comparison.groups.iter().enumerate() {
        let spreads = spreads(group, |run, at| run.history.get(at).and_then(|record| measure.of(record)));
        let edges = spreads.iter().map(|&(epoch, s)| {
            let (low, high) = if most < QUARTILES { (s.least, s.most) } else { (s.lower, s.upper) };
            (epoch, low, high)
        });
        let (edges, median): (Vec<_>, Vec<_>) = (edges.collect(), spreads.iter().map(|&(epoch, s)| (epoch, s.median)).collect());
        let seeds = if group.runs.len() == 1 { "1 seed".to_string() } else { format!("{} seeds", group.runs.len()) };
        let name = format!("{} ({seeds})", group.label);
        if group.runs.len() > 1 {
            plot = plot.band(&name, &edges).color(palette(i));
        }
        plot = plot.line(&name, &median).color(palette(i)).width(2.2);
        medians.extend(median.into_iter().map(|m| m.1));
    }
    let scale = if measure.is_loss() { fitting_scale(medians.into_iter()) } else { Scale::Linear };
    Ok(plot.y_scale(scale).picture(WIDTH, HEIGHT)?)
}

/// The spread of `value(run, measurement)` over a group's trainings at every epoch at which any of them was measured. One that ended before keeps
/// its last value: that is what its training gave.
fn spreads(group: &Group, value: impl Fn(&super::runs::Run, usize) -> Option<f64>) -> Vec<(f64, Spread)> {
    let mut epochs: Vec<f64> = group.runs.iter().flat_map(|run| &run.history).map(|record| record.epoch).collect();
    epochs.retain(|epoch| epoch.is_finite());
    epochs.sort_by(f64::total_cmp);
    epochs.dedup();
    let at = |epoch: f64| {
        Spread::of(group.runs.iter().filter_map(|run| {
            let after = run.history.partition_point(|record| record.epoch <= epoch);
            value(run, after.checked_sub(1)?)
        }))
    };
    epochs.into_iter().filter_map(|epoch| Some((epoch, at(epoch)?))).collect()
}
