//! An expression in LaTeX's mathematics.

use super::text::Bond;
use super::{Condition, Constant, Expression, Operation, Relation, TextStyle};

/// What writes a leaf.
type Leaf<'a, L> = &'a dyn Fn(&L) -> String;

impl<L> Expression<L> {
    /// The expression in LaTeX, with the given LaTeX for the leaves: `\frac{1}{1 + e^{-x}}`. Numbers are multiplied with
    /// `\cdot`, letters stand beside each other. It needs nothing but amsmath.
    pub fn latex(&self, leaf: &dyn Fn(&L) -> String) -> String {
        self.write_latex(leaf).0
    }

    /// The same in pieces, between which a line may be broken: one if `fits` says that the whole fits a line; else the
    /// terms of sums, also of one in a bracket, each with its sign before it.
    pub fn latex_pieces(&self, leaf: &dyn Fn(&L) -> String, fits: &dyn Fn(&str) -> bool) -> Vec<String> {
        let whole = self.latex(leaf);
        if fits(&whole) {
            return vec![whole];
        }
        let bracketed = |before: String, inside: &Expression<L>| {
            let mut pieces = inside.latex_pieces(leaf, fits);
            if let Some(first) = pieces.first_mut() {
                *first = format!("{before}\\bigl({first}");
            }
            if let Some(last) = pieces.last_mut() {
                *last += "\\bigr)";
            }
            pieces
        };
        match self {
            Expression::Sum(terms) => {
                let term = |(i, term): (usize, &Expression<L>)| {
                    let (sign, term) = match term {
                        _ if i == 0 => ("", term),
                        Expression::Negative(x) => ("- ", &**x),
                        _ => ("+ ", term),
                    };
                    let mut pieces = match term.write_latex(leaf).1 {
                        Bond::Case | Bond::Sum | Bond::Sign if i > 0 => vec![within(term, Bond::Product, leaf)],
                        _ => term.latex_pieces(leaf, fits),
                    };
                    if let Some(first) = pieces.first_mut() {
                        first.insert_str(0, sign);
                    }
                    pieces
                };
                terms.iter().enumerate().flat_map(term).collect()
            }
            Expression::Negative(x) if matches!(**x, Expression::Sum(_)) => bracketed("-".to_string(), x),
            Expression::Negative(x) => {
                let mut pieces = x.latex_pieces(leaf, fits);
                if let Some(first) = pieces.first_mut() {
                    first.insert(0, '-');
                }
                pieces
            }
            Expression::Product(factors) => match factors.split_last() {
                Some((last @ Expression::Sum(_), before)) => bracketed(product(before, leaf) + "\\,", last),
                _ => vec![whole],
            },
            Expression::Quotient(a, b) if matches!(**a, Expression::Sum(_)) => {
                bracketed(format!("\\frac{{1}}{{{}}}\\,", b.latex(leaf)), a)
            }
            Expression::Quotient(a, b) => match &**a {
                Expression::Negative(x) => bracketed(format!("-\\frac{{1}}{{{}}}\\,", b.latex(leaf)), x),
                _ => vec![whole],
            },
            _ => vec![whole],
        }
    }

    fn write_latex(&self, leaf: Leaf<L>) -> (String, Bond) {
        match self {
            Expression::Number(value) => atom(number(*value)),
            Expression::Constant(Constant::E) => ("e".to_string(), Bond::Atom),
            Expression::Constant(Constant::Pi) => ("\\pi".to_string(), Bond::Atom),
            Expression::Leaf(name) => atom(leaf(name)),
            Expression::Negative(x) => (format!("-{}", within(x, Bond::Product, leaf)), Bond::Sign),
            Expression::Sum(terms) => {
                let mut text = String::new();
                for (i, term) in terms.iter().enumerate() {
                    text += &match term {
                        _ if i == 0 => within(term, Bond::Sum, leaf),
                        Expression::Negative(x) => format!(" - {}", within(x, Bond::Product, leaf)),
                        _ => format!(" + {}", within(term, Bond::Product, leaf)),
                    };
                }
                (text, Bond::Sum)
            }
            Expression::Product(factors) => (product(factors, leaf), Bond::Product),
            Expression::Quotient(a, b) => (format!("\\frac{{{}}}{{{}}}", a.latex(leaf), b.latex(leaf)), Bond::Product),
            Expression::Power(base, exponent) => {
                (format!("{}^{{{}}}", within(base, Bond::Atom, leaf), exponent.latex(leaf)), Bond::Power)
            }
            Expression::Call(operation, arguments) => call(*operation, arguments, leaf),
            Expression::Cases(cases, otherwise) => (self::cases(cases, otherwise, leaf), Bond::Case),
        }
    }
}

