//! A formula cut into its signs, numbers and names.

use super::{Constant, Operation, Relation};
use crate::error::{Error, ErrorKind, Result};

/// One piece of a formula and its place in the text, in characters.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub kind: Kind,
    pub column: usize,
    pub length: usize,
}

/// What a piece is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Number(f64),
    Name(String),
    Constant(Constant),
    Function(Operation),
    /// Raised digits: ², ¹⁰, ⁻¹.
    Superscript(f64),
    Relation(Relation),
    /// One of `+ - * / ^ ( ) , | √`.
    Sign(char),
    For,
    Else,
    End,
}

impl Kind {
    pub fn is(&self, sign: char) -> bool {
        *self == Kind::Sign(sign)
    }
}

/// An error at a place of the formula.
pub(super) fn mistake(text: &str, column: usize, length: usize, what: &str) -> Error {
    Error::new(ErrorKind::Notation, format!("formula, column {}: {what}", column + 1)).excerpt(text, column, length)
}

/// Signs that several keys and books write differently.
fn plain(sign: char) -> char {
    match sign {
        '−' | '–' => '-',
        '·' | '⋅' | '×' | '∙' => '*',
        '÷' | '∕' => '/',
        other => other,
    }
}

const RAISED: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const LOWERED: &str = "₀₁₂₃₄₅₆₇₈₉";

/// The digit that `sign` is among `digits`.
fn digit(digits: &str, sign: char) -> Option<char> {
    let place = digits.chars().position(|d| d == sign)?;
    char::from_digit(u32::try_from(place).ok()?, 10)
}

/// Cuts `text` into tokens; the last one is `End`.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>> {
    let characters: Vec<char> = text.chars().collect();
    let at = |i: usize| characters.get(i).copied().unwrap_or('\0');
    let run = |start: usize, belongs: &dyn Fn(char) -> bool| (start..).take_while(|&i| belongs(at(i))).count();
    let mut tokens = Vec::new();
    let mut column = 0;
    while column < characters.len() {
        let first = at(column);
        if first.is_whitespace() {
            column += 1;
            continue;
        }
        let pair: String = [first, at(column + 1)].iter().collect();
        let (kind, length) = if first.is_ascii_digit() || (first == '.' && at(column + 1).is_ascii_digit()) {
            number(text, &characters, column)?
        } else if let Some(fraction) = [('½', 0.5), ('¼', 0.25), ('¾', 0.75)].iter().find(|f| f.0 == first) {
            (Kind::Number(fraction.1), 1)
        } else if digit(RAISED, first).is_some() || (first == '⁻' && digit(RAISED, at(column + 1)).is_some()) {
            let sign = usize::from(first == '⁻');
            let length = sign + run(column + sign, &|c| digit(RAISED, c).is_some());
            let digits: String = characters[column + sign..column + length].iter().filter_map(|&c| digit(RAISED, c)).collect();
            let value = digits.parse().unwrap_or(f64::INFINITY);
            (Kind::Superscript(if sign == 1 { -value } else { value }), length)
        } else if first.is_alphabetic() {
            name(&characters, column)
        } else {
            match pair.as_str() {
                "**" => (Kind::Sign('^'), 2),
                "<=" | "=<" => (Kind::Relation(Relation::AtMost), 2),
                ">=" | "=>" => (Kind::Relation(Relation::AtLeast), 2),
                "==" => (Kind::Relation(Relation::Equal), 2),
                _ => match plain(first) {
                    '<' => (Kind::Relation(Relation::Less), 1),
                    '≤' => (Kind::Relation(Relation::AtMost), 1),
                    '=' => (Kind::Relation(Relation::Equal), 1),
                    '>' => (Kind::Relation(Relation::Greater), 1),
                    '≥' => (Kind::Relation(Relation::AtLeast), 1),
                    sign @ ('+' | '-' | '*' | '/' | '^' | '(' | ')' | ',' | '|' | '√') => (Kind::Sign(sign), 1),
                    _ => {
                        return Err(mistake(text, column, 1, &format!("`{first}` means nothing in a formula"))
                            .help("the signs are + - * / ^ ( ) | √, comparisons < <= = >= >, and names such as x, x0, theta"));
                    }
                },
            }
        };
        tokens.push(Token { kind, column, length });
        column += length;
    }
    tokens.push(Token { kind: Kind::End, column: characters.len(), length: 1 });
    Ok(tokens)
}

