//! The moving average of a network's parameters.

use super::memory::pass;
use super::rules::is_factor;
use crate::array::Array;
use crate::error::{Error, Result};
use crate::kernels::update::{self, Shaping};
use crate::layers::{Layer, Path};

/// The exponential moving average of a layer's parameters, which often classifies better than any of them (Polyak and
/// Juditsky 1992): a ← a + (1 − decay)·(w − a) after every step, from a = w of the first.
///
/// ```
/// use kudari::layers::Linear;
/// use kudari::optimizers::{Optimizer, Sgd, WeightAverage};
/// use kudari::{Array, Variable, functions::mean_squared_error};
///
/// let mut net = Linear::new(2, 1);
/// let (mut sgd, mut average) = (Sgd::new(0.1), WeightAverage::new(0.9)?);
/// let (x, t) = (Variable::constant(Array::from([[1.0f32, 2.0]])), Array::from([[3.0f32]]));
/// for _ in 0..20 {
///     let loss = mean_squared_error(&net.forward(&x)?, &t)?;
///     sgd.step(&mut net, &loss.backward()?)?;
///     average.update(&net)?;
/// }
/// // The loss of the averaged weights; the network then has its own again.
/// let loss = average.with_average(&mut net, |net| mean_squared_error(&net.forward(&x)?, &t)?.item())??;
/// # assert!(loss < 1.0);
/// # Ok::<(), kudari::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct WeightAverage {
    decay: f64,
    arrays: Vec<Array>,
}

impl WeightAverage {
    /// Of what was averaged, `decay` is kept at every update; 1/(1 − decay) is about the number of updates that count.
    ///
    /// # Errors
    ///
    /// A decay that is not from 0 to below 1.
    pub fn new(decay: f64) -> Result<WeightAverage> {
        is_factor("decay", decay)?;
        Ok(WeightAverage { decay, arrays: Vec::new() })
    }

    /// The averages so far, in the order of the parameters; none before the first update.
    pub fn arrays(&self) -> &[Array] {
        &self.arrays
    }

    /// An average that goes on from these, as [`WeightAverage::arrays`] gave them.
    ///
    /// # Errors
    ///
    /// As [`WeightAverage::new`].
    pub fn from_arrays(decay: f64, arrays: Vec<Array>) -> Result<WeightAverage> {
        Ok(WeightAverage { arrays, ..WeightAverage::new(decay)? })
    }

    /// Takes in the parameters as they are now.
    ///
    /// # Errors
    ///
    /// Other parameters than at the first update.
    pub fn update(&mut self, layer: &dyn Layer) -> Result<()> {
        if self.arrays.is_empty() {
            layer.visit(&Path::ROOT, &mut |_, parameter| self.arrays.push(parameter.array().clone()));
            return Ok(());
        }
        self.check(layer)?;
        let mut outcome = Ok(());
        let mut averages = self.arrays.iter_mut();
        let share = 1.0 - self.decay;
        layer.visit(&Path::ROOT, &mut |path, parameter| {
            if let (Some(average), true) = (averages.next(), outcome.is_ok()) {
                outcome = take_in(average, parameter.array(), share).map_err(|e| e.context(path));
            }
        });
        outcome
    }

    /// Runs `body` on the layer with the averaged parameters and puts its own back, also where `body` panics.
    ///
    /// # Errors
    ///
    /// Nothing was averaged yet, or other parameters than those that were.
    pub fn with_average<L: Layer + ?Sized, R>(&self, layer: &mut L, body: impl FnOnce(&mut L) -> R) -> Result<R> {
        let mut own = Vec::new();
        layer.visit(&Path::ROOT, &mut |_, parameter| own.push(parameter.array().clone()));
        self.copy_to(layer)?;
        let borrowed = Borrowed { layer, own };
        Ok(body(&mut *borrowed.layer))
    }

    /// Replaces the layer's parameters by their averages. Cheap: the buffers are shared until one side is written.
    ///
    /// # Errors
    ///
    /// As [`WeightAverage::with_average`].
    pub fn copy_to<L: Layer + ?Sized>(&self, layer: &mut L) -> Result<()> {
        if self.arrays.is_empty() {
            return Err(Error::value("the average of no weights").help("call `update` after every step first"));
        }
        self.check(layer)?;
        set(layer, &self.arrays);
        Ok(())
    }

