//! Where the parameters and gradients of every layer lay while it learnt: a ridge of distributions, the first at the back.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::axis::{Axis, tick_label};
use super::text::{count, escape, short, whole};
use crate::train::histogram::Histogram;
use crate::train::layer_histograms::{LayerMoment, ParameterMoment};

// One picture in units of its SVG.
const WIDTH: f64 = 300.0;
const LEFT: f64 = 12.0;
const RIGHT: f64 = WIDTH - 44.0;
/// Moments that are drawn at most; more would hide each other.
const RIDGES: usize = 12;
/// Height of a ridge, and the way from one to the next.
const PEAK: f64 = 42.0;
const STEP: f64 = 13.0;
/// Bins of a drawn distribution.
const BINS: usize = 61;
/// Parameters beyond these are left out: nobody looks at hundreds.
const PARAMETERS: usize = 40;
/// The share of the numbers on either side that the axis need not show.
const TAIL: f64 = 0.002;

/// With a largest number further than this from a typical one an axis becomes logarithmic outwards. A normal distribution has about 5.
const WIDE: f64 = 12.0;

/// An axis of both signs: linear, or linear in the middle and logarithmic outwards, where x lies at asinh(x/unit).
struct Scale {
    /// The size from which on it is logarithmic, if it is.
    unit: Option<f64>,
    /// The largest size on it.
    most: f64,
}

impl Scale {
    /// Wide enough for nearly all numbers of all histograms.
    fn of(histograms: &[&Histogram]) -> Scale {
        let mut sizes: Vec<(f64, u64)> = Vec::new();
        for histogram in histograms {
            // The edge that is further from 0.
            sizes.extend(
                histogram.bins().map(|(low, high, count)| (low.abs().max(high.abs()), count)).filter(|size| size.0 > 1e-30),
            );
        }
        sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
        let all: u64 = sizes.iter().map(|size| size.1).sum();
        let at = |share: f64| {
            let mut before = 0;
            let found = sizes.iter().find(|size| {
                before += size.1;
                before as f64 >= share * all as f64
            });
            found.map_or(1.0, |size| size.0)
        };
        let (median, most) = (at(0.5), at(1.0 - TAIL));
        Scale { unit: (most > WIDE * median).then(|| 10f64.powf((median / 2.0).log10().floor())), most }
    }

    /// From 0 at the left end to 1 at the right; beyond the ends where numbers are larger.
    fn place(&self, value: f64) -> f64 {
        let share = match self.unit {
            Some(unit) => (value / unit).asinh() / (self.most / unit).asinh(),
            None => value / self.most,
        };
        0.5 + share / 2.0
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + self.place(value) * (RIGHT - LEFT)
    }

    /// Where it has labels: round numbers, or 0 and powers of ten with their negatives, not too close together.
    fn ticks(&self) -> Vec<(f64, String)> {
        let Some(unit) = self.unit else {
            let (ticks, step) = Axis::new(-self.most, self.most).ticks(4, 0.0);
            return ticks.into_iter().map(|tick| (tick, tick_label(tick, step))).collect();
        };
        let mut ticks = vec![(0.0, "0".to_string())];
        let (mut power, mut last) = (unit, 0.5);
        while self.place(power) <= 1.0 {
            if self.place(power) - last > 0.15 {
                last = self.place(power);
                ticks.extend([-power, power].map(|tick| (tick, short(tick, 1))));
            }
            power *= 10.0;
        }
        ticks
    }

    /// The share of a histogram's numbers in every drawn bin. A bin of the histogram is spread evenly over those that it covers.
    fn shares(&self, histogram: &Histogram) -> Vec<f64> {
        let mut shares = vec![0.0; BINS];
        let of_all = 1.0 / histogram.count.max(1) as f64;
        for (low, high, count) in histogram.bins() {
            let [from, to] = [low, high].map(|edge| (self.place(edge) * BINS as f64).clamp(-1e6, 1e6));
            let width = to - from;
            if width < 1e-6 {
                // Zeros, and what is as good as zero here.
                let bin = from.floor().max(0.0) as usize;
                shares.iter_mut().skip(bin).take(1).for_each(|share| *share += count as f64 * of_all);
                continue;
            }
            let (first, last) = (from.floor().max(0.0) as usize, to.ceil().clamp(0.0, BINS as f64) as usize);
            for (bin, share) in shares.iter_mut().enumerate().take(last).skip(first) {
                let overlap = to.min(bin as f64 + 1.0) - from.max(bin as f64);
                *share += count as f64 * of_all * (overlap / width).clamp(0.0, 1.0);
            }
        }
        shares
    }
}

