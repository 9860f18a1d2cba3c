//! Text for the page: escaping, and numbers as a reader would write them. All functions give HTML-ready text.

use crate::model;

/// The text with all that HTML would take for markup made harmless, in elements and in attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Other control characters are errors in HTML; they would be invisible anyway.
            c if c.is_control() && !matches!(c, '\n' | '\t') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A whole number with commas: 39,760.
pub(super) fn whole(number: usize) -> String {
    model::with_commas(number as u64)
}

/// A count with its word: `1 sample`, `2 samples`.
pub(super) fn count(number: usize, word: &str) -> String {
    format!("{} {word}{}", whole(number), if number == 1 { "" } else { "s" })
}

/// A number with that many significant digits: 0.08123, 12.35, 1.5 × 10⁻⁷.
pub(super) fn significant(value: f64, digits: usize) -> String {
    let sign = if value < 0.0 { "−" } else { "" };
    if value.is_nan() {
        return "NaN".into();
    } else if value.is_infinite() {
        return format!("{sign}∞");
    } else if value == 0.0 {
        return "0".into();
    }
    let digits = digits.max(1);
    // Rounding may carry into another power of ten (9.999 to 10.00), so the power is read from the rounded number.
    let rounded = format!("{:.*e}", digits - 1, value.abs());
    let (mantissa, power) = rounded.split_once('e').unwrap_or((&rounded, "0"));
    let exponent: i32 = power.parse().unwrap_or(0);
    if !(-4..=6).contains(&exponent) {
        return format!("{sign}{mantissa} × 10{}", superscript(power));
    }
    let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
    format!("{sign}{:.decimals$}", value.abs())
}

/// As [`significant`], without zeros at the end of the decimals.
pub(super) fn short(value: f64, digits: usize) -> String {
    let text = significant(value, digits);
    if text.contains('.') && !text.contains('×') {
        return text.trim_end_matches('0').trim_end_matches('.').to_string();
    }
    text
}

fn superscript(number: &str) -> String {
    let raised = |c: char| match c.to_digit(10) {
        Some(digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(digit as usize).unwrap_or(c),
        None => '⁻',
    };
    number.chars().map(raised).collect()
}

/// A share as a percentage. What is not quite 0 or 1 is never shown as 0 % or 100 %.
pub(super) fn percent(share: f64, decimals: usize) -> String {
    if !share.is_finite() {
        return "–".into();
    }
    let (percent, least) = (share * 100.0, 0.1f64.powi(decimals as i32));
    if share == 0.0 || share == 1.0 {
        format!("{percent}\u{a0}%")
    } else if (0.0..least / 2.0).contains(&percent) {
        format!("&lt;\u{a0}{least:.decimals$}\u{a0}%")
    } else if percent < 100.0 && percent > 100.0 - least / 2.0 {
        format!("&gt;\u{a0}{:.decimals$}\u{a0}%", 100.0 - least)
    } else {
        format!("{percent:.decimals$}\u{a0}%")
    }
}

/// The decimals of a percentage that `samples` samples can tell apart.
pub(super) fn percent_decimals(samples: usize) -> usize {
    if samples >= 1000 { 2 } else { 1 }
}

/// A time: 820 ms, 12.3 s, 3 min 05 s, 2 h 07 min.
pub(super) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "–".into();
    }
    let rounded = seconds.round() as u64;
    match seconds {
        s if s < 0.001 => format!("{}\u{a0}µs", short(s * 1e6, 3)),
        s if s < 0.9995 => format!("{}\u{a0}ms", short(s * 1e3, 3)),
        s if s < 59.95 => format!("{s:.1}\u{a0}s"),
        s if s < 3599.5 => format!("{}\u{a0}min {:02}\u{a0}s", rounded / 60, rounded % 60),
        _ => format!("{}\u{a0}h {:02}\u{a0}min", rounded / 3600, rounded % 3600 / 60),
    }
}

/// Bytes in the unit that suits them, with a space that does not break.
pub(super) fn bytes(count: usize) -> String {
    model::bytes(count).replace(' ', "\u{a0}")
}

/// A shape: 1 × 28 × 28.
pub(super) fn shape(sizes: &[usize]) -> String {
    if sizes.is_empty() {
        return "one number".into();
    }
    sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_made_harmless() {
        assert_eq!(escape("<script>'\"&\u{0}é</script>"), "&lt;script&gt;&#39;&quot;&amp;\u{fffd}é&lt;/script&gt;");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!([whole(0), whole(999), whole(1_234_567)], ["0", "999", "1,234,567"]);
        assert_eq!([count(1, "sample"), count(60_000, "sample")], ["1 sample", "60,000 samples"]);
        assert_eq!([significant(0.081234, 4), significant(9.9996, 4), significant(12345.6, 3)], ["0.08123", "10.00", "12346"]);
        assert_eq!(
            [significant(-1.5e-7, 2), significant(f64::NAN, 3), significant(-f64::INFINITY, 3)],
            ["−1.5 × 10⁻⁷", "NaN", "−∞"]
        );
        assert_eq!([short(0.5, 4), short(100.0, 4), short(0.0, 2), short(30.0, 1)], ["0.5", "100", "0", "30"]);
        assert_eq!([shape(&[1, 28, 28]), shape(&[])], ["1 × 28 × 28", "one number"]);
        assert_eq!([bytes(640), bytes(159_040)], ["640\u{a0}bytes", "155.3\u{a0}KiB"]);
    }

    #[test]
    fn shares_and_times() {
        let plain = |text: String| text.replace('\u{a0}', " ");
        let shares = [1.0, 0.0, 0.9762, 0.99999, 0.00001, 0.99996].map(|s| plain(percent(s, 2)));
        assert_eq!(shares, ["100 %", "0 %", "97.62 %", "&gt; 99.99 %", "&lt; 0.01 %", "&gt; 99.99 %"]);
        assert_eq!(plain(percent(f64::NAN, 1)), "–");
        let times = [0.0, 0.0123, 0.9999, 59.99, 185.0, 7620.0, f64::NAN].map(|s| plain(duration(s)));
        assert_eq!(times, ["0 µs", "12.3 ms", "1.0 s", "1 min 00 s", "3 min 05 s", "2 h 07 min", "–"]);
    }
}
