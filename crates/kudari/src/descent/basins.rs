//! Descents from many points at once: which minimum each of them finds.

use super::verdict::distance;
use crate::array::Array;
use crate::autograd::Variable;
use crate::error::Result;
use crate::formula::Formula;
use crate::layers::Parameter;
use crate::optimizers::Optimizer;

/// A slope that has fallen to this share of the usual slope at the start has arrived.
const ARRIVED: f64 = 1e-3;
/// Ends that are nearer to each other than this share of the range belong to one minimum.
const SAME: f64 = 0.02;

/// A minimum with the starts that lead to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Basin {
    /// The lowest of the ends.
    pub minimum: Vec<f64>,
    /// The value there.
    pub value: f64,
    /// How many starts end there.
    pub starts: usize,
}

/// Where many descents ended.
#[derive(Debug, Clone)]
pub struct Basins {
    /// The starts.
    pub starts: Vec<Vec<f64>>,
    /// The minima found, the lowest first.
    pub basins: Vec<Basin>,
    /// For each start the basin in which it ended; `None` if it did not arrive anywhere.
    pub basin_of: Vec<Option<usize>>,
    /// How many did not arrive yet.
    pub on_their_way: usize,
    /// How many ran away or came to a place without a value.
    pub lost: usize,
}

impl Basins {
    /// Descends from all starts at the same time, with exact gradients. `go_on` is asked before every step and may end the
    /// descent.
    ///
    /// Places where the formula has no value are no error: a start that comes there is lost.
    ///
    /// # Errors
    ///
    /// Starts with another number of coordinates than the formula has variables, or settings that make no sense.
    pub fn find(
        formula: &Formula,
        starts: Vec<Vec<f64>>,
        optimizer: &mut dyn Optimizer,
        steps: usize,
        go_on: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Basins> {
        starts.iter().try_for_each(|start| formula.check_count(start.len()))?;
        let count = starts.len();
        let column = |i: usize| {
            let numbers: Vec<f64> = starts.iter().map(|start| start[i]).collect();
            Parameter::from_array(Array::from_vec(numbers, &[count])?)
        };
        // One parameter for each variable, one element for each start: they do not influence each other.
        let mut parameters = (0..formula.variables().len()).map(column).collect::<Result<Vec<_>>>()?;
        let mut first_slopes = Vec::new();
        let mut step = 0;
        loop {
            let variables: Vec<Variable> = parameters.iter().map(|p| p.variable().clone()).collect();
            let values = formula.apply_unchecked(&variables)?;
            if !values.wants_gradient() {
                return Ok(Basins::gather(starts, &parameters, &values, &[], &[]));
            }
            let gradients = values.sum().backward()?;
            let slopes = slopes(variables.iter().filter_map(|v| gradients.get(v)), count);
            if step == 0 {
                first_slopes.clone_from(&slopes);
            }
            if step == steps || !go_on(step + 1) {
                return Ok(Basins::gather(starts, &parameters, &values, &first_slopes, &slopes));
            }
            optimizer.step(&mut parameters, &gradients)?;
            step += 1;
        }
    }

    fn gather(starts: Vec<Vec<f64>>, parameters: &[Parameter], values: &Variable, first: &[f64], last: &[f64]) -> Basins {
        let columns: Vec<Vec<f64>> = parameters.iter().map(|p| p.array().to_f64_vec()).collect();
        let values = values.array().to_f64_vec();
        let ends: Vec<Vec<f64>> = (0..starts.len()).map(|i| columns.iter().map(|c| c[i]).collect()).collect();
        let mut usual: Vec<f64> = first.iter().copied().filter(|s| s.is_finite()).collect();
        usual.sort_by(f64::total_cmp);
        let limit = ARRIVED * usual.get(usual.len() / 2).copied().unwrap_or(0.0);
        let near = SAME * spread(&starts);
        let finite = |i: usize| values[i].is_finite() && ends[i].iter().all(|x| x.is_finite());
        let arrived = |i: usize| finite(i) && last.get(i).is_some_and(|&slope| slope <= limit);
        // The lowest first: it gives a basin its minimum.
        let mut order: Vec<usize> = (0..starts.len()).filter(|&i| arrived(i)).collect();
        order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
        let mut basins: Vec<Basin> = Vec::new();
        let mut basin_of = vec![None; starts.len()];
        for i in order {
            let known = basins.iter().position(|basin| distance(&basin.minimum, &ends[i]) <= near);
            let place = known.unwrap_or_else(|| {
                basins.push(Basin { minimum: ends[i].clone(), value: values[i], starts: 0 });
                basins.len() - 1
            });
            basins[place].starts += 1;
            basin_of[i] = Some(place);
        }
        let far = 1e3 * spread(&starts);
        let lost = (0..starts.len()).filter(|&i| !finite(i) || distance(&ends[i], &starts[i]) > far).count();
        let on_their_way = basin_of.iter().filter(|basin| basin.is_none()).count() - lost;
        Basins { starts, basins, basin_of, on_their_way, lost }
    }
}

/// The Euclidean norm of each element's gradient.
fn slopes<'a>(gradients: impl Iterator<Item = &'a Array>, count: usize) -> Vec<f64> {
    let mut slopes = vec![0.0f64; count];
    for gradient in gradients {
        for (slope, g) in slopes.iter_mut().zip(gradient.to_f64_vec()) {
            *slope = slope.hypot(g);
        }
    }
    slopes
}

/// The diagonal of the smallest box around all points.
fn spread(points: &[Vec<f64>]) -> f64 {
    let along = |i: usize| {
        let coordinates = points.iter().map(|p| p[i]);
        coordinates.clone().fold(f64::NEG_INFINITY, f64::max) - coordinates.fold(f64::INFINITY, f64::min)
    };
    (0..points.first().map_or(0, Vec::len)).map(along).fold(0.0, f64::hypot)
}
