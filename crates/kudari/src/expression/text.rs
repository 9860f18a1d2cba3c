//! An expression as a line of text.

use super::{Condition, Expression, Operation, Relation};

/// The signs that a line of text may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TextStyle {
    /// · − ² √ ½ and their like; read by [`Expression::parse`] too.
    #[default]
    Unicode,
    /// The same, and no word of any language: cases as 1 (x > 0), 0 (x ≤ 0). For worked calculations.
    Wordless,
    /// The keyboard's signs only, in the syntax that [`Expression::parse`] reads.
    Ascii,
}

impl TextStyle {
    fn pick(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        match self {
            TextStyle::Unicode | TextStyle::Wordless => unicode,
            TextStyle::Ascii => ascii,
        }
    }

    /// A number in the shortest form that reads back the same.
    pub fn number(self, value: f64) -> String {
        let fractions = [(0.5, "½"), (0.25, "¼"), (0.75, "¾")];
        if let (true, Some((_, sign))) = (self != TextStyle::Ascii, fractions.iter().find(|(v, _)| *v == value)) {
            return (*sign).to_string();
        }
        let ordinary = value == 0.0 || (1e-5..1e15).contains(&value.abs());
        let text = if ordinary { value.to_string() } else { format!("{value:e}") };
        match self {
            TextStyle::Unicode | TextStyle::Wordless => text.replace('-', "−"),
            TextStyle::Ascii => text,
        }
    }
}

/// How tightly a written expression holds together.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(super) enum Bond {
    Case,
    Sum,
    Sign,
    Product,
    Power,
    Atom,
}

/// Whether all conditions compare the same two things, written the same way.
fn one_comparison<L>(cases: &[(Condition<L>, Expression<L>)]) -> bool {
    let sides = |c: &Condition<L>| {
        let text = |e: &Expression<L>| e.text(TextStyle::Ascii, &|_| "leaf".to_string());
        (text(&c.left), text(&c.right))
    };
    cases.windows(2).all(|pair| sides(&pair[0].0) == sides(&pair[1].0))
}

/// The relation that holds if none of these does; `None` if two are left that no sign unites.
fn remaining(relations: impl Iterator<Item = Relation>) -> Option<Relation> {
    let (mut less, mut equal, mut greater) = (true, true, true);
    for relation in relations {
        less &= !matches!(relation, Relation::Less | Relation::AtMost);
        equal &= !matches!(relation, Relation::AtMost | Relation::Equal | Relation::AtLeast);
        greater &= !matches!(relation, Relation::Greater | Relation::AtLeast);
    }
    match (less, equal, greater) {
        (true, false, false) => Some(Relation::Less),
        (true, true, false) => Some(Relation::AtMost),
        (false, true, false) => Some(Relation::Equal),
        (false, true, true) => Some(Relation::AtLeast),
        (false, false, true) => Some(Relation::Greater),
        _ => None,
    }
}

/// A number in superscript digits.
pub fn superscript(number: usize) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    number.to_string().bytes().map(|b| DIGITS[usize::from(b - b'0') % 10]).collect()
}

impl<L> Expression<L> {
    /// The expression on one line, with the given texts for the leaves.
    pub fn text(&self, style: TextStyle, leaf: &dyn Fn(&L) -> String) -> String {
        self.write(style, leaf).0
    }

    fn write(&self, style: TextStyle, leaf: &dyn Fn(&L) -> String) -> (String, Bond) {
        let within = |x: &Expression<L>, least: Bond| {
            let (text, bond) = x.write(style, leaf);
            if bond < least { format!("({text})") } else { text }
        };
        match self {
            Expression::Number(value) => signed(style.number(*value)),
            Expression::Constant(constant) => (style.pick(constant.letter(), ascii_constant(*constant)).to_string(), Bond::Atom),
            Expression::Leaf(name) => signed(leaf(name)),
            Expression::Negative(x) => (format!("{}{}", style.pick("−", "-"), within(x, Bond::Product)), Bond::Sign),
            Expression::Sum(terms) => {
                let mut text = String::new();
                for (i, term) in terms.iter().enumerate() {
                    match term {
                        Expression::Negative(x) if i > 0 => {
                            text += style.pick(" − ", " - ");
                            text += &within(x, Bond::Product);
                        }
                        _ if i > 0 => {
                            text += " + ";
                            text += &within(term, Bond::Product);
                        }
                        _ => text += &within(term, Bond::Sum),
                    }
                }
                (text, Bond::Sum)
            }
            Expression::Product(factors) => {
                let factor = |(i, f): (usize, &Expression<L>)| match (f, style) {
                    // Read back, a*b/c is (a*b)/c, whose last digit may differ from that of a*(b/c).
                    (Expression::Product(_) | Expression::Quotient(..), TextStyle::Ascii) if i > 0 => within(f, Bond::Power),
                    _ => within(f, Bond::Product),
                };
                let factors: Vec<String> = factors.iter().enumerate().map(factor).collect();
                (factors.join(style.pick("·", "*")), Bond::Product)
            }
            Expression::Quotient(a, b) => (format!("{}/{}", within(a, Bond::Product), within(b, Bond::Power)), Bond::Product),
            Expression::Power(base, exponent) => {
                let base = within(base, Bond::Atom);
                let text = match (&**exponent, style) {
                    (Expression::Number(n), TextStyle::Unicode | TextStyle::Wordless)
                        if (0.0..1000.0).contains(n) && n.fract() == 0.0 =>
                    {
                        format!("{base}{}", superscript(*n as usize))
                    }
                    _ => format!("{base}^{}", within(exponent, Bond::Atom)),
                };
                (text, Bond::Power)
            }
            Expression::Call(operation, arguments) => call(*operation, arguments, style, leaf),
            Expression::Cases(cases, otherwise) if style == TextStyle::Wordless => {
                let condition = |left: &Expression<L>, sign: &str, right: &Expression<L>| {
                    format!("({} {sign} {})", within(left, Bond::Sum), within(right, Bond::Sum))
                };
                let mut text = String::new();
                for (Condition { left, relation, right }, value) in cases {
                    text += &format!("{} {}, ", within(value, Bond::Sum), condition(left, relation.sign(), right));
                }
                let rest = match (cases.first(), remaining(cases.iter().map(|c| c.0.relation))) {
                    (Some((first, _)), Some(relation)) if one_comparison(cases) => {
                        condition(&first.left, relation.sign(), &first.right)
                    }
                    _ => "(else)".to_string(),
                };
                (format!("{text}{} {rest}", within(otherwise, Bond::Sum)), Bond::Case)
            }
            Expression::Cases(cases, otherwise) => {
                let mut text = String::new();
                for (Condition { left, relation, right }, value) in cases {
                    let relation = style.pick(relation.sign(), relation.ascii_sign());
                    let condition = format!("{} {relation} {}", within(left, Bond::Sum), within(right, Bond::Sum));
                    text += &format!("{} for {condition}, ", within(value, Bond::Sum));
                }
                (format!("{text}else {}", otherwise.text(style, leaf)), Bond::Case)
            }
        }
    }
}

