//! Reading a formula.
//!
//! From loose to tight: cases, sums, signs, products (with and without a sign of multiplication) and quotients, powers. What
//! books leave to the reader's feeling (`1/2x`, `sin 2x`) is an error that shows both readings.

use super::tokens::{Kind, Token, mistake, tokens};
use super::{Condition, Constant, Expression, Operation};
use crate::error::{Error, Result};

/// How deep parentheses, signs and powers may nest: reading is recursive.
const DEEPEST: usize = 64;
/// How many quotients may have a quotient as dividend (a/b/c), over the whole formula: each nests the tree once more.
const MOST_CHAINED: usize = 100;

impl Expression<String> {
    /// Reads a formula as people write it: `x0^2 + x1^2`, `½x(1 + tanh x)`, `x for x > 0, else 0.1x`.
    ///
    /// - `+ - * / ^`, also `− · × ÷ **`, `²`; `^` is right-associative and binds tighter than a sign before it.
    /// - A product needs no sign between its factors, except before a number: `2x`, `y(1 − y)`, `x e^x`.
    /// - Functions are those of [`Operation::ALL`], `log` for `ln`, `σ`, `√x` and `|x|`; parentheses may be left out around
    ///   one number or name.
    /// - Names are letters with digits: `x`, `x0` (also `x₀`), `theta`. Letters side by side are one name: a product of x
    ///   and y is `x*y` or `x y`. `e` and `π` (`pi`) are numbers.
    /// - Cases are separated by commas, and the last one is `else`: `1 for x > 0, 0 for x = 0, else -1`.
    ///
    /// ```
    /// # use kudari::expression::Expression;
    /// let parabola = Expression::parse("x² + 4^2")?;
    /// assert_eq!(parabola.evaluate(&mut |_| 3.0), 25.0);
    /// # Ok::<(), kudari::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What cannot be read, or only in two ways, with its column marked.
    pub fn parse(text: &str) -> Result<Expression> {
        Parser::new(text, None)?.formula()
    }

    /// Reads a formula in which only the given names may occur.
    ///
    /// # Errors
    ///
    /// As [`Expression::parse`], and any other name.
    pub fn parse_with(text: &str, names: &[&str]) -> Result<Expression> {
        Parser::new(text, Some(names))?.formula()
    }
}

