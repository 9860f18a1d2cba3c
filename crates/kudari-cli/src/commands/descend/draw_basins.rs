//! A map of the basins of attraction with random starts.

use kudari::descent::Basins;
use kudari_plot::{Color, Grid, Legend, Levels, Picture, Plot, Ramp, palette};

use super::Task;
use super::draw::map;
use crate::commands::differentiate::cut;
use crate::failure::Failure;
use crate::output::rounded;

/// Nodes of the map along each side.
const MAP: usize = 121;
/// So many minima are named in the legend.
const NAMED: usize = 8;
/// Colours of the palette.
const COLORS: usize = 10;

/// The random starts in the colours of the minima they found, on a map of the basins.
pub fn basins(
    task: &Task,
    found: &Basins,
    ranges: &[(f64, f64)],
    find: &mut dyn FnMut(Vec<Vec<f64>>) -> Result<Basins, Failure>,
) -> Result<Picture, Failure> {
    let (x, y) = (ranges[0], ranges[1]);
    let node = |(low, high): (f64, f64), i: usize| low + (high - low) * i as f64 / (MAP - 1) as f64;
    let nodes: Vec<Vec<f64>> = (0..MAP * MAP).map(|i| vec![node(x, i % MAP), node(y, i / MAP)]).collect();
    let found_there = find(nodes)?;
    // The minima of the map in the order of the table; those that only the map found come behind.
    let near =
        |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).fold(0.0, f64::hypot) < 0.02 * (x.1 - x.0).hypot(y.1 - y.0);
    let mut minima: Vec<&[f64]> = found.basins.iter().map(|basin| &basin.minimum[..]).collect();
    let place: Vec<usize> = found_there
        .basins
        .iter()
        .map(|basin| {
            minima.iter().position(|m| near(m, &basin.minimum)).unwrap_or_else(|| {
                minima.push(&basin.minimum);
                minima.len() - 1
            })
        })
        .collect();
    let classes = found_there.basin_of.iter().map(|basin| basin.map_or(f64::NAN, |basin| place[basin] as f64)).collect();
    let colors = told_apart(&minima);
    let pale: Vec<Color> = colors.iter().map(|color| Color::WHITE.mix(*color, 0.32)).collect();
    let (plot, heights, _) = map(Plot::new(cut(&task.headline())), task, [x, y])?;
    let mut plot = plot
        .description("Every point in the colour of the minimum to which descent leads from there")
        .heat(&Grid::new(MAP, MAP, x, y, classes)?, Ramp::classes(&pale))
        .contours(&heights, Levels::Quantile(9))
        .color(Color::GRAY.with_opacity(0.55))
        .width(0.7);
    for (i, basin) in found.basins.iter().enumerate() {
        let starts = found.starts.iter().zip(&found.basin_of).filter(|(_, of)| **of == Some(i));
        let points: Vec<(f64, f64)> = starts.map(|(start, _)| (start[0], start[1])).collect();
        let at: Vec<String> = basin.minimum.iter().map(|&x| rounded(x)).collect();
        let name = if i < NAMED { format!("({}): {} starts", at.join(", "), basin.starts) } else { String::new() };
        plot = plot.points(name, &points).color(colors[i]).width(5.0);
    }
    let nowhere = found.starts.iter().zip(&found.basin_of).filter(|(_, of)| of.is_none());
    let points: Vec<(f64, f64)> = nowhere.map(|(start, _)| (start[0], start[1])).collect();
    if !points.is_empty() {
        plot = plot.points(format!("nowhere yet: {} starts", points.len()), &points).color(Color::GRAY).width(5.0);
    }
    for minimum in minima {
        plot = plot.marker(minimum[0], minimum[1], "");
    }
    let legend = if found.basins.len() > NAMED { Legend::Hidden } else { Legend::Below };
    Ok(plot.legend(legend).picture(640.0, 700.0)?)
}

/// A colour for each minimum, other than those of its nearest neighbours.
fn told_apart(minima: &[&[f64]]) -> Vec<Color> {
    let mut chosen: Vec<usize> = Vec::new();
    for here in minima {
        let mut others: Vec<(f64, usize)> =
            chosen.iter().zip(minima).map(|(&color, there)| (apart(here, there), color)).collect();
        others.sort_by(|a, b| a.0.total_cmp(&b.0));
        others.truncate(COLORS - 1);
        chosen.push((0..COLORS).find(|color| others.iter().all(|other| other.1 != *color)).unwrap_or(0));
    }
    chosen.into_iter().map(palette).collect()
}

fn apart(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a - b).fold(0.0, f64::hypot)
}
