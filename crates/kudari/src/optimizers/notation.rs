//! Optimizers as they are written on the command line.

use super::{
    AdaDelta, AdaGrad, Adam, AdamW, Adamax, AmsGrad, Lion, Momentum, Muon, NAdam, Nesterov, Optimizer, RAdam, RmsProp, Sgd,
};
use crate::error::{Error, ErrorKind, Result};

/// The words of the notation with their parameters and defaults, for help texts.
pub const OPTIMIZERS: &[&str] = &[
    "sgd",
    "momentum(0.9)",
    "nesterov(0.9)",
    "adagrad",
    "rmsprop(0.99)",
    "adadelta(0.9)",
    "adam(0.9,0.999)",
    "adamw(0.9,0.999)",
    "amsgrad(0.9,0.999)",
    "adamax(0.9,0.999)",
    "nadam(0.9,0.999)",
    "radam(0.9,0.999)",
    "lion(0.9,0.99)",
    "muon(0.95)",
];

/// The learning rates that are customary: those of the papers, or of frameworks where a paper names none.
const USUAL_RATES: &[(&str, f64)] = &[
    ("sgd", 0.1),
    ("momentum", 0.01),
    ("nesterov", 0.01),
    ("adagrad", 0.01),
    ("rmsprop", 0.001),
    ("adadelta", 1.0),
    ("adam", 0.001),
    ("adamw", 0.001),
    ("amsgrad", 0.001),
    ("adamax", 0.002),
    ("nadam", 0.002),
    ("radam", 0.001),
    ("lion", 0.0001),
    ("muon", 0.02),
];

/// The learning rate that is customary for an optimizer written as in [`OPTIMIZERS`]; `None` for an unknown word.
///
/// ```
/// # use kudari::optimizers::usual_learning_rate;
/// assert_eq!(usual_learning_rate("adam(0.9,0.99)"), Some(0.001));
/// ```
pub fn usual_learning_rate(text: &str) -> Option<f64> {
    let word = word(text);
    USUAL_RATES.iter().find(|(name, _)| *name == word).map(|(_, rate)| *rate)
}

/// The optimizer's name without its numbers.
fn word(text: &str) -> &str {
    text.split('(').next().unwrap_or_default().trim()
}

/// Reads an optimizer: a word of [`OPTIMIZERS`], its numbers optional.
///
/// # Errors
///
/// An unknown word, numbers that cannot be used, or a learning rate that is not above 0.
pub fn parse(text: &str, learning_rate: f64) -> Result<Box<dyn Optimizer>> {
    let fail = |why: String| {
        Error::new(ErrorKind::Notation, format!("optimizer `{text}`: {why}"))
            .help(format!("use one of {}", OPTIMIZERS.join(", ")))
    };
    let (word, arguments) = match text.trim().strip_suffix(')').and_then(|t| t.split_once('(')) {
        Some((word, arguments)) => (word.trim(), arguments.split(',').map(str::trim).collect()),
        None => (text.trim(), Vec::new()),
    };
    // Every parameter of these rules is a factor of forgetting: from 0 to just below 1.
    let factors = arguments
        .iter()
        .map(|a| {
            a.parse()
                .ok()
                .filter(|v| (0.0..1.0).contains(v))
                .ok_or_else(|| fail(format!("`{a}` is not a number from 0 to below 1")))
        })
        .collect::<Result<Vec<f64>>>()?;
    let at_most = |count: usize| {
        if factors.len() > count { Err(fail(format!("{word} takes {count} numbers, not {}", factors.len()))) } else { Ok(()) }
    };
    let factor = |i: usize, default: f64| factors.get(i).copied().unwrap_or(default);
    let (rate, betas) = (learning_rate, |last: f64| (factor(0, 0.9), factor(1, last)));
    macro_rules! betas {
        ($type:ident, $last:literal) => {{
            let (beta1, beta2) = betas($last);
            at_most(2).map(|()| Box::new($type::new(rate).betas(beta1, beta2)))?
        }};
    }
    let optimizer: Box<dyn Optimizer> = match word {
        "sgd" => at_most(0).map(|()| Box::new(Sgd::new(rate)))?,
        "momentum" => at_most(1).map(|()| Box::new(Momentum::new(rate, factor(0, 0.9))))?,
        "nesterov" => at_most(1).map(|()| Box::new(Nesterov::new(rate, factor(0, 0.9))))?,
        "adagrad" => at_most(0).map(|()| Box::new(AdaGrad::new(rate)))?,
        "rmsprop" => at_most(1).map(|()| Box::new(RmsProp::new(rate).rho(factor(0, 0.99))))?,
        "adadelta" => at_most(1).map(|()| Box::new(AdaDelta::new(rate).rho(factor(0, 0.9))))?,
        "adam" => betas!(Adam, 0.999),
        "adamw" => betas!(AdamW, 0.999),
        "amsgrad" => betas!(AmsGrad, 0.999),
        "adamax" => betas!(Adamax, 0.999),
        "nadam" => betas!(NAdam, 0.999),
        "radam" => betas!(RAdam, 0.999),
        "lion" => betas!(Lion, 0.99),
        "muon" => at_most(1).map(|()| Box::new(Muon::new(rate).momentum(factor(0, 0.95))))?,
        "lbfgs" => return Err(fail("it takes the calculation of the loss, which only a program of your own can give it".into())),
        _ => return Err(fail("unknown".into())),
    };
    optimizer.validate()?;
    Ok(optimizer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_with_its_numbers() {
        for text in OPTIMIZERS {
            assert_eq!(text.split('(').next(), Some(parse(text, usual_learning_rate(text).unwrap()).unwrap().name()));
        }
        for bad in
            ["sdg", "sgd(1)", "momentum(1)", "adam(0.9,0.9,0.9)", "adam(x)", "momentum(-0.1)", "", "lbfgs", "muon(0.9,0.9)"]
        {
            assert!(parse(bad, 0.1).is_err(), "{bad}");
        }
        for rate in [0.0, -0.1, f64::NAN, f64::INFINITY] {
            assert!(parse("sgd", rate).is_err_and(|e| e.what().starts_with("learning rate")));
        }
    }
}
