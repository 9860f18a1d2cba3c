//! A rectangle of the plane on which classifiers of two inputs are looked at.

use crate::array::{Array, DType};
use crate::autograd::{Variable, inference};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::model::Network;

/// Points that go through the network at once: wide layers must not need much memory.
const CHUNK: usize = 2_000;

/// A grid over a rectangle of the plane, at whose nodes classifiers of two inputs are evaluated. Nodes are evenly spaced, the
/// first and last stand on the edges; column 0 has the lowest first input, row 0 the lowest second input.
#[derive(Clone)]
pub struct Plane {
    x: [f64; 2],
    y: [f64; 2],
    rows: usize,
    columns: usize,
    points: Vec<Variable>,
}

impl Plane {
    /// `[rows, columns]` nodes over first inputs from `x[0]` to `x[1]` and second inputs from `y[0]` to `y[1]`, as inputs of
    /// type `dtype`.
    ///
    /// # Errors
    ///
    /// Ranges that are not finite or not rising, fewer than two rows or columns, or a type that is not floating-point.
    pub fn new(x: [f64; 2], y: [f64; 2], [rows, columns]: [usize; 2], dtype: DType) -> Result<Plane> {
        let rising = |r: [f64; 2]| r[0] < r[1] && (r[1] - r[0]).is_finite();
        if !(rising(x) && rising(y)) || rows < 2 || columns < 2 || !dtype.is_float() {
            return Err(Error::value(format!("a plane over {x:?} and {y:?} of {rows} by {columns} nodes of {dtype}"))
                .help("both ranges must rise, with two nodes at least, and inputs are f32 or f64"));
        }
        let node = |[low, high]: [f64; 2], i: usize, nodes: usize| low + (high - low) * i as f64 / (nodes - 1) as f64;
        let numbers: Vec<f64> =
            (0..rows * columns).flat_map(|i| [node(x, i % columns, columns), node(y, i / columns, rows)]).collect();
        let chunks = numbers.chunks(2 * CHUNK);
        let points = chunks.map(|c| Ok(Variable::constant(Array::from_slice(c, &[c.len() / 2, 2])?.to_dtype(dtype))));
        Ok(Plane { x, y, rows, columns, points: points.collect::<Result<_>>()? })
    }

    /// `nodes` by `nodes` nodes over a square around the data: as wide as the wider range of their two inputs and a tenth more
    /// on every side.
    ///
    /// # Errors
    ///
    /// Samples that are not two numbers, or none.
    pub fn around(data: &Dataset, nodes: usize) -> Result<Plane> {
        two_inputs(data.sample_shape())?;
        let points = data.all()?.x.array().to_f64_vec();
        let range = |axis: usize| {
            let along = points.iter().skip(axis).step_by(2);
            along.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], &v| [low.min(v), high.max(v)])
        };
        let (x, y) = (range(0), range(1));
        let half = 0.6 * (x[1] - x[0]).max(y[1] - y[0]);
        // All points at one place: any length shows it.
        let half = if half > 0.0 { half } else { 1.0 };
        let widened = |r: [f64; 2]| [(r[0] + r[1]) / 2.0 - half, (r[0] + r[1]) / 2.0 + half];
        Plane::new(widened(x), widened(y), [nodes, nodes], data.dtype())
    }

    /// The numbers of rows and columns.
    pub fn nodes(&self) -> [usize; 2] {
        [self.rows, self.columns]
    }

    /// The range of the first input.
    pub fn x(&self) -> [f64; 2] {
        self.x
    }

    /// The range of the second input.
    pub fn y(&self) -> [f64; 2] {
        self.y
    }

    /// The probabilities that a classifier gives to the classes at every node: `[rows, columns, classes]`.
    ///
    /// # Errors
    ///
    /// A network that does not take two numbers, or whose outputs are not classes.
    pub fn probabilities(&self, network: &Network) -> Result<Array> {
        two_inputs(network.input_shape())?;
        let chunks: Result<Vec<Array>> =
            inference(|| self.points.iter().map(|x| network.probabilities(&network.forward(x)?)).collect());
        let all = Array::concatenate(&chunks?.iter().collect::<Vec<_>>(), 0)?;
        all.reshape(&[self.rows as isize, self.columns as isize, -1])
    }
}

