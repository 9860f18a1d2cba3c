//! The search for a step length that keeps the strong Wolfe conditions.

use crate::error::Result;

/// The loss must fall by at least this share of what the slope at the start promises (Armijo's condition).
const FALL: f64 = 1e-4;
/// The slope must become at most this share of the one at the start.
const FLATTEN: f64 = 0.9;

/// The loss at a step length along the direction of the search.
#[derive(Debug, Clone)]
pub(super) struct Point {
    /// The step length.
    pub length: f64,
    /// The loss there.
    pub loss: f64,
    /// Its gradient there.
    pub gradient: Vec<f64>,
    /// Its slope along the direction.
    pub slope: f64,
}

/// What bounds the search.
pub(super) struct Limits {
    /// Evaluations after the first.
    pub rounds: usize,
    /// The search ends where the bracket, times the largest element of the direction, is shorter.
    pub change: f64,
    /// The largest element of the direction.
    pub largest: f64,
}

/// A point with the strong Wolfe conditions, or the best one that was found within the limits, and the number of evaluations
/// (Nocedal and Wright 2006, algorithms 3.5 and 3.6, with cubic interpolation as in PyTorch).
pub(super) fn strong_wolfe(
    start: &Point,
    first: f64,
    limits: &Limits,
    mut evaluate: impl FnMut(f64) -> Result<Point>,
) -> Result<(Point, usize)> {
    let too_high = |point: &Point| point.loss > start.loss + FALL * point.length * start.slope;
    let flat = |point: &Point| point.slope.abs() <= -FLATTEN * start.slope;

    // Longer and longer steps, until the sought lies between two of them.
    let mut previous = start.clone();
    let mut point = evaluate(first)?;
    let mut rounds = 0;
    let mut bracket = loop {
        if rounds >= limits.rounds {
            break [start.clone(), point];
        }
        if too_high(&point) || (rounds > 1 && point.loss >= previous.loss) {
            break [previous, point];
        }
        if flat(&point) {
            return Ok((point, rounds + 1));
        }
        if point.slope >= 0.0 {
            break [previous, point];
        }
        let within = [point.length + 0.01 * (point.length - previous.length), 10.0 * point.length];
        let length = lowest_of_cubic(&previous, &point, within);
        previous = point;
        point = evaluate(length)?;
        rounds += 1;
    };

    // Shorter and shorter brackets; `low` is the end with the smaller loss.
    let lower = |bracket: &[Point; 2]| usize::from(bracket[0].loss > bracket[1].loss);
    let mut low = lower(&bracket);
    let mut near_the_end = false;
    while rounds < limits.rounds {
        let [from, to] = [0, 1].map(|i: usize| bracket[i].length);
        let (shortest, longest) = (from.min(to), from.max(to));
        if (longest - shortest) * limits.largest < limits.change {
            break;
        }
        let mut length = lowest_of_cubic(&bracket[0], &bracket[1], [shortest, longest]);
        let margin = 0.1 * (longest - shortest);
        if (longest - length).min(length - shortest) < margin {
            // Twice near an end of the bracket, or on it, is no progress: a tenth into the bracket instead.
            if near_the_end || length >= longest || length <= shortest {
                let right = (length - longest).abs() < (length - shortest).abs();
                length = if right { longest - margin } else { shortest + margin };
                near_the_end = false;
            } else {
                near_the_end = true;
            }
        } else {
            near_the_end = false;
        }
        let point = evaluate(length)?;
        rounds += 1;
        let high = 1 - low;
        if too_high(&point) || point.loss >= bracket[low].loss {
            bracket[high] = point;
            low = lower(&bracket);
            continue;
        }
        let done = flat(&point);
        if !done && point.slope * (bracket[high].length - bracket[low].length) >= 0.0 {
            bracket[high] = bracket[low].clone();
        }
        bracket[low] = point;
        if done {
            break;
        }
    }
    let [first, second] = bracket;
    Ok((if low == 0 { first } else { second }, rounds + 1))
}

/// Where the cubic through two points with their slopes is lowest, held within bounds; their middle where it has no lowest
/// point (Nocedal and Wright 2006, equation 3.59).
fn lowest_of_cubic(a: &Point, b: &Point, [least, most]: [f64; 2]) -> f64 {
    let (a, b) = if a.length <= b.length { (a, b) } else { (b, a) };
    let d1 = a.slope + b.slope - 3.0 * (a.loss - b.loss) / (a.length - b.length);
    let squared = d1 * d1 - a.slope * b.slope;
    if squared >= 0.0 {
        let d2 = squared.sqrt();
        let lowest = b.length - (b.length - a.length) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2));
        lowest.max(least).min(most)
    } else {
        (least + most) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(length: f64, loss: f64, slope: f64) -> Point {
        Point { length, loss, gradient: Vec::new(), slope }
    }

    #[test]
    fn the_lowest_point_of_a_cubic_is_found() {
        // f(t) = t³ − 3t has its minimum −2 at 1.
        let at = |t: f64| point(t, t * t * t - 3.0 * t, 3.0 * t * t - 3.0);
        for (a, b) in [(0.0, 2.0), (2.0, 0.0), (0.5, 1.25)] {
            assert!((lowest_of_cubic(&at(a), &at(b), [0.0, 5.0]) - 1.0).abs() < 1e-12);
        }
        assert_eq!(lowest_of_cubic(&at(0.0), &at(2.0), [1.5, 1.75]), 1.5);
        // No lowest point: slopes and values of −t³ − t.
        assert_eq!(lowest_of_cubic(&point(0.0, 0.0, -1.0), &point(1.0, -2.0, -4.0), [1.01, 10.0]), 11.01 / 2.0);
    }

    /// (t − 3)² from 0, where the slope is −6: the first length is far too short or too long.
    #[test]
    fn the_conditions_hold_where_the_search_ends() {
        let at = |t: f64| point(t, (t - 3.0) * (t - 3.0), 2.0 * (t - 3.0));
        let limits = Limits { rounds: 25, change: 1e-9, largest: 1.0 };
        for first in [1e-3, 0.1, 3.0, 100.0, 1e6] {
            let mut count = 0;
            let (end, evaluations) = strong_wolfe(&at(0.0), first, &limits, |t| {
                count += 1;
                Ok(at(t))
            })
            .unwrap();
            assert!(end.loss <= 9.0 - 6e-4 * end.length && end.slope.abs() <= 5.4, "{first}: {end:?}");
            assert_eq!(evaluations, count);
        }
    }
}
