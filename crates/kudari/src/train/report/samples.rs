//! The samples that were classified worst, as pictures where they are pictures.

use std::fmt::Write;

use super::confusion::class_name;
use super::png;
use super::text::{percent, short, whole};
use crate::train::evaluate::WorstSample;

/// A side of fewer numbers than this is no picture: a table of 2 × 3 numbers is better read as numbers.
const LEAST_SIDE: usize = 5;
/// So many of a sample's numbers are written out.
const NUMBERS: usize = 12;

/// Channels, height and width of a sample that is a picture: grey or with three colours.
fn picture_size(sample: &WorstSample) -> Option<(usize, usize, usize)> {
    let (channels, height, width) = match *sample.shape.as_slice() {
        [height, width] => (1, height, width),
        [channels @ (1 | 3), height, width] => (channels, height, width),
        _ => return None,
    };
    let fits = channels.checked_mul(height)?.checked_mul(width)? == sample.values.len();
    (fits && height.min(width) >= LEAST_SIDE).then_some((channels, height, width))
}

/// The smallest and largest number of all samples: the same grey is the same number in every picture.
fn range(samples: &[WorstSample]) -> (f64, f64) {
    let finite = samples.iter().flat_map(|s| &s.values).copied().filter(|v| v.is_finite());
    finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
}

/// The numbers as bytes, pixel by pixel; a sample holds one channel after the other. What is not finite is black.
fn pixels(sample: &WorstSample, channels: usize, (low, high): (f64, f64)) -> Vec<u8> {
    let size = sample.values.len() / channels.max(1);
    let span = if high > low { high - low } else { 1.0 };
    let byte = |value: f64| ((value - low) / span * 255.0).round() as u8; // a cast from NaN gives 0
    let of_pixel = |i: usize| (0..channels).map(move |c| sample.values.get(c * size + i).map_or(0, |&v| byte(v)));
    (0..size).flat_map(of_pixel).collect()
}

fn numbers(sample: &WorstSample) -> String {
    let some: Vec<String> = sample.values.iter().take(NUMBERS).map(|&v| short(v, 4)).collect();
    let more = sample.values.len().saturating_sub(NUMBERS);
    let more = if more > 0 { format!(", <i>and {} more</i>", whole(more)) } else { String::new() };
    format!("<p class=\"numbers\">{}{more}</p>", some.join(", "))
}

/// The section's content.
pub(super) fn html(samples: &[WorstSample], classes: &[String]) -> String {
    let range = range(samples);
    let mut html = String::from(
        "<p>The wrongly classified test samples to whose class the network gave the least probability. \
         Samples are numbered from 0.</p>\n<ul class=\"worst\">\n",
    );
    for sample in samples {
        let picture = picture_size(sample).and_then(|(channels, height, width)| {
            let address = png::data_address(width, height, channels, &pixels(sample, channels, range))?;
            Some(format!("<img src=\"{address}\" width=\"{width}\" height=\"{height}\" alt=\"test sample {}\">", sample.index))
        });
        let _ = writeln!(
            html,
            "<li>{}<p><b>{}</b> taken for <b class=\"as\">{}</b> ({}), its own class got {}</p><p class=\"no\">no. {}</p></li>",
            picture.unwrap_or_else(|| numbers(sample)),
            class_name(classes, sample.label),
            class_name(classes, sample.predicted),
            percent(sample.probability, 1),
            percent(sample.label_probability, 1),
            whole(sample.index)
        );
    }
    html + "</ul>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(shape: &[usize], values: Vec<f64>) -> WorstSample {
        WorstSample {
            index: 1234,
            label: 7,
            predicted: 1,
            probability: 0.983,
            label_probability: 0.004,
            values,
            shape: shape.to_vec(),
        }
    }

    fn ramp(count: usize) -> Vec<f64> {
        (0..count).map(|i| i as f64 / count as f64).collect()
    }

    #[test]
    fn pictures_and_their_captions() {
        let classes: Vec<String> = (0..10).map(|i| i.to_string()).collect();
        for (shape, size) in [(&[1, 28, 28][..], 28), (&[28, 28], 28), (&[8, 8], 8), (&[3, 8, 8], 8)] {
            let page = html(&[sample(shape, ramp(shape.iter().product()))], &classes);
            assert!(page.contains(&format!("width=\"{size}\" height=\"{size}\" alt=\"test sample 1234\"")));
            assert!(page.contains("<b>7</b> taken for <b class=\"as\">1</b> (98.3\u{a0}%), its own class got 0.4\u{a0}%"));
        }
    }

    #[test]
    fn greys_and_colours() {
        assert_eq!(pixels(&sample(&[1, 3], vec![-1.0, 0.0, 1.0]), 1, (-1.0, 1.0)), [0, 128, 255]);
        assert_eq!(pixels(&sample(&[3, 1, 2], vec![0.0, 1.0, 0.0, 1.0, 1.0, 0.0]), 3, (0.0, 1.0)), [0, 0, 255, 255, 255, 0]);
        assert_eq!(pixels(&sample(&[3], vec![f64::NAN, f64::INFINITY, -5.0]), 1, (0.0, 1.0)), [0, 255, 0]);
        assert_eq!(range(&[sample(&[2], vec![f64::NAN, 3.0])]), (3.0, 3.0));
    }

    #[test]
    fn other_samples_are_numbers() {
        let page = html(&[sample(&[2], vec![0.0, 1.0]), sample(&[64], ramp(64)), sample(&[28, 28], vec![0.5; 3])], &[]);
        assert!(
            page.contains("<p class=\"numbers\">0, 1</p>")
                && page.contains("<i>and 52 more</i>")
                && page.contains(">0.5, 0.5, 0.5<")
        );
        assert!(page.contains("<b>class 7</b>") && !page.contains("<img"));
    }
}
