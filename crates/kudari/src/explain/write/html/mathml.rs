//! Formulas as MathML, built from the expression tree.

use crate::explain::symbol::Symbol;
use crate::expression::{Condition, Expression, Operation, TextStyle};

/// How tightly a written expression holds together; fractions and functions need no parentheses around them.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(super) enum Bond {
    Case,
    Sum,
    Sign,
    Product,
    Power,
    Atom,
}

/// A piece of a formula.
pub(super) struct Piece {
    pub(super) markup: String,
    pub(super) bond: Bond,
}

impl Piece {
    pub(super) fn new(markup: impl Into<String>, bond: Bond) -> Piece {
        Piece { markup: markup.into(), bond }
    }

    /// The piece, in parentheses if it holds together less than this.
    pub(super) fn within(self, least: Bond) -> String {
        if self.bond < least { parentheses(&self.markup) } else { self.markup }
    }
}

/// Text that may stand in markup and in attributes.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn row(inside: &str) -> String {
    format!("<mrow>{inside}</mrow>")
}

/// Parentheses as high as a line, unless what stands in them is higher.
fn parentheses(inside: &str) -> String {
    let is_high = ["<mfrac", "<mtable", "<munder"].iter().any(|high| inside.contains(high));
    let stretchy = if is_high { "" } else { " stretchy=\"false\"" };
    row(&format!("<mo{stretchy}>(</mo>{inside}<mo{stretchy}>)</mo>"))
}

/// An operator sign.
pub(super) fn sign(text: &str) -> String {
    format!("<mo>{}</mo>", escaped(text))
}

fn identifier(name: &str) -> String {
    format!("<mi>{}</mi>", escaped(name))
}

/// A formula of its own, in the size of displayed formulas.
pub(super) fn math(inside: &str) -> String {
    format!("<math displaystyle=\"true\">{inside}</math>")
}

/// A decimal number as [`Digits::decimal`](crate::explain::Digits::decimal) writes it: `-2.827e-5` is −2.827·10⁻⁵.
pub(super) fn number(decimal: &str) -> Piece {
    let (negative, size) = decimal.strip_prefix('-').map_or((false, decimal), |size| (true, size));
    let (mantissa, exponent) = size.split_once('e').map_or((size, None), |(m, e)| (m, Some(e)));
    let mut markup = match mantissa.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("<mn>{mantissa}</mn>"),
        false => identifier(mantissa),
    };
    let mut bond = Bond::Atom;
    if let Some(exponent) = exponent {
        let exponent = number(exponent).markup;
        markup = row(&format!("{markup}<mo>·</mo><msup><mn>10</mn>{exponent}</msup>"));
        bond = Bond::Product;
    }
    if negative {
        return Piece::new(row(&format!("<mo form=\"prefix\">−</mo>{markup}")), Bond::Sign);
    }
    Piece::new(markup, bond)
}

/// A symbol: the layer as a superscript in parentheses, the indices below.
pub(super) fn symbol(symbol: &Symbol) -> Piece {
    match symbol {
        Symbol::Letter { letter, layer, index, sample } => {
            let base = identifier(letter);
            let above = layer.map(|l| row(&format!("<mo stretchy=\"false\">(</mo><mn>{l}</mn><mo stretchy=\"false\">)</mo>")));
            let comma = if index.iter().any(|&i| i > 9) { "<mo>,</mo>" } else { "" };
            let indices: Vec<String> = index.iter().map(|i| format!("<mn>{i}</mn>")).collect();
            let below = (!index.is_empty()).then(|| match comma {
                "" => format!("<mn>{}</mn>", index.iter().map(usize::to_string).collect::<String>()),
                comma => row(&indices.join(comma)),
            });
            let (mut markup, bond) = match (above, below) {
                (Some(above), Some(below)) => (format!("<msubsup>{base}{below}{above}</msubsup>"), Bond::Power),
                (Some(above), None) => (format!("<msup>{base}{above}</msup>"), Bond::Power),
                (None, Some(below)) => (format!("<msub>{base}{below}</msub>"), Bond::Atom),
                (None, None) => (base, Bond::Atom),
            };
            if let Some(sample) = sample {
                markup = row(&format!("{markup}<mo stretchy=\"false\">[</mo><mn>{sample}</mn><mo stretchy=\"false\">]</mo>"));
            }
            Piece::new(markup, bond)
        }
        Symbol::Derivative(of) => {
            let below = self::symbol(of).markup;
            Piece::new(format!("<mfrac><mrow><mi>∂</mi><mi>E</mi></mrow><mrow><mi>∂</mi>{below}</mrow></mfrac>"), Bond::Product)
        }
        Symbol::Slope(function, at) => {
            let name = format!("<msup>{}<mo>′</mo></msup>", identifier(function));
            Piece::new(applied(&name, &self::symbol(at).markup), Bond::Atom)
        }
        Symbol::Updated(of) => self::symbol(of),
        Symbol::State(letter, of) => {
            let name = match letter.strip_suffix('\u{302}') {
                Some(plain) => format!("<mover>{}<mo>^</mo></mover>", identifier(plain)),
                None => identifier(letter),
            };
            Piece::new(applied(&name, &self::symbol(of).markup), Bond::Atom)
        }
    }
}