    /// Whether the layer has the parameters that were averaged.
    fn check<L: Layer + ?Sized>(&self, layer: &L) -> Result<()> {
        let mut averages = self.arrays.iter();
        let mut problem = None;
        layer.visit(&Path::ROOT, &mut |path, parameter| {
            let (now, average) = (parameter.array(), averages.next());
            let fits = average.is_some_and(|a| a.shape() == now.shape() && a.dtype() == now.dtype());
            if !fits && problem.is_none() {
                let average = average.map_or("none".into(), |a| format!("{:?} ({})", a.shape(), a.dtype()));
                problem = Some(format!("parameter {path} is {:?} ({}), its average {average}", now.shape(), now.dtype()));
            }
        });
        if problem.is_none() && averages.next().is_some() {
            problem = Some("the layer has fewer parameters than were averaged".to_string());
        }
        problem.map_or(Ok(()), |what| Err(Error::shape(what).help("average the parameters of one network only")))
    }
}

/// `average += share·(now − average)`.
fn take_in(average: &mut Array, now: &Array, share: f64) -> Result<()> {
    let none: &mut [Array; 0] = &mut [];
    pass!(update::average, average, none, now, Shaping::NONE, [share]);
    Ok(())
}

fn set<L: Layer + ?Sized>(layer: &mut L, arrays: &[Array]) {
    let mut arrays = arrays.iter();
    layer.visit_mut(&Path::ROOT, &mut |_, parameter| {
        if let Some(array) = arrays.next() {
            *parameter.array_mut() = array.clone();
        }
    });
}

/// A layer with other parameters than its own, which it gets back at the end.
struct Borrowed<'a, L: Layer + ?Sized> {
    layer: &'a mut L,
    own: Vec<Array>,
}

impl<L: Layer + ?Sized> Drop for Borrowed<'_, L> {
    fn drop(&mut self) {
        set(self.layer, &self.own);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Linear, Parameter};

    fn parameter(value: f64) -> Vec<Parameter> {
        vec![Parameter::from_array(Array::from([value, 2.0 * value])).unwrap()]
    }

    fn first(layer: &[Parameter]) -> f64 {
        layer[0].array().get(&[0]).unwrap()
    }

    #[test]
    fn averages_by_their_formula_and_puts_the_old_weights_back() {
        let mut average = WeightAverage::new(0.75).unwrap();
        let mut layer = parameter(0.0);
        assert!(average.with_average(&mut layer, |_| ()).is_err_and(|e| e.what() == "the average of no weights"));
        for value in [1.0, 2.0, 4.0] {
            layer = parameter(value);
            average.update(&layer).unwrap();
        }
        // 1, then 0.75·1 + 0.25·2 = 1.25, then 0.75·1.25 + 0.25·4 = 1.9375.
        let seen = average.with_average(&mut layer, |layer| {
            let seen = first(layer);
            layer[0].set_array(Array::from([9.0, 9.0])).unwrap();
            seen
        });
        assert_eq!((seen.unwrap(), first(&layer)), (1.9375, 4.0));
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _ = average.with_average(&mut layer, |_| panic!("planted"));
        }));
        assert!(panicked.is_err() && first(&layer) == 4.0);
        average.copy_to(&mut layer).unwrap();
        assert_eq!(layer[0].array().to_f64_vec(), [1.9375, 3.875]);
    }

    #[test]
    fn other_parameters_and_impossible_decays_are_errors() {
        let mut average = WeightAverage::new(0.5).unwrap();
        average.update(&Linear::new(2, 3)).unwrap();
        let error = average.update(&Linear::new(3, 3)).unwrap_err();
        assert_eq!(error.what(), "parameter weight is [3, 3] (f32), its average [3, 2] (f32)");
        assert!(average.update(&parameter(1.0)).is_err() && average.copy_to(&mut Vec::<Linear>::new()).is_err());
        for decay in [1.0, -0.1, f64::NAN] {
            assert!(WeightAverage::new(decay).is_err());
        }
    }
}
