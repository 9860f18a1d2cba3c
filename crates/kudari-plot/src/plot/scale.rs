//! One axis: from numbers to places, and the ticks that a reader likes.

use crate::error::{Error, Result};

/// How an axis maps numbers to places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// Equal differences are equally long.
    #[default]
    Linear,
    /// Equal ratios are equally long. Only positive numbers have a place; others are left out.
    Logarithmic,
}

/// A tick: its value and its text, which is empty for the small ticks between the decades of a logarithmic axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub value: f64,
    pub label: String,
}

/// A scale with its range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Axis {
    pub scale: Scale,
    pub low: f64,
    pub high: f64,
}

impl Axis {
    /// An axis with the range that was asked for. `name` is "x" or "y", for the error.
    pub fn fixed(name: &str, scale: Scale, low: f64, high: f64) -> Result<Axis> {
        if !(low.is_finite() && high.is_finite() && low < high) {
            return Err(
                Error::new(format!("the {name} axis from {low} to {high}")).help("give two finite numbers, the low one first")
            );
        }
        if scale == Scale::Logarithmic && low <= 0.0 {
            return Err(Error::new(format!("a logarithmic {name} axis from {low} to {high}"))
                .help("a logarithm needs positive numbers: begin above 0, or use a linear axis"));
        }
        Ok(Axis { scale, low, high })
    }

    /// An axis that shows all of `values`, with a little air unless `tight`. Air never crosses zero.
    pub fn fitted(name: &str, scale: Scale, values: impl Iterator<Item = f64>, tight: bool) -> Result<Axis> {
        let logarithmic = scale == Scale::Logarithmic;
        let shown = values.filter(|value| value.is_finite() && (!logarithmic || *value > 0.0));
        let (low, high) = shown.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            if logarithmic {
                return Err(Error::new(format!("nothing to show on a logarithmic {name} axis: no positive number"))
                    .help("use a linear axis, or give a range"));
            }
            return Ok(Axis { scale, low: 0.0, high: 1.0 });
        }
        if logarithmic {
            let (from, to) = (low.ln(), high.ln());
            let air = if from == to {
                1.0
            } else if tight {
                0.0
            } else {
                0.04 * (to - from)
            };
            return Axis::fixed(name, scale, (from - air).exp().max(f64::MIN_POSITIVE), (to + air).exp().min(f64::MAX));
        }
        if low == high {
            let air = if low == 0.0 { 1.0 } else { 0.1 * low.abs() };
            return Axis::fixed(name, scale, low - air, high + air);
        }
        let air = if tight { 0.0 } else { 0.1 * (high / 2.0 - low / 2.0) };
        let (floor, ceiling) = (if low >= 0.0 { 0.0 } else { f64::MIN }, if high <= 0.0 { 0.0 } else { f64::MAX });
        Axis::fixed(name, scale, (low - air).max(floor), (high + air).min(ceiling))
    }

    /// Where a value lies: 0 at the low end, 1 at the high end; NaN where it has no place.
    pub fn place(&self, value: f64) -> f64 {
        match self.scale {
            // Halved, since the whole range of f64 has no finite length.
            Scale::Linear => (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0),
            Scale::Logarithmic if value > 0.0 => (value / self.low).ln() / (self.high / self.low).ln(),
            Scale::Logarithmic => f64::NAN,
        }
    }

    /// Whether a value lies in the range, up to rounding.
    pub fn contains(&self, value: f64) -> bool {
        (-1e-9..=1.0 + 1e-9).contains(&self.place(value))
    }

    /// About `count` labelled ticks at round numbers within the range.
    pub fn ticks(&self, count: usize) -> Vec<Tick> {
        match self.scale {
            Scale::Linear => linear_ticks(self.low, self.high, count),
            Scale::Logarithmic => self.logarithmic_ticks(count),
        }
    }

    fn logarithmic_ticks(&self, count: usize) -> Vec<Tick> {
        let decades = (self.high / self.low).log10();
        // Within part of a decade, powers of ten would leave the reader with one tick or none.
        if decades < 1.0 {
            return linear_ticks(self.low, self.high, count);
        }
        let first = self.low.log10().floor() as i32;
        let last = self.high.log10().ceil() as i32;
        let step = (decades / count.max(2) as f64).ceil().max(1.0) as i32;
        let labelled: &[i32] = if decades <= 2.0 && count >= 4 { &[1, 2, 5] } else { &[1] };
        let mut ticks = Vec::new();
        for power in first..=last {
            for digit in 1..10 {
                let value = f64::from(digit) * 10f64.powi(power);
                let shown = labelled.contains(&digit) && power.rem_euclid(step) == 0;
                if self.contains(value) && (shown || step == 1 || digit == 1) {
                    ticks.push(Tick { value, label: if shown { power_label(digit, power, first, last) } else { String::new() } });
                }
            }
        }
        ticks
    }
}

