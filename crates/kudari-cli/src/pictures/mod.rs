//! Pictures of learning: `--animate` and `--filmstrip`. What is drawn is here, how it is computed in the library.

mod draw;

use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressFinish, ProgressStyle};
use kudari::model::Network;
use kudari::train::{Film, Plane};
use kudari::{Error, ErrorKind};
use kudari_plot::{Scale, check_ending};

use crate::failure::{Failure, OrUsage};
use crate::output::{Output, with_commas};
use crate::plan::Plan;

/// Nodes along each side of the plane.
const NODES: usize = 120;
/// So many moments are enough for any eye; more would take much memory.
const MOST_MOMENTS: u64 = 500;
/// About how many moments a film has where `--every` is not given.
const MOMENTS: u64 = 60;

/// What to draw of a training.
#[derive(clap::Args, Clone)]
pub struct Pictures {
    /// Write the decision regions and the loss while they change: FILE.gif, or FILE.html with a player; for data of two
    /// inputs
    #[arg(long, value_name = "FILE", help_heading = "Pictures")]
    pub animate: Option<PathBuf>,
    /// Write the moments at which most happened side by side: FILE.png or FILE.svg; for data of two inputs
    #[arg(long, value_name = "FILE", help_heading = "Pictures")]
    pub filmstrip: Option<PathBuf>,
    /// Iterations from one moment to the next, by default such that there are 30 to 60
    #[arg(long, value_name = "N", help_heading = "Pictures", value_parser = clap::value_parser!(u64).range(1..))]
    pub every: Option<u64>,
}

impl Pictures {
    /// The film that is needed, if pictures are wanted; whatever speaks against them is found now.
    pub fn film(&self, plan: &Plan) -> Result<Option<Film>, Failure> {
        for (file, endings) in [(&self.animate, ["gif", "html"]), (&self.filmstrip, ["png", "svg"])] {
            if let Some(path) = file {
                check_ending(path, &endings).or_usage()?;
                can_hold(path)?;
            }
        }
        if self.animate.is_none() && self.filmstrip.is_none() {
            return match self.every {
                None => Ok(None),
                Some(_) => Err(Failure::Usage(
                    Error::new(ErrorKind::Value, "--every without a picture")
                        .help("add --animate FILE.gif or --filmstrip FILE.png"),
                )),
            };
        }
        let (data, iterations) = (&plan.split.train, plan.iterations());
        let around = Plane::around(data, NODES).or_usage()?;
        let plane = match plan.view {
            Some(range) => Plane::new(range, range, [NODES, NODES], data.dtype())?,
            None => around,
        };
        let every = self.every.unwrap_or_else(|| round_number(iterations.div_ceil(MOMENTS)));
        if iterations / every > MOST_MOMENTS {
            let what = format!("--every {every} gives {} pictures, at most {MOST_MOMENTS}", with_commas(iterations / every));
            let least = round_number(iterations.div_ceil(MOST_MOMENTS));
            return Err(Failure::Usage(Error::new(ErrorKind::Value, what).help(format!("choose --every {least} or more"))));
        }
        Ok(Some(Film::new(plane, data, plan.loss, every)))
    }

    /// Ends the film with the network as it is after `iteration` updates, and draws it.
    pub fn write(&self, mut film: Film, network: &Network, iteration: u64, output: &Output) -> Result<(), Failure> {
        film.end(network, iteration)?;
        let count = film.moments().len();
        let bar = output.bar(0).map(|bar| bar.with_finish(ProgressFinish::AndClear));
        if let Some(bar) = &bar {
            bar.set_style(ProgressStyle::default_spinner());
            bar.set_message(format!("drawing {count} moments"));
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        if let Some(path) = &self.animate {
            draw::animation(&film, network.notation())?.save(path)?;
        }
        if let Some(path) = &self.filmstrip {
            kudari_plot::save(&draw::filmstrip(&film, network.notation())?, path)?;
        }
        drop(bar);
        output.line("");
        self.animate.iter().for_each(|path| output.line(format_args!("{}: {count} moments", path.display())));
        let strip = "the moments at which most happened";
        self.filmstrip.iter().for_each(|path| output.line(format_args!("{}: {strip}", path.display())));
        Ok(())
    }
}

/// Makes sure, before any work, that a file can be put there.
pub fn can_hold(path: &Path) -> Result<(), Failure> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path.is_dir() || !folder.is_dir() {
        let what = if path.is_dir() { path } else { folder };
        let state = if path.is_dir() { "is a folder" } else { "there is no such folder" };
        return Err(Error::new(ErrorKind::Io, format!("{}: {state}", what.display())).help("choose another place").into());
    }
    Ok(())
}

/// A logarithmic axis for numbers that fall or rise so far that a linear one would show most of them as nothing.
pub fn fitting_scale(values: impl Iterator<Item = f64>) -> Scale {
    let finite = values.filter(|v| v.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, 0f64), |(low, high), v| (low.min(v), high.max(v)));
    if low > 0.0 && high > 20.0 * low { Scale::Logarithmic } else { Scale::Linear }
}

/// The first of 1, 2, 5, 10, 20, 50, … that is not below `least`.
fn round_number(least: u64) -> u64 {
    let powers = std::iter::successors(Some(1u64), |power| power.checked_mul(10));
    let numbers = powers.flat_map(|power| [1, 2, 5].map(|digit| power.saturating_mul(digit)));
    numbers.into_iter().find(|&number| number >= least).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_numbers_are_not_below() {
        let cases = [(0, 1), (1, 1), (3, 5), (17, 20), (84, 100), (100, 100), (u64::MAX, u64::MAX)];
        assert_eq!(cases.map(|(least, _)| round_number(least)), cases.map(|(_, round)| round));
    }
}