/// Every parameter with its numbers on the left and its gradient's on the right.
pub(super) fn html(moments: &[LayerMoment]) -> String {
    // Every parameter by its place, with its epochs.
    let mut parameters: BTreeMap<usize, Vec<(f64, &ParameterMoment)>> = BTreeMap::new();
    for moment in drawn(moments) {
        for (place, parameter) in moment.parameters.iter().enumerate() {
            parameters.entry(place).or_default().push((moment.epoch, parameter));
        }
    }
    let mut html = String::from(
        "<p>How the numbers of every parameter are distributed, and those of its gradient on a batch of the training data, from before training (at the back) to \
         its end (in front, in colour). Each is drawn to the same height; where some are far larger than others the axis becomes logarithmic outwards. At the right of each its \
         epoch.</p>\n<div class=\"ridges\">\n",
    );
    for moments in parameters.values().take(PARAMETERS) {
        let name = moments.first().map_or("", |(_, parameter)| &parameter.name);
        let values: Vec<(f64, &Histogram)> = moments.iter().map(|(epoch, p)| (*epoch, &p.values)).collect();
        let gradients: Vec<(f64, &Histogram)> =
            moments.iter().filter_map(|(epoch, p)| Some((*epoch, p.gradient.as_ref()?))).collect();
        html += &format!(
            "<figure class=\"chart\"><figcaption><b><code>{}</code></b></figcaption>\n<div class=\"pair\">\n",
            escape(name)
        );
        html += &ridge(&values, "parameter");
        if gradients.is_empty() {
            html += "<p class=\"empty\">No gradients were looked at.</p>\n";
        } else {
            html += &ridge(&gradients, "gradient");
        }
        html += "</div></figure>\n";
    }
    html += "</div>\n";
    let more = parameters.len().saturating_sub(PARAMETERS);
    if more > 0 {
        html += &format!("<p class=\"aside\">{} of deeper layers are left out.</p>\n", count(more, "parameter"));
    }
    html
}

/// The moments that are drawn: the first, the last, and others about evenly between them.
fn drawn(moments: &[LayerMoment]) -> Vec<&LayerMoment> {
    let ridges = RIDGES.min(moments.len());
    let place = |i: usize| (i * (moments.len() - 1)).div_euclid(ridges.max(2) - 1);
    (0..ridges).filter_map(|i| moments.get(place(i))).collect()
}

fn ridge(moments: &[(f64, &Histogram)], what: &str) -> String {
    let scale = Scale::of(&moments.iter().map(|m| m.1).collect::<Vec<_>>());
    let base = |i: usize| PEAK + 6.0 + STEP * i as f64;
    let bottom = base(moments.len().saturating_sub(1));
    let mut svg = String::new();
    for (tick, label) in scale.ticks() {
        let x = scale.x(tick);
        let _ = writeln!(
            svg,
            "<path class=\"tick\" d=\"M{x:.1} 6V{bottom}\"/><text class=\"x\" x=\"{x:.1}\" y=\"{:.1}\">{label}</text>",
            bottom + 16.0
        );
    }
    for (i, (epoch, histogram)) in moments.iter().enumerate() {
        let shares = smooth(&smooth(&scale.shares(histogram)));
        let highest = shares.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let y = base(i);
        let mut path = format!("M{LEFT} {y:.1}");
        for (bin, share) in shares.iter().enumerate() {
            let x = LEFT + (bin as f64 + 0.5) / BINS as f64 * (RIGHT - LEFT);
            let _ = write!(path, "L{x:.1} {:.1}", y - share / highest * PEAK);
        }
        let class = if i + 1 == moments.len() { "ridge last" } else { "ridge" };
        let _ = writeln!(svg, "<path class=\"{class}\" d=\"{path}L{RIGHT} {y:.1}z\"/>");
        // Of crowded labels every second would do, but the first and last matter: they have the room.
        let _ = writeln!(svg, "<text class=\"when\" x=\"{:.1}\" y=\"{:.1}\">{}</text>", RIGHT + 5.0, y + 4.0, short(*epoch, 3));
    }
    let last = moments.last().map(|m| m.1);
    let numbers = last.map_or(0, |h| h.count + h.not_finite) as usize;
    let typical = |histogram: Option<&Histogram>| histogram.map_or("–".into(), |h| short(h.root_mean_square(), 3));
    let broken =
        last.filter(|h| h.not_finite > 0).map_or(String::new(), |h| format!(", {} not finite", whole(h.not_finite as usize)));
    let sizes = format!("typical size {} at first, {} at last{broken}", typical(moments.first().map(|m| m.1)), typical(last));
    format!(
        "<div><svg viewBox=\"0 0 {WIDTH} {:.1}\" role=\"img\" aria-label=\"Distribution of the {what}: {sizes}.\">\n{svg}</svg>\n\
         <p class=\"aside\">{what}, {}: {sizes}</p></div>\n",
        bottom + 22.0,
        count(numbers, "number")
    )
}

