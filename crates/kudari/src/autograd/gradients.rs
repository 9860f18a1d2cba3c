//! The result of a backward pass.

use std::cell::Cell;

use super::variable::Variable;
use crate::array::Array;
use crate::error::{Error, Result};

/// Gradients by parameters: a map from leaf variables to arrays of the same shape.
#[derive(Debug, Clone)]
pub struct Gradients {
    /// Sorted by leaf.
    entries: Vec<(u64, Array)>,
}

thread_local! {
    /// The list of gradients that were dropped last, for the next ones: a training step then needs no new one.
    static SPARE: Cell<Vec<(u64, Array)>> = const { Cell::new(Vec::new()) };
}

impl Default for Gradients {
    fn default() -> Gradients {
        Gradients { entries: SPARE.take() }
    }
}

impl Drop for Gradients {
    fn drop(&mut self) {
        self.entries.clear();
        // When the thread is ending its list may be gone.
        let _ = SPARE.try_with(|spare| spare.set(std::mem::take(&mut self.entries)));
    }
}

impl Gradients {
    /// Puts in a leaf as the backward pass meets them, in falling order; [`finish_falling`](Self::finish_falling) ends it.
    pub(super) fn push_falling(&mut self, leaf: u64, gradient: Array) {
        self.entries.push((leaf, gradient));
    }

    /// Brings the leaves into rising order.
    pub(super) fn finish_falling(&mut self) {
        self.entries.reverse();
    }

    fn position(&self, variable: &Variable) -> Option<usize> {
        let id = variable.leaf_id()?;
        self.entries.binary_search_by_key(&id, |entry| entry.0).ok()
    }

    /// The gradient by a parameter; `None` if the loss does not depend on it.
    pub fn get(&self, variable: &Variable) -> Option<&Array> {
        self.position(variable).map(|i| &self.entries[i].1)
    }

    /// Takes the gradient by a parameter out of the map.
    pub fn take(&mut self, variable: &Variable) -> Option<Array> {
        self.position(variable).map(|i| self.entries.remove(i).1)
    }

    /// Puts in the gradient by a parameter that was found in another way than by a backward pass. A variable that is not
    /// a parameter has none and changes nothing.
    pub fn insert(&mut self, parameter: &Variable, gradient: Array) {
        let Some(id) = parameter.leaf_id() else { return };
        match self.entries.binary_search_by_key(&id, |entry| entry.0) {
            Ok(i) => self.entries[i].1 = gradient,
            Err(i) => self.entries.insert(i, (id, gradient)),
        }
    }

    /// Number of parameters that have a gradient.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no parameter has a gradient.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All gradients, in the order in which their parameters were made.
    pub fn arrays(&self) -> impl Iterator<Item = &Array> {
        self.entries.iter().map(|entry| &entry.1)
    }

    /// Adds another pass's gradients, for sums over several batches; [`Gradients::divide`] makes their mean of it, which is
    /// the gradient of one large batch if all have the same number of samples.
    ///
    /// ```
    /// use kudari::layers::Linear;
    /// use kudari::{Array, Variable, functions::mean_squared_error};
    ///
    /// let net = Linear::new(1, 1);
    /// let gradients = |from: usize, to: usize| {
    ///     let all = Array::from([[1.0f32], [2.0], [3.0], [4.0]]);
    ///     let x = all.slice_axis(0, from as isize..to as isize)?;
    ///     mean_squared_error(&net.forward(&Variable::constant(x.clone()))?, &x.scale(3.0))?.backward()
    /// };
    /// let mut sum = gradients(0, 2)?;
    /// sum.add(&gradients(2, 4)?)?;
    /// sum.divide(2.0)?;
    /// let (parts, whole) = (sum.norm(), gradients(0, 4)?.norm());
    /// assert!((parts - whole).abs() < 1e-5 * whole);
    /// # Ok::<(), kudari::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Gradients of one parameter with different shapes, which only a parameter that was replaced can have.
    pub fn add(&mut self, other: &Gradients) -> Result<()> {
        for (id, array) in &other.entries {
            match self.entries.binary_search_by_key(id, |entry| entry.0) {
                Ok(i) => self.entries[i].1.add_assign(array)?,
                Err(i) => self.entries.insert(i, (*id, array.clone())),
            }
        }
        Ok(())
    }

    /// Divides all gradients by a number, e.g. by how many were added.
    ///
    /// # Errors
    ///
    /// A divisor that is 0 or not finite.
    pub fn divide(&mut self, divisor: f64) -> Result<()> {
        if divisor == 0.0 || !divisor.is_finite() {
            return Err(Error::value(format!("gradients divided by {divisor}")).help("give the number of passes that were added"));
        }
        self.entries.iter_mut().for_each(|entry| entry.1 = entry.1.scale(1.0 / divisor));
        Ok(())
    }

    /// The Euclidean norm of all gradients taken as one vector.
    pub fn norm(&self) -> f64 {
        self.arrays().map(Array::sum_of_squares).sum::<f64>().sqrt()
    }
}