/// A function of something in parentheses.
pub(super) fn applied(function: &str, argument: &str) -> String {
    row(&format!("{function}<mo>&#x2061;</mo>{}", parentheses(argument)))
}

/// A function by its name.
pub(super) fn called(function: &str, argument: &str) -> String {
    applied(&identifier(function), argument)
}

/// The expression, with the given pieces for its leaves.
pub(super) fn expression<L>(formula: &Expression<L>, leaf: &dyn Fn(&L) -> Piece) -> Piece {
    let within = |x: &Expression<L>, least: Bond| expression(x, leaf).within(least);
    match formula {
        Expression::Number(value) => match [(0.5, 2), (0.25, 4)].iter().find(|(v, _)| v == value) {
            Some((_, below)) => Piece::new(format!("<mfrac><mn>1</mn><mn>{below}</mn></mfrac>"), Bond::Product),
            None => number(&TextStyle::Ascii.number(*value)),
        },
        Expression::Constant(constant) => Piece::new(identifier(constant.letter()), Bond::Atom),
        Expression::Leaf(inside) => leaf(inside),
        Expression::Negative(x) => {
            Piece::new(row(&format!("<mo form=\"prefix\">−</mo>{}", within(x, Bond::Product))), Bond::Sign)
        }
        Expression::Sum(terms) => Piece::new(row(&summands(terms, leaf).concat()), Bond::Sum),
        Expression::Product(factors) => {
            let factors: Vec<String> = factors.iter().map(|f| within(f, Bond::Product)).collect();
            Piece::new(row(&factors.join("<mo>·</mo>")), Bond::Product)
        }
        Expression::Quotient(a, b) => {
            let (above, below) = (within(a, Bond::Case), within(b, Bond::Case));
            Piece::new(format!("<mfrac><mrow>{above}</mrow><mrow>{below}</mrow></mfrac>"), Bond::Product)
        }
        Expression::Power(base, exponent) => {
            let (base, exponent) = (within(base, Bond::Atom), within(exponent, Bond::Case));
            Piece::new(format!("<msup>{base}{exponent}</msup>"), Bond::Power)
        }
        Expression::Call(operation, arguments) => call(*operation, arguments, leaf),
        Expression::Cases(cases, otherwise) => {
            let line = |value: &str, condition: &str| format!("<mtr><mtd>{value}</mtd><mtd>{condition}</mtd></mtr>");
            let mut lines = String::new();
            for (condition, value) in cases {
                lines +=
                    &line(&within(value, Bond::Sum), &format!("<mtext lang=\"en\">if </mtext>{}", comparison(condition, leaf)));
            }
            let else_words = "<mtext lang=\"en\">otherwise</mtext><mtext lang=\"ja\">その他</mtext>";
            lines += &line(&within(otherwise, Bond::Sum), else_words);
            Piece::new(format!("<mrow><mo form=\"prefix\">{{</mo><mtable class=\"cases\">{lines}</mtable></mrow>"), Bond::Case)
        }
    }
}

