//! How a training takes its gradients: the options, and what numerical gradients cost, in words.

use clap::ValueEnum;
use kudari::check::Difference;
use kudari::train::{GradientMethod, NumericalCost, NumericalGradient};
use kudari::{Error, ErrorKind};

use crate::failure::{Failure, OrUsage};
use crate::output::{duration, number, with_commas};

/// The options of `kudari train` for it.
#[derive(clap::Args, Clone)]
pub struct GradientArguments {
    /// How gradients are taken: by backpropagation, or from differences of the loss, one or more for every parameter
    #[arg(long, value_name = "HOW", default_value = "backprop")]
    gradient: How,
    /// Step of numerical gradients, above 0 [default: 1e-4]
    #[arg(long, value_name = "STEP", allow_hyphen_values = true)]
    h: Option<f64>,
    /// Difference that numerical gradients take; richardson takes 4 losses for each parameter [default: central]
    #[arg(long)]
    method: Option<Method>,
}

#[derive(Clone, Copy, ValueEnum)]
enum How {
    Backprop,
    Numerical,
}

#[derive(Clone, Copy, ValueEnum)]
enum Method {
    Central,
    Forward,
    Richardson,
}

impl From<Method> for Difference {
    fn from(method: Method) -> Difference {
        match method {
            Method::Central => Difference::Central,
            Method::Forward => Difference::Forward,
            Method::Richardson => Difference::Richardson,
        }
    }
}

/// How `--method` names a difference.
fn method_name(difference: Difference) -> &'static str {
    match difference {
        Difference::Central => "central",
        Difference::Forward => "forward",
        Difference::Richardson => "richardson",
    }
}

impl GradientArguments {
    /// What was asked for, if the options fit each other.
    pub fn method(&self) -> Result<GradientMethod, Failure> {
        if let How::Backprop = self.gradient {
            let Some(option) = self.h.map(|_| "--h").or(self.method.map(|_| "--method")) else {
                return Ok(GradientMethod::Backpropagation);
            };
            let error = Error::new(ErrorKind::Value, format!("{option} without numerical gradients"));
            return Err(Failure::Usage(error.help(format!("add --gradient numerical, or leave {option} out"))));
        }
        let default = NumericalGradient::default();
        let numerical = NumericalGradient {
            difference: self.method.map_or(default.difference, Difference::from),
            h: self.h.unwrap_or(default.h),
        };
        numerical.validate().or_usage()?;
        Ok(GradientMethod::Numerical(numerical))
    }
}

/// The options that ask for this method; none for backpropagation.
pub fn options(method: GradientMethod) -> Vec<(&'static str, String)> {
    match method {
        GradientMethod::Backpropagation => Vec::new(),
        GradientMethod::Numerical(NumericalGradient { difference, h }) => {
            vec![("gradient", "numerical".to_string()), ("method", method_name(difference).to_string()), ("h", number(h))]
        }
    }
}

/// The method in words.
pub fn in_words(method: GradientMethod) -> String {
    match method {
        GradientMethod::Backpropagation => "backpropagation".to_string(),
        GradientMethod::Numerical(NumericalGradient { difference, h }) => {
            format!("numerical, {} differences, h = {}", method_name(difference), number(h))
        }
    }
}

/// What so many updates by numerical gradients cost, in two lines.
pub fn cost_in_words(cost: &NumericalCost, updates: u64) -> [String; 2] {
    let [parameters, losses] = [cost.parameters, cost.losses()].map(|n| with_commas(n as u64));
    let seconds = cost.seconds * updates as f64;
    let way = match &cost.unknown {
        None => "only what a parameter changes is computed again".to_string(),
        Some(unknown) => format!("every loss is computed from the beginning, because of {unknown}"),
    };
    [
        format!("{parameters} parameters × {} = {losses} losses an update; {way}", cost.losses_each),
        format!("about {} an update, {} in all", time(cost.seconds), time(seconds)),
    ]
}

/// A duration that may be very short.
fn time(seconds: f64) -> String {
    match seconds {
        s if s < 0.001 => format!("{:.0} µs", s * 1e6),
        s if s < 0.1 => format!("{:.1} ms", s * 1e3),
        s if s < 10.0 => duration(s),
        s => duration(s.round()),
    }
}

/// Numerical gradients of a loss in bf16 were asked for.
pub fn no_bf16() -> Failure {
    let error = Error::new(ErrorKind::Value, "numerical gradients with --dtype bf16");
    Failure::Usage(error.help("differences drown in the rounding of bf16; leave out --dtype to compute in f64"))
}

/// What is said about the type of numbers, if there is something to say: f32 chosen by the user, or f64 by the program.
pub fn about_numbers(method: GradientMethod, double: bool, chosen: bool) -> Option<&'static str> {
    match (method, double, chosen) {
        (GradientMethod::Numerical(_), true, false) => Some("in f64: differences of f32 losses would drown in rounding"),
        (GradientMethod::Numerical(_), false, _) => {
            Some("in f32 most digits of the differences drown in rounding; leave out --dtype to compute in f64")
        }
        _ => None,
    }
}
