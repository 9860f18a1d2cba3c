//! Muon: orthogonal steps for matrices.

use super::memory::{Memory, pass};
use super::rules::{adam_numbers, common, is_factor};
use super::{Change, Optimizer, OptimizerMemory, Settings};
use crate::array::{Array, Shape};
use crate::error::Result;
use crate::kernels::update::{self, Shaping};

/// Iterations of [`orthogonalised`].
const ITERATIONS: usize = 5;
/// Coefficients of its polynomial a·s + b·s³ + c·s⁵ (Jordan et al. 2024), chosen so that small s grow fast.
const POLYNOMIAL: [f64; 3] = [3.4445, -4.7750, 2.0315];

/// Muon: momentum whose direction is made orthogonal, so that a matrix moves equally far in all of its directions (Jordan et
/// al. 2024).
///
/// For a weight of shape `[outputs, …]`, taken as a matrix with `outputs` rows: m ← μ·m + (1 − μ)·g, and the direction
/// D = μ·m + (1 − μ)·g with singular values U·S·Vᵀ becomes about U·Vᵀ by five steps of a Newton–Schulz iteration, which leaves
/// the singular values between about 0.7 and 1.2. Then w ← w − η·0.2·√(larger side)·U·Vᵀ, whose mean square is that of a step
/// of Adam, so that one learning rate suits both (Liu et al. 2025). Parameters with fewer than two axes are moved by AdamW.
/// Weight decay is apart from the gradient.
#[derive(Debug, Clone)]
pub struct Muon {
    settings: Settings,
    momentum: f64,
    step: u64,
    /// Of matrices momentum and direction, of other parameters what Adam remembers.
    memory: Memory<2>,
}

impl Muon {
    /// With learning rate η, momentum 0.95, and β₁ = 0.9 and β₂ = 0.999 for what AdamW moves.
    pub fn new(learning_rate: f64) -> Muon {
        let settings = Settings { decoupled: true, ..Settings::new(learning_rate) };
        Muon { settings, momentum: 0.95, step: 0, memory: Memory::new() }
    }

    /// With another momentum, from 0 to below 1.
    #[must_use]
    pub fn momentum(mut self, momentum: f64) -> Muon {
        self.momentum = momentum;
        self
    }
}

impl Optimizer for Muon {
    common!("muon");
    fn remembered(&self) -> usize {
        2
    }
    fn validate(&self) -> Result<()> {
        is_factor("momentum", self.momentum)?;
        self.settings.validate()
    }
    fn begin_step(&mut self) {
        self.step += 1;
    }
    fn update(&mut self, slot: usize, parameter: &mut Array, gradient: &Array, change: Change) -> Result<()> {
        let memory = self.memory.of(slot, parameter);
        if parameter.rank() < 2 || parameter.is_empty() {
            let numbers = adam_numbers(0.9, 0.999, self.step, change.rate);
            pass!(update::adam, parameter, memory, gradient, change.shaping, numbers);
            return Ok(());
        }
        pass!(update::look_ahead, parameter, memory, gradient, change.shaping, [self.momentum, 1.0 - self.momentum]);
        let rows = parameter.shape()[0];
        let columns = parameter.len() / rows;
        let (matrix, whole) = (Shape::from_valid(&[rows, columns]), Shape::from_valid(parameter.shape()));
        let direction = orthogonalised(&memory[1].reshape_to(matrix)?)?.reshape_to(whole)?;
        let step = change.rate * 0.2 * (rows.max(columns) as f64).sqrt();
        let none: &mut [Array; 0] = &mut [];
        pass!(update::sgd, parameter, none, &direction, Shaping::NONE, [step]);
        Ok(())
    }
    fn memory(&self) -> Option<OptimizerMemory> {
        Some(OptimizerMemory { step: self.step, factor: None, arrays: self.memory.arrays() })
    }
    fn restore(&mut self, memory: OptimizerMemory) -> Result<()> {
        self.memory = Memory::from_arrays(memory.arrays)?;
        self.step = memory.step;
        Ok(())
    }
}

/// About U·Vᵀ of a matrix U·S·Vᵀ: X ← a·X + b·(X·Xᵀ)·X + c·(X·Xᵀ)²·X, which does to each singular value what the polynomial
/// does to a number, from X of Euclidean norm 1.
fn orthogonalised(matrix: &Array) -> Result<Array> {
    let [a, b, c] = POLYNOMIAL;
    let tall = matrix.shape()[0] > matrix.shape()[1];
    // The product X·Xᵀ is smaller where X is wide.
    let wide = if tall { matrix.transpose() } else { matrix.clone() };
    let mut x = wide.scale(1.0 / matrix.sum_of_squares().sqrt().max(1e-7));
    for _ in 0..ITERATIONS {
        let square = x.matmul(&x.transpose())?;
        let mut factor = square.matmul(&square)?.scale(c);
        factor.add_assign(&square.scale(b))?;
        let mut next = factor.matmul(&x)?;
        next.add_assign(&x.scale(a))?;
        x = next;
    }
    Ok(if tall { x.transpose() } else { x })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::{DType, Stream};

    #[test]
    fn singular_values_come_near_to_one_and_directions_stay() {
        // Orthogonal columns of lengths 3, 1 and 0.2: the matrix is its own U·S with V = 1.
        let columns = [[2.0, 2.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0], [0.2 / 1.5, -0.1 / 1.5, -0.2 / 1.5, 0.0]];
        let matrix = Array::from_vec(columns.concat(), &[3, 4]).unwrap();
        for matrix in [matrix.clone(), matrix.transpose().copy()] {
            let made = orthogonalised(&matrix).unwrap();
            let made = if made.shape()[0] == 4 { made.transpose() } else { made };
            let products = made.matmul(&made.transpose()).unwrap();
            for i in 0..3 {
                for j in 0..3 {
                    let value = products.get(&[i, j]).unwrap();
                    if i == j {
                        assert!((0.45..1.5).contains(&value), "{value}");
                    } else {
                        assert!(value.abs() < 1e-12, "{value}");
                    }
                }
            }
        }
        let zero = Array::zeros(&[3, 2], DType::F32).unwrap();
        assert!(orthogonalised(&zero).unwrap().same_as(&zero));
        let one = Stream::new(1, "row").normal(&[1, 5], 0.0, 1.0, DType::F64).unwrap();
        let length = orthogonalised(&one).unwrap().sum_of_squares().sqrt();
        assert!((0.6..1.3).contains(&length), "{length}");
    }
}