/// The expression, in parentheses if it holds together less tightly than it must here.
fn within<L>(expression: &Expression<L>, least: Bond, leaf: Leaf<L>) -> String {
    let (text, bond) = expression.write_latex(leaf);
    if bond < least { parentheses(&text) } else { text }
}

/// Parentheses as high as what stands in them, and higher than those in it.
fn parentheses(text: &str) -> String {
    let is_high = text.contains("\\frac") || text.contains("\\begin");
    match text.replace("^{(", "").contains('(') {
        _ if is_high => format!("\\left({text}\\right)"),
        true => format!("\\bigl({text}\\bigr)"),
        false => format!("({text})"),
    }
}

/// A number or letter. One with a sign holds together no better than a negative; one with something above it takes no
/// exponent.
fn atom(text: String) -> (String, Bond) {
    let bond = match &text {
        text if text.starts_with('-') => Bond::Sign,
        text if text.contains(['^', '\'']) || text.contains("\\frac") => Bond::Power,
        _ => Bond::Atom,
    };
    (text, bond)
}

fn number(value: f64) -> String {
    let fractions = [(0.5, "\\tfrac{1}{2}"), (0.25, "\\tfrac{1}{4}"), (0.75, "\\tfrac{3}{4}")];
    if let Some((_, fraction)) = fractions.iter().find(|(v, _)| *v == value) {
        return (*fraction).to_string();
    }
    let text = TextStyle::Ascii.number(value);
    match text.split_once('e') {
        Some((mantissa, exponent)) => format!("{mantissa}\\cdot 10^{{{exponent}}}"),
        None => text,
    }
}

/// Factors beside each other; before a number and between numbers stands a dot.
fn product<L>(factors: &[Expression<L>], leaf: Leaf<L>) -> String {
    let mut text = String::new();
    for (i, factor) in factors.iter().enumerate() {
        let (written, bond) = factor.write_latex(leaf);
        // A quotient or product in a product needs no parentheses: the fraction shows its reach, and the dot is associative.
        let written = if bond < Bond::Product { parentheses(&written) } else { written };
        let is_number = written.starts_with(|c: char| c.is_ascii_digit())
            || written.trim_start_matches("\\bigl").starts_with("(-")
            || written.starts_with("\\tfrac");
        text += match i {
            0 => "",
            _ if is_number => " \\cdot ",
            _ => "\\,",
        };
        text += &written;
    }
    text
}

fn call<L>(operation: Operation, arguments: &[Expression<L>], leaf: Leaf<L>) -> (String, Bond) {
    let inside: Vec<String> = arguments.iter().map(|a| a.latex(leaf)).collect();
    let inside = inside.join(", ");
    match operation {
        Operation::Exp => (format!("e^{{{inside}}}"), Bond::Power),
        Operation::Sqrt => (format!("\\sqrt{{{inside}}}"), Bond::Atom),
        Operation::Abs => (format!("\\left\\lvert {inside}\\right\\rvert"), Bond::Atom),
        Operation::Sigmoid => (format!("\\sigma{}", parentheses(&inside)), Bond::Power),
        Operation::Ln | Operation::Sin | Operation::Cos | Operation::Tanh | Operation::Max | Operation::Min => {
            (format!("\\{}{}", operation.name(), parentheses(&inside)), Bond::Power)
        }
        Operation::Asin => (format!("\\arcsin{}", parentheses(&inside)), Bond::Power),
        Operation::Acos => (format!("\\arccos{}", parentheses(&inside)), Bond::Power),
        Operation::Atan => (format!("\\arctan{}", parentheses(&inside)), Bond::Power),
        Operation::Relu | Operation::Erf | Operation::Sign => {
            (format!("\\operatorname{{{}}}{}", operation.name(), parentheses(&inside)), Bond::Power)
        }
    }
}

