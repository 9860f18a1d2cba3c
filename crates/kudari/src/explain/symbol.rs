//! The names of numbers: w⁽²⁾₁₁, δ⁽¹⁾₁, ∂E/∂w⁽²⁾₁₁, h′(a⁽¹⁾₁).

use crate::expression::superscript;

/// The name of one number, or of a whole matrix if it has no index.
#[derive(Debug, Clone, PartialEq)]
pub enum Symbol {
    /// A letter with its layer and its indices, counted from 1.
    Letter {
        /// The letter.
        letter: &'static str,
        /// The layer, where there are several that use the letter.
        layer: Option<usize>,
        /// The indices within a sample.
        index: Vec<usize>,
        /// The sample, where there are several.
        sample: Option<usize>,
    },
    /// The derivative of the loss by something.
    Derivative(Box<Symbol>),
    /// The slope of a function at something.
    Slope(&'static str, Box<Symbol>),
    /// Something after the update.
    Updated(Box<Symbol>),
    /// What the optimizer remembers or calculates for something: m(w⁽²⁾₁₁).
    State(&'static str, Box<Symbol>),
}

impl Symbol {
    /// A letter alone.
    pub fn letter(letter: &'static str) -> Symbol {
        Symbol::Letter { letter, layer: None, index: Vec::new(), sample: None }
    }

    /// `w⁽²⁾₁₁`, `∂E/∂w⁽²⁾₁₁`, `h′(a⁽¹⁾₁)`.
    pub fn text(&self) -> String {
        match self {
            Symbol::Letter { letter, layer, index, sample } => {
                let layer = layer.map_or(String::new(), |l| format!("⁽{}⁾", superscript(l)));
                let sample = sample.map_or(String::new(), |n| format!("[{n}]"));
                format!("{letter}{layer}{}{sample}", joined(index, ",", subscript))
            }
            Symbol::Derivative(of) => format!("∂E/∂{}", of.text()),
            Symbol::Slope(function, at) => format!("{function}′({})", at.text()),
            Symbol::Updated(of) => of.text(),
            Symbol::State(letter, of) => format!("{letter}({})", of.text()),
        }
    }

    /// `w2_11`, `dE/dw2_11`, `h'(a1_1)`: how people type it, and how links and JSON call it.
    pub fn key(&self) -> String {
        match self {
            Symbol::Letter { letter, layer, index, sample } => {
                let letter = if *letter == "δ" { "delta" } else { letter };
                let layer = layer.map_or(String::new(), |l| l.to_string());
                let index = joined(index, ",", |i| i.to_string());
                // Without a layer a single index follows the letter at once: z1, x2.
                let mark = if layer.is_empty() || index.is_empty() { "" } else { "_" };
                let sample = sample.map_or(String::new(), |n| format!("[{n}]"));
                format!("{letter}{layer}{mark}{index}{sample}")
            }
            Symbol::Derivative(of) => format!("dE/d{}", of.key()),
            Symbol::Slope(function, at) => format!("{function}'({})", at.key()),
            Symbol::Updated(of) => format!("new {}", of.key()),
            Symbol::State(letter, of) => format!("{}({})", typed(letter), of.key()),
        }
    }

    /// `w-2-1-1`, `dw-2-1-1`, `slope-a-1-1`, `x-437-s3`: what links within a page call it.
    pub fn anchor(&self) -> String {
        match self {
            Symbol::Letter { letter, layer, index, sample } => {
                let letter: String = letter.chars().map(letter_name).collect();
                let numbers = layer.iter().chain(index).map(usize::to_string);
                let sample = sample.map(|n| format!("s{n}"));
                std::iter::once(letter).chain(numbers).chain(sample).collect::<Vec<_>>().join("-")
            }
            Symbol::Derivative(of) => format!("d{}", of.anchor()),
            Symbol::Slope(_, at) => format!("slope-{}", at.anchor()),
            Symbol::Updated(of) => format!("new-{}", of.anchor()),
            Symbol::State(letter, of) => format!("{}-of-{}", typed(letter), of.anchor()),
        }
    }

    /// `w^{(2)}_{11}`, `\frac{\partial E}{\partial w^{(2)}_{11}}`.
    pub fn latex(&self) -> String {
        self.latex_with(&|letter| letter.to_string())
    }

    /// The same with bold letters, for vectors: `\boldsymbol{\delta}^{(2)}`.
    pub fn latex_bold(&self) -> String {
        self.latex_with(&|letter| format!("\\boldsymbol{{{letter}}}"))
    }

    fn latex_with(&self, face: &dyn Fn(&str) -> String) -> String {
        match self {
            Symbol::Letter { letter, layer, index, sample } => {
                let letter = face(latex_letter(letter));
                let layer = layer.map_or(String::new(), |l| format!("^{{({l})}}"));
                let index =
                    if index.is_empty() { String::new() } else { format!("_{{{}}}", joined(index, ",", |i| i.to_string())) };
                let sample = sample.map_or(String::new(), |n| format!("[{n}]"));
                format!("{letter}{layer}{index}{sample}")
            }
            Symbol::Derivative(of) => format!("\\frac{{\\partial E}}{{\\partial {}}}", of.latex_with(face)),
            Symbol::Slope(function, at) => format!("{}'({})", latex_function(function), at.latex_with(face)),
            Symbol::Updated(of) => of.latex_with(face),
            Symbol::State(letter, of) => format!("{}({})", latex_hat(letter), of.latex_with(face)),
        }
    }
}

/// The command of a Greek letter; any other as it is.
fn latex_letter(letter: &'static str) -> &'static str {
    const COMMANDS: [(&str, &str); 13] = [
        ("α", "\\alpha"),
        ("β", "\\beta"),
        ("δ", "\\delta"),
        ("Δ", "\\Delta"),
        ("η", "\\eta"),
        ("θ", "\\theta"),
        ("κ", "\\kappa"),
        ("λ", "\\lambda"),
        ("μ₁", "\\mu_1"),
        ("μ₂", "\\mu_2"),
        ("σ", "\\sigma"),
        ("τ", "\\tau"),
        ("ω", "\\omega"),
    ];
    COMMANDS.iter().find(|(known, _)| *known == letter).map_or(letter, |(_, command)| command)
}

/// A letter with a hat over it, which is a sign of its own behind the letter.
const HAT: char = '\u{302}';

/// `m` for m, `mhat` for m̂.
fn typed(letter: &str) -> String {
    letter.replace(HAT, "hat")
}

/// `m` for m, `\hat{m}` for m̂.
fn latex_hat(letter: &str) -> String {
    letter.strip_suffix(HAT).map_or_else(|| letter.to_string(), |plain| format!("\\hat{{{plain}}}"))
}

/// The name of a function: a letter as it is, a word upright.
pub(super) fn latex_function(name: &str) -> String {
    match name {
        "tanh" | "sin" | "cos" | "ln" | "exp" | "max" | "min" => format!("\\{name}"),
        _ if name.chars().count() == 1 => name.to_string(),
        _ => format!("\\operatorname{{{}}}", name.replace('_', "\\_")),
    }
}

/// A letter in the letters of the keyboard.
fn letter_name(letter: char) -> String {
    const NAMES: [(char, &str); 5] = [('δ', "delta"), ('Δ', "Delta"), ('η', "eta"), ('θ', "theta"), ('Θ', "Theta")];
    match NAMES.iter().find(|n| n.0 == letter) {
        Some((_, name)) => (*name).to_string(),
        None if letter.is_ascii_alphanumeric() => letter.to_string(),
        None => format!("u{:x}", u32::from(letter)),
    }
}

/// Indices next to each other; with a comma between them if one has two digits.
fn joined(index: &[usize], comma: &str, write: impl Fn(usize) -> String) -> String {
    let comma = if index.iter().any(|&i| i > 9) { comma } else { "" };
    index.iter().map(|&i| write(i)).collect::<Vec<_>>().join(comma)
}

/// A number in subscript digits.
fn subscript(number: usize) -> String {
    const DIGITS: [char; 10] = ['₀', '₁', '₂', '₃', '₄', '₅', '₆', '₇', '₈', '₉'];
    number.to_string().bytes().map(|b| DIGITS[usize::from(b - b'0') % 10]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_written_for_readers_typists_and_printers() {
        let weight = Symbol::Letter { letter: "w", layer: Some(2), index: vec![1, 3], sample: None };
        let derivative = Symbol::Derivative(Box::new(weight.clone()));
        assert_eq!((derivative.text(), derivative.key()), ("∂E/∂w⁽²⁾₁₃".to_string(), "dE/dw2_13".to_string()));
        assert_eq!(derivative.latex(), "\\frac{\\partial E}{\\partial w^{(2)}_{13}}");
        let far = Symbol::Letter { letter: "x", layer: None, index: vec![437, 2], sample: Some(3) };
        assert_eq!((far.text(), far.key()), ("x₄₃₇,₂[3]".to_string(), "x437,2[3]".to_string()));
        assert_eq!((derivative.anchor(), far.anchor()), ("dw-2-1-3".to_string(), "x-437-2-s3".to_string()));
        assert_eq!(Symbol::letter("δ").anchor(), "delta");
        assert_eq!((Symbol::letter("κ").latex(), Symbol::letter("v").latex()), ("\\kappa".to_string(), "v".to_string()));
        let slope = Symbol::Slope("h", Box::new(Symbol::Letter { letter: "a", layer: Some(1), index: vec![1], sample: None }));
        assert_eq!((slope.text(), slope.key()), ("h′(a⁽¹⁾₁)".to_string(), "h'(a1_1)".to_string()));
        assert_eq!((slope.anchor(), Symbol::Updated(Box::new(weight)).anchor()), ("slope-a-1-1".into(), "new-w-2-1-3".into()));
    }
}