/// The terms of a sum, each with its sign, so that a long sum may be broken between them.
pub(super) fn summands<L>(terms: &[Expression<L>], leaf: &dyn Fn(&L) -> Piece) -> Vec<String> {
    let term = |(i, term): (usize, &Expression<L>)| match term {
        Expression::Negative(x) if i > 0 => format!("{}{}", infix("−"), expression(x, leaf).within(Bond::Product)),
        _ if i > 0 => format!("{}{}", infix("+"), expression(term, leaf).within(Bond::Product)),
        _ => expression(term, leaf).within(Bond::Sum),
    };
    terms.iter().enumerate().map(term).collect()
}

/// A sign between two terms, also where it stands first in a broken line.
fn infix(sign: &str) -> String {
    format!("<mo form=\"infix\">{sign}</mo>")
}

/// `a > 0`
fn comparison<L>(condition: &Condition<L>, leaf: &dyn Fn(&L) -> Piece) -> String {
    let side = |x: &Expression<L>| expression(x, leaf).within(Bond::Sum);
    row(&format!("{}{}{}", side(&condition.left), sign(condition.relation.sign()), side(&condition.right)))
}

fn call<L>(operation: Operation, arguments: &[Expression<L>], leaf: &dyn Fn(&L) -> Piece) -> Piece {
    let inside: Vec<String> = arguments.iter().map(|a| expression(a, leaf).markup).collect();
    let inside = inside.join("<mo>,</mo>");
    match operation {
        Operation::Exp => Piece::new(format!("<msup><mi>e</mi><mrow>{inside}</mrow></msup>"), Bond::Power),
        Operation::Sqrt => Piece::new(format!("<msqrt>{inside}</msqrt>"), Bond::Atom),
        Operation::Abs => Piece::new(row(&format!("<mo form=\"prefix\">|</mo>{inside}<mo form=\"postfix\">|</mo>")), Bond::Atom),
        Operation::Sigmoid => Piece::new(called("σ", &inside), Bond::Atom),
        _ => Piece::new(called(operation.name(), &inside), Bond::Atom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_carry_their_sign_and_power_of_ten() {
        assert_eq!(number("0.6").markup, "<mn>0.6</mn>");
        let written = number("-2.827e-5");
        let mantissa = "<mrow><mn>2.827</mn><mo>·</mo><msup><mn>10</mn>";
        let exponent = "<mrow><mo form=\"prefix\">−</mo><mn>5</mn></mrow></msup></mrow>";
        assert_eq!(written.markup, format!("<mrow><mo form=\"prefix\">−</mo>{mantissa}{exponent}</mrow>"));
        assert!(written.within(Bond::Product).starts_with("<mrow><mo stretchy=\"false\">(</mo>"));
        assert_eq!(number("NaN").markup, "<mi>NaN</mi>");
    }

    /// The markup without its tags.
    fn text(formula: &Expression) -> String {
        let markup = expression(formula, &|name: &String| Piece::new(identifier(name), Bond::Atom)).markup;
        markup.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text).collect()
    }

    #[test]
    fn parentheses_stand_where_the_layout_does_not_group() {
        let parsed = |formula: &str| Expression::parse(formula).unwrap_or(Expression::Number(f64::NAN));
        assert_eq!(text(&parsed("x*(1-x)")), "x·(1−x)");
        // Fractions and exponents group by themselves.
        assert_eq!(text(&parsed("(x+1)/(x-1)")), "x+1x−1");
        assert_eq!(text(&parsed("exp(-(x+1))")), "e−(x+1)");
        assert_eq!(text(&parsed("(x+1)^2")), "(x+1)2");
        assert_eq!(text(&parsed("sqrt(x+1)*ln(x)")), "x+1·ln&#x2061;(x)");
        let high = expression(&parsed("2*(1/x+1)"), &|name: &String| Piece::new(identifier(name), Bond::Atom)).markup;
        assert!(high.contains("<mo>(</mo>") && high.contains("<mfrac><mrow><mn>1</mn></mrow><mrow><mi>x</mi></mrow></mfrac>"));
    }
}
