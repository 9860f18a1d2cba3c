//! Padding: more numbers around an array.

use super::arrange::{one, part, sample};
use super::registry::Entry;
use super::sample::ROWS;
use super::worked::{movement, numbered};
use crate::array::{Array, Shape, Slice};
use crate::autograd::{Calculation, Context, Function, InputGradients, Operand, Outputs, Saves, Variable, Worked, apply};
use crate::error::{Error, Result};
use crate::expression::Expression;

/// What stands around a padded array.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Padding {
    /// A number.
    Constant(f64),
    /// The numbers mirrored at the first and the last one, which are not repeated: c b | a b c | b a.
    Reflect,
    /// The first and the last number: a a | a b c | c c.
    Edge,
}

#[derive(Debug, Clone)]
struct Pad {
    widths: Vec<[usize; 2]>,
    padding: Padding,
}

impl Pad {
    /// The axes that grow: each with its number, its size, and how many come before and after.
    fn axes(&self, shape: &[usize]) -> impl DoubleEndedIterator<Item = (usize, usize, [usize; 2])> {
        let axes: Vec<_> = self.widths.iter().zip(shape).map(|(&width, &size)| (size, width)).collect();
        axes.into_iter().enumerate().filter(|(_, (_, width))| *width != [0, 0]).map(|(axis, (size, width))| (axis, size, width))
    }

    fn check(&self, x: &Array) -> Result<()> {
        let place = || format!("pad: {:?} of shape {:?}", self.widths, x.shape());
        if self.widths.len() > x.rank() {
            return Err(Error::shape(place()).help("give at most one pair of widths for each axis, before and after"));
        }
        let mut padded = x.shape().to_vec();
        for (axis, size, [before, after]) in self.axes(x.shape()) {
            let widest = match self.padding {
                Padding::Constant(_) => usize::MAX,
                Padding::Reflect => size.saturating_sub(1),
                Padding::Edge if size == 0 => 0,
                Padding::Edge => usize::MAX,
            };
            if before.max(after) > widest {
                return Err(Error::shape(format!("{}, axis {axis}", place()))
                    .help(format!("with this padding at most {widest} fit beside an axis of {size}")));
            }
            padded[axis] = size.saturating_add(before).saturating_add(after);
        }
        Shape::allocatable(&padded, x.dtype()).map_err(|e| e.context(place()))?;
        Ok(())
    }

    /// Where number i of a padded axis comes from.
    fn place(&self, i: usize, size: usize, before: usize) -> Option<usize> {
        let inside = i.checked_sub(before).filter(|&i| i < size);
        match self.padding {
            Padding::Constant(_) => inside,
            Padding::Edge => Some(i.saturating_sub(before).min(size - 1)),
            Padding::Reflect if i < before => Some(before - i),
            Padding::Reflect => inside.or(Some(2 * (size - 1) + before - i)),
        }
    }

    /// The gradient of one axis of mirrored or repeated numbers: what stands beside the axis is added where it came from.
    fn folded(&self, g: &Variable, axis: usize, size: usize, [before, after]: [usize; 2]) -> Result<Variable> {
        let middle = g.slice(&part(axis, before, before + size))?;
        let shape = middle.shape().to_vec();
        let sides = [(0, before, 1), (before + size, after, size.saturating_sub(1 + after))];
        sides.into_iter().enumerate().filter(|(_, (_, count, _))| *count > 0).try_fold(
            middle,
            |sum, (side, (from, count, to))| {
                let beside = g.slice(&part(axis, from, from + count))?;
                let back = match self.padding {
                    Padding::Reflect => beside.flip(&[axis as isize])?.embed(&shape, &part(axis, to, to + count))?,
                    _ => {
                        let end = if side == 0 { 0 } else { size - 1 };
                        beside.sum_axes(&[axis as isize], true)?.embed(&shape, &part(axis, end, end + 1))?
                    }
                };
                sum.add(&back)
            },
        )
    }
}

