//! Metrics of classifiers that are read off their confusion matrix.

use crate::error::{Error, Result};

/// How well one class is told from the others, or an average of that.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ClassScore {
    /// Of the samples that were taken for the class, the share that belong to it; 0 if none was.
    pub precision: f64,
    /// Of the samples that belong to the class, the share that were taken for it; 0 if there are none.
    pub recall: f64,
    /// The harmonic mean of both, 2·precision·recall/(precision + recall); 0 if both are 0.
    pub f1: f64,
    /// The number of samples that belong to the class; for averages all samples.
    pub support: usize,
}

/// What [`class_scores`] gives.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassScores {
    /// For every class.
    pub classes: Vec<ClassScore>,
    /// The mean over the classes that occur as label or prediction: each class counts as much.
    pub macro_average: ClassScore,
    /// From the counts of all classes together: each sample counts as much. With one label a sample all three numbers are
    /// the accuracy.
    pub micro_average: ClassScore,
}

/// Precision, recall and F1 of every class and their averages, from a
/// [`confusion_matrix`](super::confusion_matrix) (rows are labels, columns predictions). Defined as in scikit-learn, with 0
/// for 0/0.
///
/// ```
/// use kudari::metrics::class_scores;
/// let scores = class_scores(&[vec![3, 1], vec![2, 4]])?;
/// assert_eq!((scores.classes[0].precision, scores.classes[0].recall), (0.6, 0.75));
/// assert!((scores.micro_average.f1 - 0.7).abs() < 1e-15);
/// # Ok::<(), kudari::Error>(())
/// ```
///
/// # Errors
///
/// A matrix that is not square or counts nothing.
pub fn class_scores(confusion: &[Vec<usize>]) -> Result<ClassScores> {
    let count = confusion.len();
    if let Some(row) = confusion.iter().find(|row| row.len() != count) {
        return Err(Error::shape(format!("class_scores: {count} rows, one of {} columns", row.len()))
            .help("give a confusion matrix, one row and one column a class"));
    }
    // Sums of counts as f64: exact up to 2^53, and no overflow.
    let sum = |counts: &mut dyn Iterator<Item = usize>| counts.map(|c| c as f64).sum::<f64>();
    let all = sum(&mut confusion.iter().flatten().copied());
    if all == 0.0 {
        return Err(Error::value("class_scores: no samples").help("count at least one prediction"));
    }
    let counts = (0..count).map(|class| {
        let right = confusion[class][class] as f64;
        (right, sum(&mut confusion.iter().map(|row| row[class])), sum(&mut confusion[class].iter().copied()))
    });
    let counts: Vec<(f64, f64, f64)> = counts.collect();
    let classes: Vec<ClassScore> = counts.iter().map(|&(right, taken, there)| score(right, taken, there)).collect();
    let seen: Vec<&ClassScore> =
        classes.iter().zip(&counts).filter(|(_, (_, taken, there))| taken + there > 0.0).map(|(score, _)| score).collect();
    let mean = |of: fn(&ClassScore) -> f64| seen.iter().map(|score| of(score)).sum::<f64>() / seen.len() as f64;
    let macro_average =
        ClassScore { precision: mean(|s| s.precision), recall: mean(|s| s.recall), f1: mean(|s| s.f1), support: all as usize };
    let right = counts.iter().map(|c| c.0).sum::<f64>();
    Ok(ClassScores { classes, macro_average, micro_average: score(right, all, all) })
}

/// The scores of a class of which `right` samples were recognised, that `taken` samples were taken for, and that `there`
/// samples belong to.
fn score(right: f64, taken: f64, there: f64) -> ClassScore {
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    ClassScore {
        precision: share(right, taken),
        recall: share(right, there),
        f1: share(2.0 * right, taken + there),
        support: there as usize,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_that_never_occurs_is_not_averaged() {
        let scores = class_scores(&[vec![2, 0, 0], vec![0, 0, 0], vec![1, 0, 1]]).unwrap();
        assert_eq!(scores.classes[1], ClassScore::default());
        // Precisions 2/3 and 1, recalls 1 and 1/2.
        assert!((scores.macro_average.precision - 5.0 / 6.0).abs() < 1e-15);
        assert_eq!((scores.macro_average.recall, scores.macro_average.support, scores.micro_average.f1), (0.75, 4, 0.75));
    }

    #[test]
    fn what_counts_nothing_is_an_error() {
        for bad in [vec![], vec![vec![]], vec![vec![0, 0], vec![0, 0]], vec![vec![1, 0]], vec![vec![1], vec![1, 2]]] {
            assert!(class_scores(&bad).is_err(), "{bad:?}");
        }
        assert_eq!(class_scores(&[vec![usize::MAX]]).unwrap().micro_average.precision, 1.0);
    }
}