pub(super) struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    pub(super) next: usize,
    /// The names that may occur; all, if none are given.
    pub(super) names: Option<&'a [&'a str]>,
    depth: usize,
    chained: usize,
    /// Whether the innermost bracket is a bar, which the next bar behind an operand closes.
    in_bars: bool,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, names: Option<&'a [&'a str]>) -> Result<Self> {
        Ok(Parser { text, tokens: tokens(text)?, next: 0, names, depth: 0, chained: 0, in_bars: false })
    }

    /// The token that is read next. The last one, `End`, is never passed.
    pub(super) fn token(&self) -> &Token {
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    pub(super) fn kind(&self) -> &Kind {
        &self.token().kind
    }

    pub(super) fn take(&mut self, sign: char) -> bool {
        let found = self.kind().is(sign);
        self.next += usize::from(found);
        found
    }

    pub(super) fn mistake(&self, token: &Token, what: &str) -> Error {
        mistake(self.text, token.column, token.length, what)
    }

    pub(super) fn written(&self, token: &Token) -> String {
        self.text.chars().skip(token.column).take(token.length).collect()
    }

    pub(super) fn unexpected(&self, wanted: &str) -> Error {
        let token = self.token();
        match token.kind {
            Kind::End => self.mistake(token, &format!("the formula ends where {wanted} should stand")),
            _ => self.mistake(token, &format!("`{}` stands where {wanted} should", self.written(token))),
        }
    }

    /// Reads something one level deeper.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == DEEPEST {
            return Err(self.too_deep());
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn too_deep(&self) -> Error {
        self.mistake(self.token(), "the formula is nested too deeply").help(format!(
            "at most {DEEPEST} levels of parentheses, signs and powers, and {MOST_CHAINED} divisions one after the other"
        ))
    }

    fn formula(mut self) -> Result<Expression> {
        if *self.kind() == Kind::End {
            return Err(self.mistake(self.token(), "there is no formula").help("write e.g. x^2 + 4^2"));
        }
        let formula = self.cases()?;
        match self.kind() {
            Kind::End => Ok(formula),
            Kind::Sign(')') => Err(self.mistake(self.token(), "`)` closes nothing").help("take it out, or add `(` before")),
            Kind::Sign(',') => {
                Err(self.mistake(self.token(), "`,` separates arguments and cases only").help("a decimal point is `.`"))
            }
            Kind::Relation(_) => {
                Err(self.mistake(self.token(), "a comparison belongs to a case").help("write e.g. x for x > 0, else 0"))
            }
            _ => Err(self.unexpected("an operator")),
        }
    }

    /// `A for x > 0, B for x = 0, else C`, or a sum.
    pub(super) fn cases(&mut self) -> Result<Expression> {
        let mut value = self.sum()?;
        let mut cases = Vec::new();
        while *self.kind() == Kind::For {
            self.next += 1;
            cases.push((self.condition()?, value));
            let comma = self.take(',');
            if *self.kind() == Kind::Else {
                self.next += 1;
                return Ok(Expression::Cases(cases, Box::new(self.deeper(Self::cases)?)));
            }
            if !comma {
                return Err(self.unexpected("`, else` and a value").help("the last case is `else`: x for x > 0, else 0"));
            }
            value = self.sum()?;
            if *self.kind() != Kind::For {
                return Err(self.unexpected("`for` and a condition").help("the last case is `else`: x for x > 0, else 0"));
            }
        }
        Ok(value)
    }

    fn condition(&mut self) -> Result<Condition> {
        let left = self.sum()?;
        let Kind::Relation(relation) = *self.kind() else {
            return Err(self.unexpected("a comparison").help("write e.g. x for x > 0, else 0"));
        };
        self.next += 1;
        let right = self.sum()?;
        if let Kind::Relation(_) = self.kind() {
            return Err(self
                .mistake(self.token(), "a condition is one comparison")
                .help("split it into cases: 0 for x < a, 0 for x > b, else 1"));
        }
        Ok(Condition { left, relation, right })
    }

    fn sum(&mut self) -> Result<Expression> {
        let mut terms = vec![self.signed()?];
        loop {
            if self.take('+') {
                terms.push(self.signed()?);
            } else if self.take('-') {
                terms.push(self.signed()?.neg());
            } else {
                return Ok(if terms.len() == 1 { terms.remove(0) } else { Expression::Sum(terms) });
            }
        }
    }

    /// A product with a sign, which binds weaker than the product: −2x = −(2x).
    fn signed(&mut self) -> Result<Expression> {
        if self.take('-') {
            return Ok(self.deeper(Self::signed)?.neg());
        }
        if self.take('+') {
            return self.deeper(Self::signed);
        }
        self.product()
    }

    fn product(&mut self) -> Result<Expression> {
        let mut factors = vec![self.power()?];
        let mut divided = false;
        loop {
            if self.take('*') {
                factors.push(self.factor()?);
                divided = false;
            } else if self.take('/') {
                let divisor = self.factor()?;
                let dividend = product_of(factors);
                if has_quotient(&dividend) {
                    self.chained += 1;
                    if self.chained > MOST_CHAINED {
                        return Err(self.too_deep());
                    }
                }
                factors = vec![dividend.over(divisor)];
                divided = true;
            } else if self.begins_factor() {
                if divided {
                    return Err(self
                        .mistake(self.token(), "a product without a sign behind `/` has two readings")
                        .help("write a/(b*c) or a/b*c"));
                }
                factors.push(self.power()?);
            } else {
                return Ok(product_of(factors));
            }
        }
    }

    /// A factor behind `*` or `/`, which may have a sign of its own.
    fn factor(&mut self) -> Result<Expression> {
        if self.take('-') {
            return Ok(self.deeper(Self::factor)?.neg());
        }
        self.power()
    }

    /// Whether what comes next multiplies what stands before it.
    pub(super) fn begins_factor(&self) -> bool {
        match self.kind() {
            Kind::Name(_) | Kind::Constant(_) | Kind::Function(_) | Kind::Sign('(' | '√') => true,
            Kind::Sign('|') => !self.in_bars,
            _ => false,
        }
    }

    fn power(&mut self) -> Result<Expression> {
        let euler = *self.kind() == Kind::Constant(Constant::E);
        let base = self.atom()?;
        let raised = |base: Expression, exponent| match euler {
            true => Expression::Call(Operation::Exp, vec![exponent]),
            false => Expression::Power(Box::new(base), Box::new(exponent)),
        };
        if let Kind::Superscript(exponent) = *self.kind() {
            self.next += 1;
            if let Kind::Sign('^') | Kind::Superscript(_) = self.kind() {
                return Err(self.mistake(self.token(), "a power of a power needs parentheses").help("write e.g. (x^2)^3"));
            }
            return Ok(raised(base, Expression::Number(exponent)));
        }
        if self.take('^') {
            let exponent = self.deeper(Self::exponent)?;
            return Ok(raised(base, exponent));
        }
        Ok(base)
    }

    fn exponent(&mut self) -> Result<Expression> {
        if self.take('-') {
            return Ok(self.deeper(Self::exponent)?.neg());
        }
        self.power()
    }

    /// A number, a name, a call, or something in brackets.
    pub(super) fn atom(&mut self) -> Result<Expression> {
        let token = self.token().clone();
        self.next += 1;
        match token.kind {
            Kind::Number(value) => {
                if let Kind::Number(_) = self.kind() {
                    return Err(self.unexpected("an operator"));
                }
                Ok(Expression::Number(value))
            }
            Kind::Constant(constant) => Ok(Expression::Constant(constant)),
            Kind::Name(ref name) => {
                self.check_name(name, &token)?;
                Ok(Expression::Leaf(name.clone()))
            }
            Kind::Function(operation) => self.call(operation, &token),
            Kind::Sign('√') => self.call(Operation::Sqrt, &token),
            Kind::Sign('(') => self.bracket(&token, ')', Self::cases),
            Kind::Sign('|') => Ok(self.bracket(&token, '|', Self::cases)?.call(Operation::Abs)),
            _ => {
                self.next -= 1;
                Err(self.unexpected("a number, a name or `(`"))
            }
        }
    }

    /// What stands between an opening bracket, already read, and the closing one.
    pub(super) fn bracket<T>(&mut self, open: &Token, close: char, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let outside = std::mem::replace(&mut self.in_bars, close == '|');
        let inside = self.deeper(read)?;
        self.in_bars = outside;
        match self.take(close) {
            true => Ok(inside),
            false if *self.kind() == Kind::End => {
                Err(self.mistake(open, &format!("`{}` is never closed", self.written(open))).help(format!("add `{close}`")))
            }
            false => Err(self.unexpected(&format!("an operator or `{close}`"))),
        }
    }
}

fn product_of(mut factors: Vec<Expression>) -> Expression {
    if factors.len() == 1 { factors.remove(0) } else { Expression::Product(factors) }
}

/// Whether dividing this nests a quotient in a quotient.
fn has_quotient(dividend: &Expression) -> bool {
    match dividend {
        Expression::Quotient(..) => true,
        Expression::Product(factors) => matches!(factors.first(), Some(Expression::Quotient(..))),
        _ => false,
    }
}