/// Makes sure that samples are points of the plane.
fn two_inputs(shape: &[usize]) -> Result<()> {
    if shape == [2] {
        return Ok(());
    }
    Err(Error::shape(format!("decision regions of samples of shape {shape:?}"))
        .help("they can be drawn where a sample is two numbers, as in xor, moons, circles and spiral"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::xor;
    use crate::layers::Layer;
    use crate::model::NetworkOptions;

    /// One output, the logit 2x − y + ½.
    fn network() -> Network {
        let mut net = Network::new("linear(1)", &[2], &NetworkOptions { double: true, ..Default::default() }).unwrap();
        let arrays = [("0.weight", Array::from([[2.0, -1.0]])), ("0.bias", Array::from([0.5]))];
        net.set_arrays(&arrays.map(|(name, array)| (name.to_string(), array))).unwrap();
        net
    }

    #[test]
    fn every_node_of_the_plane_is_looked_at() {
        let plane = Plane::new([-1.0, 3.0], [0.0, 1.0], [60, 41], DType::F64).unwrap();
        let p = plane.probabilities(&network()).unwrap();
        assert_eq!((p.shape(), plane.nodes()), (&[60, 41, 2][..], [60, 41]));
        for (row, column) in [(0, 0), (0, 40), (59, 0), (59, 40), (17, 23), (48, 33)] {
            let (x, y) = (-1.0 + 0.1 * column as f64, row as f64 / 59.0);
            let class_1 = 1.0 / (1.0 + (-(2.0 * x - y + 0.5)).exp());
            assert!((p.get(&[row, column, 1]).unwrap() - class_1).abs() < 1e-12);
            assert!((p.get(&[row, column, 0]).unwrap() - (1.0 - class_1)).abs() < 1e-12);
        }
    }

    #[test]
    fn the_plane_around_data_is_a_square_with_a_tenth_more_on_every_side() {
        let plane = Plane::around(&xor(), 5).unwrap();
        let near = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).abs() < 1e-12 && (a[1] - b[1]).abs() < 1e-12;
        assert!(near(plane.x(), [-0.1, 1.1]) && near(plane.y(), [-0.1, 1.1]));
        // A line of points is in the middle of the square; a single point too.
        let data = |points: &[f64]| {
            let count = points.len() / 2;
            let x = Array::from_slice(points, &[count, 2]).unwrap();
            Dataset::from_arrays("mine", x, Array::from_slice(&vec![0i64; count], &[count]).unwrap(), vec!["0".into()]).unwrap()
        };
        let line = Plane::around(&data(&[0.0, 7.0, 10.0, 7.0]), 5).unwrap();
        assert!(near(line.x(), [-1.0, 11.0]) && near(line.y(), [1.0, 13.0]));
        assert!(near(Plane::around(&data(&[3.0, 4.0]), 5).unwrap().x(), [2.0, 4.0]));
        let three = Dataset::from_arrays("three", Array::from([[1.0, 2.0, 3.0]]), Array::from([0i64]), vec!["0".into()]);
        let error = Plane::around(&three.unwrap(), 5).err().unwrap();
        assert_eq!(error.what(), "decision regions of samples of shape [3]");
        for (x, nodes) in [([1.0, 1.0], 5), ([0.0, f64::INFINITY], 5), ([f64::NAN, 1.0], 5), ([0.0, 1.0], 1)] {
            assert!(Plane::new(x, [0.0, 1.0], [5, nodes], DType::F32).is_err());
        }
    }
}