/// Ticks at multiples of 1, 2 or 5 times a power of ten.
fn linear_ticks(low: f64, high: f64, count: usize) -> Vec<Tick> {
    // Divided before subtracting: the whole range of f64 has no finite length.
    let rough = high / count.max(1) as f64 - low / count.max(1) as f64;
    let power = rough.log10().floor();
    let unit = 10f64.powf(power);
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * unit >= rough * (1.0 - 1e-9)).unwrap_or(10.0);
    let step = factor * unit;
    if !(step.is_finite() && step > 0.0) {
        return Vec::new();
    }
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    // A range that is as narrow as the numbers' last digits has no ticks that could be told apart.
    if !(last - first <= 1000.0 && first.abs().max(last.abs()) < 1e15) {
        return Vec::new();
    }
    let multiples = (0..=(last - first) as usize).map(|i| first + i as f64);
    let decimals = if factor == 10.0 { -(power as i32) - 1 } else { -(power as i32) };
    let largest = low.abs().max(high.abs());
    // Dividing by a power of ten gives the number nearest to the decimal one; multiplying by 0.1 would not.
    let exact = |multiple: f64| if power < 0.0 { multiple * factor / 10f64.powf(-power) } else { multiple * step };
    multiples.map(|multiple| tick(exact(multiple), decimals, largest)).collect()
}

/// A tick on an axis that is labelled with so many decimals and whose largest number is `largest`.
fn tick(value: f64, decimals: i32, largest: f64) -> Tick {
    let label = if largest >= 1e7 || decimals > 4 && largest < 1e-3 {
        let power = largest.log10().floor() as i32;
        let mantissa = value / 10f64.powi(power);
        let digits = (decimals + power).clamp(0, 17) as usize;
        if value == 0.0 {
            "0".to_owned()
        } else {
            format!("{}×10{}", minus(&format!("{mantissa:.digits$}")), superscript(power))
        }
    } else {
        thousands(&format!("{:.*}", decimals.clamp(0, 17) as usize, value), largest >= 1e4)
    };
    Tick { value, label }
}

/// A number on a logarithmic axis: written out between 0.001 and 10000 if the whole axis lies there, else a power of ten.
fn power_label(digit: i32, power: i32, first: i32, last: i32) -> String {
    if first >= -3 && last <= 4 {
        return format!("{:.*}", (-power).max(0) as usize, f64::from(digit) * 10f64.powi(power));
    }
    let digits = if digit == 1 { String::new() } else { format!("{digit}×") };
    format!("{digits}10{}", superscript(power))
}

/// A number in a text: three digits that count, a power of ten where zeros would.
pub(crate) fn short(value: f64) -> String {
    let power = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    let plain = |number: f64, decimals: i32| {
        let text = format!("{number:.*}", decimals.clamp(0, 17) as usize);
        if text.contains('.') { minus(text.trim_end_matches('0').trim_end_matches('.')) } else { minus(&text) }
    };
    if (-3..5).contains(&power) {
        plain(value, 2 - power)
    } else {
        format!("{}×10{}", plain(value / 10f64.powi(power), 2), superscript(power))
    }
}

/// `-1234567.5` as `−1,234,567.5`, with commas only if they are wanted: an axis up to 9000 has none.
fn thousands(text: &str, commas: bool) -> String {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = whole.trim_start_matches('-');
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && commas && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out = format!("{out}.{fraction}");
    }
    let zero = text.chars().all(|c| matches!(c, '-' | '0' | '.' | ','));
    if text.starts_with('-') && !zero { format!("−{out}") } else { out }
}

fn minus(text: &str) -> String {
    text.replace('-', "−")
}

fn superscript(power: i32) -> String {
    let raised = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => char::from_u32('⁰' as u32 + digit.to_digit(10).unwrap_or(0)).unwrap_or(digit),
    };
    power.to_string().chars().map(raised).collect()
}

/// About `count` round numbers between low and high, without the ends themselves.
pub(crate) fn round_numbers(low: f64, high: f64, count: usize) -> Vec<f64> {
    // Ticks keep a distance, so they are at most as many as asked for; 1.4 makes it as many on average.
    let count = (1.4 * (count + 1) as f64).round() as usize;
    let ticks = if low < high { linear_ticks(low, high, count) } else { Vec::new() };
    ticks.into_iter().map(|tick| tick.value).filter(|value| low < *value && *value < high).collect()
}