/// A number or letter; one with a sign holds together no better than a negative.
fn signed(text: String) -> (String, Bond) {
    let bond = match &text {
        text if text.starts_with(['−', '-']) => Bond::Sign,
        // (∂E/∂w)², (8·10⁻⁵)²: the exponent is one of the whole.
        text if text.contains(['/', '·']) => Bond::Power,
        _ => Bond::Atom,
    };
    (text, bond)
}

fn ascii_constant(constant: super::Constant) -> &'static str {
    match constant {
        super::Constant::E => "e",
        super::Constant::Pi => "pi",
    }
}

fn call<L>(operation: Operation, arguments: &[Expression<L>], style: TextStyle, leaf: &dyn Fn(&L) -> String) -> (String, Bond) {
    let inside: Vec<String> = arguments.iter().map(|a| a.text(style, leaf)).collect();
    let inside = inside.join(", ");
    if style == TextStyle::Ascii {
        return (format!("{}({inside})", operation.name()), Bond::Atom);
    }
    // What stands behind e^ or √ needs no parentheses if it is one number or letter, with or without a sign.
    let short = match arguments {
        [Expression::Negative(x)] => matches!(**x, Expression::Leaf(_) | Expression::Number(_) | Expression::Constant(_)),
        [x] => matches!(x, Expression::Leaf(_) | Expression::Number(_) | Expression::Constant(_)),
        _ => false,
    } && !inside.starts_with("−−");
    match operation {
        Operation::Exp if short => (format!("e^{inside}"), Bond::Power),
        Operation::Exp => (format!("e^({inside})"), Bond::Power),
        Operation::Sqrt if short && !inside.starts_with('−') => (format!("√{inside}"), Bond::Power),
        Operation::Sqrt => (format!("√({inside})"), Bond::Power),
        Operation::Abs => (format!("|{inside}|"), Bond::Atom),
        Operation::Sigmoid => (format!("σ({inside})"), Bond::Atom),
        _ => (format!("{}({inside})", operation.name()), Bond::Atom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn x() -> Expression<&'static str> {
        Expression::Leaf("x")
    }

    fn unicode(expression: &Expression<&'static str>) -> String {
        expression.text(TextStyle::Unicode, &|name| (*name).to_string())
    }

    #[test]
    fn signs_and_parentheses_stand_where_a_reader_expects_them() {
        let one = || Expression::Number(1.0);
        assert_eq!(unicode(&one().over(one().plus(x().neg().call(Operation::Exp)))), "1/(1 + e^−x)");
        assert_eq!(unicode(&x().times(one().minus(x()))), "x·(1 − x)");
        assert_eq!(unicode(&Expression::Number(0.5).times(x().minus(one()).power(2.0))), "½·(x − 1)²");
        assert_eq!(unicode(&x().minus(one().minus(x()))), "x − (1 − x)");
        assert_eq!(unicode(&x().over(x().times(x()))), "x/(x·x)");
        assert_eq!(unicode(&x().neg().power(2.0)), "(−x)²");
        let negative = Expression::Sum(vec![x(), x().times(x())]);
        assert_eq!(negative.text(TextStyle::Unicode, &|_| "−2".to_string()), "−2 + (−2)·(−2)");
        assert_eq!(x().plus(x()).text(TextStyle::Unicode, &|_| "−2".to_string()), "−2 + (−2)");
    }
}