/// A number that begins at `start`: `2`, `0.5`, `.5`, `1e-7`. The `e` of `2e^x` is not part of it.
fn number(text: &str, characters: &[char], start: usize) -> Result<(Kind, usize)> {
    let digits = |from: usize| characters[from.min(characters.len())..].iter().take_while(|c| c.is_ascii_digit()).count();
    let at = |i: usize| characters.get(i).copied().map_or('\0', plain);
    let mut end = start + digits(start);
    if at(end) == '.' {
        end += 1 + digits(end + 1);
    }
    let sign = usize::from(matches!(at(end + 1), '+' | '-'));
    if matches!(at(end), 'e' | 'E') && digits(end + 1 + sign) > 0 {
        end += 1 + sign + digits(end + 1 + sign);
    }
    let written: String = characters[start..end].iter().copied().map(plain).collect();
    match written.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok((Kind::Number(value), end - start)),
        _ => Err(mistake(text, start, end - start, &format!("`{written}` is larger than any number here"))
            .help("the largest number is about 1.8e308")),
    }
}

/// A name, a function, a constant or a word: a run of Latin letters, or one other letter, with digits behind.
fn name(characters: &[char], start: usize) -> (Kind, usize) {
    let latin = characters[start].is_ascii_alphabetic();
    let belongs =
        |c: &char| c.is_ascii_digit() || digit(LOWERED, *c).is_some() || *c == '_' || (latin && c.is_ascii_alphabetic());
    let length = 1 + characters[start + 1..].iter().take_while(|c| belongs(c)).count();
    // x₀ is another way to write x0.
    let name: String = characters[start..start + length].iter().map(|&c| digit(LOWERED, c).unwrap_or(c)).collect();
    let kind = match name.as_str() {
        "for" | "if" => Kind::For,
        "else" | "otherwise" => Kind::Else,
        "e" => Kind::Constant(Constant::E),
        "pi" | "π" => Kind::Constant(Constant::Pi),
        _ => match Operation::named(&name) {
            Some(operation) => Kind::Function(operation),
            None => Kind::Name(name),
        },
    };
    (kind, length)
}

impl Operation {
    /// The function of this name.
    pub fn named(name: &str) -> Option<Operation> {
        match name {
            "log" => Some(Operation::Ln),
            "σ" => Some(Operation::Sigmoid),
            _ => Operation::ALL.iter().copied().find(|o| o.name() == name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        tokens(text).unwrap().into_iter().map(|t| t.kind).collect()
    }

    #[test]
    fn an_e_behind_digits_is_an_exponent_only_before_digits() {
        assert_eq!(kinds("2e-3"), [Kind::Number(2e-3), Kind::End]);
        assert_eq!(kinds("2e−3"), [Kind::Number(2e-3), Kind::End]);
        assert_eq!(kinds("2e^3")[..2], [Kind::Number(2.0), Kind::Constant(Constant::E)]);
        assert_eq!(kinds("2e")[..2], [Kind::Number(2.0), Kind::Constant(Constant::E)]);
        assert!(tokens("1e999").unwrap_err().what().contains("column 1"));
    }

    #[test]
    fn latin_letters_make_one_name_and_greek_ones_stand_alone() {
        let name = |n: &str| Kind::Name(n.to_string());
        assert_eq!(kinds("theta x₁₂ x_max xy")[..4], [name("theta"), name("x12"), name("x_max"), name("xy")]);
        assert_eq!(kinds("xσ")[..2], [name("x"), Kind::Function(Operation::Sigmoid)]);
        assert_eq!(kinds("2πθ")[1..3], [Kind::Constant(Constant::Pi), name("θ")]);
    }

    #[test]
    fn raised_digits_and_columns() {
        let tokens = tokens("x⁻¹² ≤ 3").unwrap();
        assert_eq!(tokens[1], Token { kind: Kind::Superscript(-12.0), column: 1, length: 3 });
        assert_eq!(tokens[2].column, 5);
    }
}
