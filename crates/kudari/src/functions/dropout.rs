//! Dropout.

use crate::array::Stream;
use crate::autograd::Variable;
use crate::error::{Error, Result};

/// Dropout as in training: every number is 0 with `probability`, else divided by 1 − `probability`, so that the expected value
/// stays (Srivastava et al. 2014). The numbers that are dropped follow from the stream alone.
///
/// # Errors
///
/// A probability that is not in `0 ≤ p < 1`.
#[track_caller]
pub fn dropout(x: &Variable, probability: f64, stream: &mut Stream) -> Result<Variable> {
    check_probability(probability)?;
    if probability == 0.0 {
        return Ok(x.clone());
    }
    x.mul(Variable::constant(stream.mask(x.array(), probability)?))
}

/// Whether numbers can be dropped with this probability.
pub(crate) fn check_probability(probability: f64) -> Result<()> {
    if (0.0..1.0).contains(&probability) {
        return Ok(());
    }
    Err(Error::value(format!("dropout: a probability of {probability}"))
        .help("it is the share of numbers that are dropped, from 0 to below 1, e.g. 0.5"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Array, DType};

    #[test]
    fn numbers_are_dropped_at_random_and_the_mean_stays() {
        let x = Variable::parameter(Array::full(&[100, 1000], 3.0, DType::F32).unwrap());
        let draw = |key: u64| dropout(&x, 0.25, &mut Stream::new(key, "test")).unwrap();
        let y = draw(1);
        let values = y.array().to_f64_vec();
        assert!(values.iter().all(|&v| v == 0.0 || v == 4.0));
        let dropped = values.iter().filter(|&&v| v == 0.0).count() as f64;
        // Five standard deviations of a binomial distribution.
        assert!((dropped - 25_000.0).abs() < 5.0 * (100_000.0f64 * 0.25 * 0.75).sqrt(), "{dropped}");
        // No number tells its neighbours: both dropped in p² of all pairs.
        let pairs = values.windows(2).filter(|pair| pair == &[0.0, 0.0]).count() as f64;
        assert!((pairs - 6_250.0).abs() < 500.0, "{pairs}");
        assert!(draw(1).array().same_as(y.array()) && !draw(2).array().same_as(y.array()));
        let gradient = y.sum().backward().unwrap().get(&x).unwrap().to_f64_vec();
        assert!(gradient.iter().zip(&values).all(|(g, v)| (3.0 * g - v).abs() < 1e-6));
        for bad in [1.0, -0.1, f64::NAN, 2.0] {
            assert!(dropout(&x, bad, &mut Stream::new(1, "test")).is_err());
        }
    }
}
