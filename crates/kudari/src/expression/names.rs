//! Reading names and calls of functions, with help where a name is unknown.

use super::parse::Parser;
use super::tokens::{Kind, Token};
use super::{Expression, Operation};
use crate::error::Result;

/// How to write what some know as a function of its own.
const WRITTEN_OTHERWISE: &[(&str, &str)] = &[
    ("tan", "sin(x)/cos(x)"),
    ("sinh", "(e^x - e^-x)/2"),
    ("cosh", "(e^x + e^-x)/2"),
    ("log10", "ln(x)/ln(10)"),
    ("log2", "ln(x)/ln(2)"),
    ("pow", "x^y"),
    ("square", "x^2"),
    ("softplus", "ln(1 + e^x)"),
];

impl Parser<'_> {
    /// The arguments of a function whose name is already read: in parentheses, or one tight operand.
    pub(super) fn call(&mut self, operation: Operation, name: &Token) -> Result<Expression> {
        let exponent = self.exponent_of_function()?;
        let open = self.token().clone();
        let arguments = if self.take('(') {
            self.bracket(&open, ')', |parser| {
                let mut arguments = vec![parser.cases()?];
                while parser.take(',') {
                    arguments.push(parser.cases()?);
                }
                Ok(arguments)
            })?
        } else {
            if !matches!(
                self.kind(),
                Kind::Number(_) | Kind::Name(_) | Kind::Constant(_) | Kind::Function(_) | Kind::Sign('|' | '√')
            ) {
                return Err(self.unexpected(&format!("the argument of `{}`", self.written(name))));
            }
            let operand = self.deeper(Self::atom)?;
            let followed =
                matches!(self.kind(), Kind::Superscript(_) | Kind::Sign('^' | '(' | '√') | Kind::Name(_) | Kind::Constant(_));
            if followed {
                let example = if operation == Operation::Sqrt { "√(2x) or √(2)*x" } else { "sin(2x) or sin(2)*x" };
                let what = format!("how far `{}` reaches has two readings", self.written(name));
                return Err(self.mistake(self.token(), &what).help(format!("put its argument in parentheses, e.g. {example}")));
            }
            vec![operand]
        };
        if operation.argument_count().is_some_and(|count| count != arguments.len()) {
            let what = format!("`{}` takes one argument, here are {}", self.written(name), arguments.len());
            return Err(self.mistake(name, &what).help(format!("write e.g. {}(x)", operation.name())));
        }
        let call = Expression::Call(operation, arguments);
        Ok(match exponent {
            Some(exponent) => call.power(exponent),
            None => call,
        })
    }

    /// The 2 of sin²x and sin^2(x).
    fn exponent_of_function(&mut self) -> Result<Option<f64>> {
        let exponent = match *self.kind() {
            Kind::Superscript(exponent) => exponent,
            Kind::Sign('^') => {
                self.next += 1;
                let Kind::Number(exponent) = *self.kind() else {
                    return Err(self.unexpected("a number").help("a power of a function's value: sin(x)^n"));
                };
                exponent
            }
            _ => return Ok(None),
        };
        if exponent < 0.0 {
            return Err(self.unexpected("the argument").help("for one divided by the function write 1/sin(x)"));
        }
        self.next += 1;
        Ok(Some(exponent))
    }

    /// Whether a name may stand here: a declared one may, and else one that cannot be meant as a function.
    pub(super) fn check_name(&self, name: &str, token: &Token) -> Result<()> {
        if let Some(names) = self.names {
            if names.contains(&name) {
                return Ok(());
            }
            return Err(self.mistake(token, &format!("unknown name `{name}`")).help(advice(name, names)));
        }
        let several_letters = name.chars().filter(|c| c.is_alphabetic()).count() > 1;
        if several_letters && (self.begins_factor() || matches!(self.kind(), Kind::Number(_))) {
            return Err(self.mistake(token, &format!("unknown function `{name}`")).help(advice(name, &[])));
        }
        match glued_function(name) {
            Some((operation, rest)) => Err(self
                .mistake(token, &format!("`{name}` is read as one name"))
                .help(format!("write {}({rest})", operation.name()))),
            None => Ok(()),
        }
    }
}

/// The function and its argument in `sinx` and `sin2x`.
fn glued_function(name: &str) -> Option<(Operation, &str)> {
    let functions = Operation::ALL.iter().map(|o| o.name()).chain(["log"]);
    functions.into_iter().find_map(|function| {
        let rest = name.strip_prefix(function)?;
        let letters = rest.trim_matches(|c: char| c.is_ascii_digit());
        (letters.len() == 1).then_some((Operation::named(function)?, rest))
    })
}

/// What to write in place of an unknown name.
fn advice(name: &str, names: &[&str]) -> String {
    if let Some((_, otherwise)) = WRITTEN_OTHERWISE.iter().find(|w| w.0 == name) {
        return format!("write {otherwise}");
    }
    let letters: Vec<String> = name.chars().map(String::from).collect();
    if letters.len() > 1 && letters.iter().all(|letter| names.contains(&letter.as_str())) {
        return format!("letters side by side are one name: a product is {}", letters.join("*"));
    }
    let functions = Operation::ALL.iter().map(|o| o.name());
    let nearest = functions.clone().chain(names.iter().copied()).map(|n| (strsim::damerau_levenshtein(name, n), n)).min();
    match nearest {
        Some((distance, nearest)) if distance <= name.chars().count().div_ceil(3) => format!("did you mean `{nearest}`?"),
        _ if names.is_empty() => {
            format!("the functions are {}; for a product write {name}*…", functions.collect::<Vec<_>>().join(", "))
        }
        _ => format!("the names here are {}", names.join(", ")),
    }
}