/// One case and the rest are told apart by the condition and its contrary; several need a word.
fn cases<L>(cases: &[(Condition<L>, Expression<L>)], otherwise: &Expression<L>, leaf: Leaf<L>) -> String {
    let condition = |c: &Condition<L>, relation: &str| format!("{} {relation} {}", c.left.latex(leaf), c.right.latex(leaf));
    let mut text = "\\begin{cases}".to_string();
    for (case, value) in cases {
        text += &format!("{} & {}\\\\ ", value.latex(leaf), condition(case, case.relation.latex()));
    }
    let last = match cases {
        [(only, _)] => condition(only, contrary(only.relation)),
        _ => "\\text{else}".to_string(),
    };
    format!("{text}{} & {last}\\end{{cases}}", otherwise.latex(leaf))
}

fn contrary(relation: Relation) -> &'static str {
    match relation {
        Relation::Less => "\\ge",
        Relation::AtMost => ">",
        Relation::Equal => "\\ne",
        Relation::Greater => "\\le",
        Relation::AtLeast => "<",
    }
}

impl Relation {
    /// The sign in LaTeX.
    pub fn latex(self) -> &'static str {
        match self {
            Relation::AtMost => "\\le",
            Relation::AtLeast => "\\ge",
            Relation::Less | Relation::Equal | Relation::Greater => self.sign(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latex(formula: &str) -> String {
        Expression::parse(formula).unwrap().latex(&|name| name.clone())
    }

    #[test]
    fn formulas_are_typeset_as_in_a_textbook() {
        assert_eq!(latex("1/(1 + e^(-x))"), "\\frac{1}{1 + e^{-x}}");
        assert_eq!(latex("x*(1 - x)"), "x\\,(1 - x)");
        assert_eq!(latex("1/2*(y - t)^2"), "\\frac{1}{2}\\,(y - t)^{2}");
        assert_eq!(latex("0.5*(y - 1)^2"), "\\tfrac{1}{2}\\,(y - 1)^{2}");
        assert_eq!(latex("2*3*x"), "2 \\cdot 3\\,x");
        assert_eq!(latex("ln(x)/(x + 1)"), "\\frac{\\ln(x)}{x + 1}");
        assert_eq!(latex("max(x, 0) - |x|"), "\\max(x, 0) - \\left\\lvert x\\right\\rvert");
        assert_eq!(latex("tanh(x/2)^2"), "\\left(\\tanh\\left(\\frac{x}{2}\\right)\\right)^{2}");
        assert_eq!(latex("1 for x > 0, else 0"), "\\begin{cases}1 & x > 0\\\\ 0 & x \\le 0\\end{cases}");
        assert_eq!(
            latex("1 for x > 0, -1 for x < 0, else 0"),
            "\\begin{cases}1 & x > 0\\\\ -1 & x < 0\\\\ 0 & \\text{else}\\end{cases}"
        );
    }

    #[test]
    fn signs_and_exponents_of_leaves_are_bracketed() {
        let x = || Expression::Leaf("x");
        let write = |e: &Expression<&str>, leaf: &str| e.latex(&|_| leaf.to_string());
        assert_eq!(write(&x().times(x()), "-2"), "(-2) \\cdot (-2)");
        assert_eq!(write(&x().minus(x()), "-2"), "-2 - (-2)");
        assert_eq!(write(&x().power(2.0), "z^{(1)}_{1}"), "(z^{(1)}_{1})^{2}");
        assert_eq!(write(&x().neg().call(Operation::Exp), "-0.3"), "e^{-(-0.3)}");
    }

    #[test]
    fn long_sums_come_in_pieces() {
        let sum = Expression::Sum(vec![Expression::Leaf("a"), Expression::Leaf("b").neg(), Expression::Leaf("c")]);
        let pieces = |e: &Expression<&str>, most: usize| e.latex_pieces(&|l| (*l).to_string(), &|text| text.len() <= most);
        assert_eq!(pieces(&sum, 40), ["a - b + c"]);
        assert_eq!(pieces(&sum, 4), ["a", "- b", "+ c"]);
        let product = Expression::Product(vec![Expression::Leaf("d"), sum.clone()]);
        assert_eq!(pieces(&product, 4), ["d\\,\\bigl(a", "- b", "+ c\\bigr)"]);
        assert_eq!(pieces(&sum.neg().over(Expression::Number(4.0)), 4), ["-\\frac{1}{4}\\,\\bigl(a", "- b", "+ c\\bigr)"]);
    }
}
