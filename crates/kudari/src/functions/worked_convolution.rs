//! Convolutions and poolings worked out by hand.

use super::worked::total;
use crate::array::index_of;
use crate::autograd::{Operand, Worked};
use crate::expression::{Condition, Expression, Operation, Relation};
use crate::kernels::convolution::Geometry;
use crate::kernels::pooling::Windows;

/// Which of the three arrays x, w and y of a convolution is calculated from the other two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Role {
    /// y from x and w.
    Output,
    /// x from y and w.
    Input,
    /// w from x and y.
    Weight,
}

/// A convolution or one of its gradients: every number is a sum of products of one number each of both inputs.
pub(super) struct WorkedConvolution {
    geometry: Geometry,
    role: Role,
    bias: bool,
}

/// The place of an element in an array of this shape.
fn place<const N: usize>(index: [usize; N], shape: [usize; N]) -> usize {
    index.iter().zip(shape).fold(0, |place, (&i, size)| place * size + i)
}

impl WorkedConvolution {
    pub(super) fn new(geometry: Geometry, role: Role, bias: bool) -> WorkedConvolution {
        WorkedConvolution { geometry, role, bias }
    }

    fn x_shape(&self) -> [usize; 4] {
        [self.geometry.batch, self.geometry.channels, self.geometry.height, self.geometry.width]
    }

    fn w_shape(&self) -> [usize; 4] {
        let [rows, columns] = self.geometry.kernel;
        [self.geometry.filters, self.geometry.channels / self.geometry.groups, rows, columns]
    }

    fn y_shape(&self) -> [usize; 4] {
        [self.geometry.batch, self.geometry.filters, self.geometry.out_height, self.geometry.out_width]
    }

    /// The elements of both inputs that meet in element `at`.
    fn pairs(&self, at: usize) -> Vec<(usize, usize)> {
        let (x_shape, w_shape, y_shape) = (self.x_shape(), self.w_shape(), self.y_shape());
        let shape = match self.role {
            Role::Output => y_shape,
            Role::Input => x_shape,
            Role::Weight => w_shape,
        };
        let index = index_of(at, &shape);
        // What the element fixes of the indices that walk over everything else.
        let fixed = |role: Role, axis: usize| if self.role == role { Some(index[axis]) } else { None };
        let walk = |fixed: Option<usize>, size: usize| fixed.map_or(0..size, |i| i..i + 1);
        let mut pairs = Vec::new();
        for n in walk(fixed(Role::Output, 0).or(fixed(Role::Input, 0)), x_shape[0]) {
            for f in walk(fixed(Role::Output, 1).or(fixed(Role::Weight, 0)), w_shape[0]) {
                for c in walk(fixed(Role::Weight, 1), w_shape[1]) {
                    let channel = self.geometry.first_channel(f) + c;
                    if fixed(Role::Input, 1).is_some_and(|wanted| wanted != channel) {
                        continue;
                    }
                    for [i, u, y] in self.along(0, [fixed(Role::Output, 2), fixed(Role::Weight, 2), fixed(Role::Input, 2)]) {
                        for [j, v, x] in self.along(1, [fixed(Role::Output, 3), fixed(Role::Weight, 3), fixed(Role::Input, 3)]) {
                            let x = place([n, channel, y, x], x_shape);
                            let w = place([f, c, u, v], w_shape);
                            let y = place([n, f, i, j], y_shape);
                            pairs.push(match self.role {
                                Role::Output => (x, w),
                                Role::Input => (y, w),
                                Role::Weight => (x, y),
                            });
                        }
                    }
                }
            }
        }
        pairs
    }

    /// The places in output, kernel and input that meet along an axis, of which one is fixed.
    fn along(&self, axis: usize, [output, kernel, input]: [Option<usize>; 3]) -> Vec<[usize; 3]> {
        let walk = |fixed: Option<usize>, size: usize| fixed.map_or(0..size, |i| i..i + 1);
        let out = [self.geometry.out_height, self.geometry.out_width][axis];
        let all = walk(output, out).flat_map(|o| walk(kernel, self.geometry.kernel[axis]).map(move |k| (o, k)));
        all.filter_map(|(o, k)| Some([o, k, self.geometry.input_place(axis, o, k)?]))
            .filter(|[.., place]| input.is_none_or(|wanted| wanted == *place))
            .collect()
    }

    /// The element of the bias that is added to element `at`.
    fn bias(&self, at: usize) -> Option<usize> {
        let shape = if self.role == Role::Output { self.y_shape() } else { self.x_shape() };
        self.bias.then(|| index_of(at, &shape)[1])
    }
}

impl Worked for WorkedConvolution {
    fn value(&self, at: usize) -> Expression<Operand> {
        let products = self.pairs(at).into_iter().map(|(a, b)| Operand::input(1, b).times(Operand::input(0, a)));
        total(products.chain(self.bias(at).map(|b| Operand::input(2, b))).collect())
    }
    fn slopes(&self, at: usize) -> Vec<(Operand, Expression<Operand>)> {
        let pairs = self.pairs(at);
        let by_a = pairs.iter().map(|&(a, b)| (Operand::Input { input: 0, at: a }, Operand::input(1, b)));
        let by_b = pairs.iter().map(|&(a, b)| (Operand::Input { input: 1, at: b }, Operand::input(0, a)));
        let by_bias = self.bias(at).map(|b| (Operand::Input { input: 2, at: b }, Expression::Number(1.0)));
        by_a.chain(by_b).chain(by_bias).collect()
    }
}

/// The elements of the picture in the window of element `at` of a pooling, with their places in the window.
pub(super) fn window(windows: &Windows, at: usize) -> Vec<(usize, usize)> {
    let (places, pixels) = (windows.out_height * windows.out_width, windows.height * windows.width);
    let (picture, window) = (at / places, at % places);
    let mut elements = Vec::new();
    windows.for_each_pixel(window, |pixel, place| elements.push((picture * pixels + pixel, place)));
    elements
}

/// The largest number of every window. `window` gives the elements of a result's window, and which of them it is.
pub(super) struct WorkedMaxPool<W> {
    pub window: W,
}

impl<W: Fn(usize) -> (Vec<usize>, usize) + Send + Sync> Worked for WorkedMaxPool<W> {
    fn value(&self, at: usize) -> Expression<Operand> {
        let elements = (self.window)(at).0.into_iter().map(|from| Operand::input(0, from)).collect();
        Expression::Call(Operation::Max, elements)
    }
    fn slopes(&self, at: usize) -> Vec<(Operand, Expression<Operand>)> {
        let (elements, winner) = (self.window)(at);
        let slope = |from: usize| {
            let chosen = Condition { left: Operand::input(0, from), relation: Relation::Equal, right: Operand::output(at) };
            // Of equal numbers the first has it all, so that only for the winner being equal is enough.
            let number = |x: f64| Expression::Number(x);
            let slope =
                if from == winner { Expression::Cases(vec![(chosen, number(1.0))], Box::new(number(0.0))) } else { number(0.0) };
            (Operand::Input { input: 0, at: from }, slope)
        };
        elements.into_iter().map(slope).collect()
    }
}