impl Function for Pad {
    fn name(&self) -> &'static str {
        "pad"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        self.check(inputs[0])?;
        let fill = if let Padding::Constant(number) = self.padding { number } else { 0.0 };
        let pad = |x: Array, (axis, size, [before, after]): (usize, usize, [usize; 2])| {
            x.pick(axis, before + size + after, fill, |i| self.place(i, size, before))
        };
        Ok([self.axes(inputs[0].shape()).try_fold(inputs[0].clone(), pad)?].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let shape = context.input(0).shape();
        if let Padding::Constant(_) = self.padding {
            let inside = |(&[before, _], &size): (&[usize; 2], &usize)| (before as isize..(before + size) as isize).into();
            return Ok(one(gy[0].slice(&self.widths.iter().zip(shape).map(inside).collect::<Vec<Slice>>())?));
        }
        let fold = |g: Variable, (axis, size, width)| self.folded(&g, axis, size, width);
        Ok(one(self.axes(shape).rev().try_fold(gy[0].clone(), fold)?))
    }
    fn saves(&self) -> Saves {
        Saves::NOTHING
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        let Padding::Constant(fill) = self.padding else { return movement(self, calculation.inputs) };
        // Counted from 1, so that 0 marks what is filled.
        let mark = Pad { padding: Padding::Constant(0.0), ..self.clone() };
        let from = mark.forward(&[&numbered(calculation.inputs[0].shape(), 1)?]).ok()?.pop()?.to_vec::<i64>().ok()?;
        Some(Box::new(WorkedFilled { from, fill }))
    }
}

/// Numbers of the input in other places, counted from 1, and a constant where there is a 0.
struct WorkedFilled {
    from: Vec<i64>,
    fill: f64,
}

impl Worked for WorkedFilled {
    fn value(&self, at: usize) -> Expression<Operand> {
        match self.from[at] {
            0 => Expression::Number(self.fill),
            from => Operand::input(0, from as usize - 1),
        }
    }
    fn slopes(&self, at: usize) -> Vec<(Operand, Expression<Operand>)> {
        let from = (self.from[at] as usize).checked_sub(1);
        from.map(|at| (Operand::Input { input: 0, at }, Expression::Number(1.0))).into_iter().collect()
    }
}

impl Variable {
    /// The array with more numbers around it: `widths[axis]` says how many before and how many after; axes beyond the given
    /// ones stay as they are.
    ///
    /// # Errors
    ///
    /// More widths than axes, a reflection wider than the axis without its last number, edges of an axis without numbers,
    /// or a result that does not fit into memory.
    #[track_caller]
    pub fn pad(&self, widths: &[[usize; 2]], padding: Padding) -> Result<Variable> {
        apply(Pad { widths: widths.to_vec(), padding }, &[self])
    }
}

/// The functions of this file.
pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "pad",
    usage: "x.pad(&[[1, 2]], Padding::Constant(0.0))?",
    formula: "x with numbers around it: a constant, x mirrored, or the number at the edge",
    derivative: "g inside, and what stands around it added where it came from",
    notes: "A mirrored axis does not repeat its ends.",
    samples: || {
        let reflect = |x: &Variable| x.pad(&[[2, 0], [1, 2]], Padding::Reflect);
        vec![
            sample(&[2, 3], |x| x.pad(&[[1, 0], [0, 2]], Padding::Constant(0.5))).timed_at(&[ROWS]),
            sample(&[2, 3, 2], |x| x.pad(&[[0, 0], [2, 1]], Padding::Constant(0.0))).strided(),
            sample(&[3, 4], reflect),
            sample(&[3, 3], reflect).strided(),
            sample(&[2, 1, 3], |x| x.pad(&[[1, 1], [2, 1], [0, 3]], Padding::Edge)),
        ]
    },
}];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::DType;

    fn zeros(shape: &[usize]) -> Variable {
        Variable::parameter(Array::zeros(shape, DType::F32).unwrap())
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let x = zeros(&[2, 3]);
        for (result, what) in [
            (x.pad(&[[0, 0], [1, 3]], Padding::Reflect), "pad: [[0, 0], [1, 3]] of shape [2, 3], axis 1"),
            (x.pad(&[[0, 0]; 3], Padding::Edge), "pad: [[0, 0], [0, 0], [0, 0]] of shape [2, 3]"),
            (zeros(&[0]).pad(&[[1, 0]], Padding::Edge), "pad: [[1, 0]] of shape [0], axis 0"),
        ] {
            assert_eq!(result.unwrap_err().what(), what);
        }
        let error = x.pad(&[[usize::MAX, 1]], Padding::Constant(0.0)).unwrap_err();
        assert!(error.what().starts_with("pad: [[18446744073709551615, 1]] of shape [2, 3]: an array"), "{error}");
    }

    #[test]
    fn arrays_without_a_number() {
        let x = zeros(&[0, 3]);
        for (y, shape) in
            [(x.pad(&[[1, 0], [0, 1]], Padding::Constant(1.0)), [1, 4]), (x.pad(&[[0, 0], [1, 2]], Padding::Reflect), [0, 6])]
        {
            let y = y.unwrap();
            assert_eq!(y.shape(), shape);
            assert_eq!(y.sum().backward().unwrap().get(&x).unwrap().shape(), [0, 3]);
        }
    }
}