/// Each number with a little of its neighbours: what remains of few numbers is not their scatter over the bins.
fn smooth(shares: &[f64]) -> Vec<f64> {
    let at = |i: Option<usize>| i.and_then(|i| shares.get(i)).copied().unwrap_or(0.0);
    (0..shares.len()).map(|i| 0.5 * at(Some(i)) + 0.25 * (at(i.checked_sub(1)) + at(Some(i + 1)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Array;

    fn histogram(numbers: &[f32]) -> Histogram {
        Histogram::of(&Array::from_slice(numbers, &[numbers.len()]).unwrap()).unwrap()
    }

    fn moment(iteration: u64, names: &[&str]) -> LayerMoment {
        let of = |name: &&str| ParameterMoment {
            name: name.to_string(),
            values: histogram(&[0.1, -0.2, 0.05]),
            gradient: iteration.is_multiple_of(2).then(|| histogram(&[1e-5, -1e-7, f32::NAN])),
        };
        LayerMoment { epoch: iteration as f64 / 2.0, iteration, parameters: names.iter().map(of).collect() }
    }

    #[test]
    fn shares_add_up_to_one() {
        for numbers in [&[0.5f32, -0.5, 0.25, 0.0][..], &[0.0; 7], &[1e-30, 1e30, -3.0], &[7.0]] {
            let histogram = histogram(numbers);
            let axis = Scale::of(&[&histogram]);
            let inside =
                numbers.iter().filter(|&&n| (0.0..1.0).contains(&axis.place(f64::from(n)))).count() as f64 / numbers.len() as f64;
            let sum: f64 = axis.shares(&histogram).iter().sum();
            assert!((sum - inside).abs() < 0.01 || numbers.len() < 7, "{numbers:?}: {sum}, {inside}");
            assert!(sum > 0.3 && sum <= 1.0 + 1e-9, "{numbers:?}: {sum}");
            let ticks = axis.ticks();
            assert!(ticks.len() >= 3 && ticks.iter().all(|t| (0.0..=1.0).contains(&axis.place(t.0))), "{ticks:?}");
        }
    }

    #[test]
    fn every_parameter_has_its_pictures() {
        let moments: Vec<LayerMoment> = (0..31).map(|i| moment(i, &["0.weight", "0.<b>"])).collect();
        let page = html(&moments);
        assert_eq!((page.matches("<figure").count(), page.matches("<svg").count()), (2, 4));
        assert!(page.contains("0.&lt;b&gt;") && page.contains(", 1 not finite"));
        let chosen: Vec<u64> = drawn(&moments).iter().map(|m| m.iteration).collect();
        assert!(chosen.len() == RIDGES && chosen[0] == 0 && chosen[RIDGES - 1] == 30, "{chosen:?}");
        for few in [1, 2, 3] {
            assert_eq!(drawn(&moments[..few]).len(), few);
        }
        assert!(drawn(&[]).is_empty() && html(&[]).contains("ridges"));
        let many: Vec<String> = (0..50).map(|i| format!("{i}.weight")).collect();
        let names: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(html(&[moment(1, &names)]).contains("10 parameters of deeper layers are left out"));
    }
}
