//! Colours: a palette that colour-blind readers can tell apart, and ramps for numbers.

/// A colour in sRGB with an opacity from 0 (invisible) to 1 (solid).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Color {
    /// Red, 0 to 255.
    pub red: u8,
    /// Green, 0 to 255.
    pub green: u8,
    /// Blue, 0 to 255.
    pub blue: u8,
    /// 0 invisible, 1 solid.
    pub opacity: f64,
}

impl Color {
    /// White, the background of every picture.
    pub const WHITE: Color = Color::rgb(255, 255, 255);
    /// Black.
    pub const BLACK: Color = Color::rgb(0, 0, 0);
    /// Nothing at all.
    pub const TRANSPARENT: Color = Color { red: 0, green: 0, blue: 0, opacity: 0.0 };
    /// What text is written in: nearly black.
    pub const INK: Color = Color::rgb(0x22, 0x26, 0x2b);
    /// Secondary text and axes.
    pub const GRAY: Color = Color::rgb(0x6b, 0x72, 0x7a);
    /// Grid lines and quiet frames.
    pub const LIGHT: Color = Color::rgb(0xe3, 0xe6, 0xe9);

    /// A solid colour.
    pub const fn rgb(red: u8, green: u8, blue: u8) -> Color {
        Color { red, green, blue, opacity: 1.0 }
    }

    /// The same colour with this opacity, which is kept between 0 and 1.
    #[must_use]
    pub const fn with_opacity(self, opacity: f64) -> Color {
        Color { opacity: if opacity.is_nan() { 0.0 } else { opacity.clamp(0.0, 1.0) }, ..self }
    }

    /// A grey from black (0) to white (1).
    pub fn gray(lightness: f64) -> Color {
        Color::BLACK.mix(Color::WHITE, lightness)
    }

    /// The mixture (1 − t)·self + t·other of the sRGB values and opacities; t is kept between 0 and 1.
    #[must_use]
    pub fn mix(self, other: Color, t: f64) -> Color {
        let t = if t.is_nan() { 0.0 } else { t.clamp(0.0, 1.0) };
        let channel = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * t).round() as u8;
        Color {
            red: channel(self.red, other.red),
            green: channel(self.green, other.green),
            blue: channel(self.blue, other.blue),
            opacity: self.opacity + (other.opacity - self.opacity) * t,
        }
    }

    /// `#rrggbb`, without the opacity.
    pub fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

/// The i-th colour for things that are told apart by name; the eleventh is the first again.
///
/// The first six are those of Okabe and Ito (Color Universal Design, 2008) without the yellow, which is lost on white. The others
/// are chosen so that any two of the ten differ by at least 16 in CIELAB (ΔE of 1976), with normal sight and with each kind of
/// dichromacy as simulated by Machado, Oliveira and Fernandes (2009).
pub fn palette(i: usize) -> Color {
    const COLORS: [Color; 10] = [
        Color::rgb(0x00, 0x72, 0xb2),
        Color::rgb(0xd5, 0x5e, 0x00),
        Color::rgb(0x00, 0x9e, 0x73),
        Color::rgb(0xcc, 0x79, 0xa7),
        Color::rgb(0xe6, 0x9f, 0x00),
        Color::rgb(0x56, 0xb4, 0xe9),
        Color::rgb(0x33, 0x22, 0x88),
        Color::rgb(0x88, 0x22, 0x55),
        Color::rgb(0xbb, 0xbb, 0x66),
        Color::rgb(0x7a, 0x4a, 0x20),
    ];
    COLORS[i % COLORS.len()]
}

/// From blue (−1) over near-white (0) to orange (1), for values with a natural middle: signs, two classes, regions.
pub fn two_sided(t: f64) -> Color {
    const SIDES: [Color; 5] = [
        Color::rgb(0x2f, 0x74, 0xb5),
        Color::rgb(0x9c, 0xc3, 0xe1),
        Color::rgb(0xf7, 0xf7, 0xf5),
        Color::rgb(0xf5, 0xbf, 0x93),
        Color::rgb(0xd4, 0x6a, 0x1e),
    ];
    along(&SIDES, (t + 1.0) / 2.0)
}

/// From near-white (0) over blue-green to dark blue (1), for values from little to much.
pub fn sequential(t: f64) -> Color {
    const STEPS: [Color; 5] = [
        Color::rgb(0xfb, 0xfb, 0xf6),
        Color::rgb(0xc4, 0xe0, 0xdd),
        Color::rgb(0x6d, 0xae, 0xc4),
        Color::rgb(0x2b, 0x6f, 0xa3),
        Color::rgb(0x14, 0x30, 0x63),
    ];
    along(&STEPS, t)
}

/// The colour at t, 0 to 1, along evenly spaced stops; NaN is transparent.
fn along(stops: &[Color], t: f64) -> Color {
    if t.is_nan() {
        return Color::TRANSPARENT;
    }
    let place = t.clamp(0.0, 1.0) * (stops.len() - 1) as f64;
    let first = (place as usize).min(stops.len() - 2);
    stops[first].mix(stops[first + 1], place - first as f64)
}

#[derive(Debug, Clone, PartialEq)]
enum RampKind {
    Sequential,
    TwoSided,
    Classes(Vec<Color>),
}

/// How the values of a heat map become colours.
#[derive(Debug, Clone, PartialEq)]
pub struct Ramp {
    kind: RampKind,
    low: f64,
    high: f64,
    label: String,
}

impl Ramp {
    /// From light (`low`) to dark (`high`).
    pub fn sequential(low: f64, high: f64) -> Ramp {
        Ramp { kind: RampKind::Sequential, low, high, label: String::new() }
    }

    /// From blue (`low`) over near-white (halfway) to orange (`high`): a logit's ±, a probability around ½.
    pub fn two_sided(low: f64, high: f64) -> Ramp {
        Ramp { kind: RampKind::TwoSided, low, high, label: String::new() }
    }

    /// Values 0, 1, 2, … are classes, each with its colour; other values are transparent.
    pub fn classes(colors: &[Color]) -> Ramp {
        Ramp { kind: RampKind::Classes(colors.to_vec()), low: 0.0, high: colors.len() as f64, label: String::new() }
    }

    /// Shows a colour bar with this label beside the plot. A ramp of classes has none.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Ramp {
        self.label = label.into();
        self
    }

    /// The colour of a value; NaN is transparent. A range without an inside has the middle colour everywhere.
    pub fn color(&self, value: f64) -> Color {
        let t = if self.low < self.high { (value - self.low) / (self.high - self.low) } else { 0.5 };
        match &self.kind {
            RampKind::Sequential => sequential(t),
            RampKind::TwoSided => two_sided(2.0 * t - 1.0),
            RampKind::Classes(colors) if value.is_finite() && value >= 0.0 && value.fract() == 0.0 => {
                colors.get(value as usize).copied().unwrap_or(Color::TRANSPARENT)
            }
            RampKind::Classes(_) => Color::TRANSPARENT,
        }
    }

    /// The range and label of the colour bar, where one is wanted.
    pub(crate) fn bar(&self) -> Option<(f64, f64, &str)> {
        let wanted = !self.label.is_empty() && !matches!(self.kind, RampKind::Classes(_)) && self.low < self.high;
        wanted.then_some((self.low, self.high, self.label.as_str()))
    }
}
