//! The lines of a worked calculation: name = symbols = numbers = value.

use std::cell::RefCell;
use std::collections::HashMap;

use super::derivation::{Derivation, Id, Origin};
use super::digits::Digits;
use crate::autograd::Character;
use crate::expression::{Condition, Expression};

/// Which numbers a line calculates with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Carry {
    /// All 64 bits; only what is written is rounded.
    #[default]
    Exact,
    /// What is written: every intermediate result is rounded, as by hand.
    Shown,
}

/// What stands at a leaf of a written expression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Term {
    /// A number of the derivation.
    Quantity(Id),
    /// The value of a part of the expression before.
    Value(f64),
    /// The terms of a long sum that are not written out.
    Rest {
        /// How many.
        count: usize,
        /// Their sum.
        value: f64,
    },
}

/// One of the forms of a calculation between equals signs.
#[derive(Debug, Clone, PartialEq)]
pub enum Segment {
    /// A named function of a number: h(a₁).
    Called(&'static str, Id),
    /// With letters.
    Symbols(Expression<Term>),
    /// With numbers.
    Numbers(Expression<Term>),
    /// The case that holds, and the number on which it depends with the comparison: 1, as a₁ = 11 > 0.
    Case(Expression<Term>, Condition<Term>),
}

/// A worked line.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What is calculated.
    pub id: Id,
    /// The forms of the calculation.
    pub segments: Vec<Segment>,
    /// The result.
    pub value: f64,
    /// Whether the written result is the value itself, so that `=` stands before it and not `≈`.
    pub exact: bool,
    /// Calculating with the written numbers gives another last digit.
    pub differs: bool,
    /// The result that the other way of carrying gives, if its last digit differs.
    pub otherwise: Option<f64>,
}

/// Writes lines.
pub struct Lines<'a> {
    derivation: &'a Derivation,
    /// How numbers are rounded.
    pub digits: Digits,
    /// With which numbers is calculated.
    pub carry: Carry,
    /// Sums of more terms are shortened.
    terms: usize,
    /// Whether the other way of carrying is told where its last digit differs.
    compare: bool,
    by_hand: RefCell<HashMap<Id, f64>>,
    /// Whether the numbers of a block are written inside other lines, found once.
    inline: RefCell<HashMap<usize, bool>>,
}

/// How many terms of a shortened sum are written out.
const KEPT: usize = 3;

impl<'a> Lines<'a> {
    /// Lines about `derivation`; sums of more than `terms` terms are shortened to the largest three.
    pub fn new(derivation: &'a Derivation, digits: Digits, carry: Carry, terms: usize) -> Lines<'a> {
        Lines {
            derivation,
            digits,
            carry,
            terms: terms.max(KEPT + 1),
            compare: true,
            by_hand: RefCell::default(),
            inline: RefCell::default(),
        }
    }

    /// The same without telling what the other way of carrying gives: nobody adds up hundreds of terms by hand.
    #[must_use]
    pub fn without_comparison(mut self) -> Lines<'a> {
        self.compare = false;
        self
    }

    /// The number as this way of carrying gives it.
    pub fn value(&self, id: Id) -> f64 {
        match self.carry {
            Carry::Exact => self.derivation.value(id),
            Carry::Shown => self.by_hand(id),
        }
    }

    /// The number that somebody gets who rounds every intermediate result.
    pub fn by_hand(&self, id: Id) -> f64 {
        if let Some(value) = self.by_hand.borrow().get(&id) {
            return *value;
        }
        let value = match self.derivation.expression(id) {
            // One key of the calculator: nothing is written down on the way.
            Some(expression) if self.elementwise(id).is_some() => {
                self.digits.round(expression.evaluate(&mut |leaf| self.by_hand(*leaf)))
            }
            Some(expression) => self.rounding(&expression),
            None => self.digits.round(self.derivation.value(id)),
        };
        self.by_hand.borrow_mut().insert(id, value);
        value
    }

    /// A number of the derivation as it is written in lines: with zeros at its end if it was rounded.
    pub fn text(&self, id: Id) -> String {
        match self.digits.is_exact(self.derivation.value(id)) {
            true => self.digits.text(self.value(id)),
            false => self.digits.rounded_text(self.value(id)),
        }
    }

    fn rounding(&self, expression: &Expression<Id>) -> f64 {
        let round = |value: f64| self.digits.round(value);
        round(expression.evaluate_rounding(&mut |id| self.by_hand(*id), &round))
    }

    /// The elementwise step whose result a number is.
    fn elementwise(&self, id: Id) -> Option<usize> {
        let (block, _) = self.derivation.locate(id);
        let step = self.derivation.step_of(block)?;
        matches!(self.derivation.steps[step].character, Character::Elementwise { .. }).then_some(step)
    }

    /// Whether a number is written inside the lines that use it instead of on a line of its own: the derivative by what
    /// an elementwise function gives, on its way to the derivative by what the function takes; derivatives that are others,
    /// handed on as they are; a product that is only there to be added to something.
    pub fn is_inline(&self, id: Id) -> bool {
        let (block, _) = self.derivation.locate(id);
        let known = self.inline.borrow().get(&block).copied();
        known.unwrap_or_else(|| {
            let found = self.is_inline_block(block);
            self.inline.borrow_mut().insert(block, found);
            found
        })
    }

    /// Whether a block is the derivatives by what an elementwise function gives, which stand inside other lines in every notation.
    pub fn is_behind_slope(&self, block: usize) -> bool {
        let Origin::Gradient(of) = self.derivation.blocks[block].origin else { return false };
        let step = self.derivation.step_of(of).map(|step| &self.derivation.steps[step]);
        step.is_some_and(|s| matches!(s.character, Character::Elementwise { .. }))
    }

    fn is_inline_block(&self, number: usize) -> bool {
        let derivation = self.derivation;
        let block = &derivation.blocks[number];
        match block.origin {
            Origin::Gradient(of) if derivation.step_of(of).is_some() => {
                let is_handed_on = |id: Id| matches!(derivation.expression(id), Some(Expression::Leaf(_)));
                self.is_behind_slope(number) || block.letter.is_empty() && block.ids().all(is_handed_on)
            }
            Origin::Result(step) if derivation.steps[step].function == "mul" => {
                let mut users = derivation.steps.iter().filter(|s| s.inputs.iter().any(|e| e.block == number));
                let only = users.next().filter(|_| users.next().is_none());
                !derivation.steps[step].is_named && only.is_some_and(|user| matches!(user.function.as_str(), "add" | "sub"))
            }
            _ => false,
        }
    }

    /// The expression with inline numbers replaced by theirs.
    fn expanded(&self, expression: &Expression<Id>) -> Expression<Id> {
        expression.substitute(&mut |id| match self.derivation.expression(*id) {
            Some(inside) if self.is_inline(*id) => self.expanded(&inside),
            _ => Expression::Leaf(*id),
        })
    }

    /// The line that works a number out; `None` if it is given.
    pub fn line(&self, id: Id) -> Option<Line> {
        let derivation = self.derivation;
        let expression = self.expanded(&derivation.expression(id)?);
        let exact_leaf = |id: Id| derivation.value(id);
        let written_leaf = |id: Id| self.digits.round(derivation.value(id));
        if let Expression::Cases(..) = expression {
            return Some(self.case_line(id, &expression));
        }
        let expression = self.decided(expression);
        let shortened = self.shortened(&expression);

        let mut segments = Vec::new();
        let elementwise = self.elementwise(id);
        match elementwise {
            // A bare number is the result.
            None if matches!(shortened, Expression::Number(_)) => {}
            Some(step) if derivation.is_called(step) => {
                let (_, at) = derivation.locate(id);
                let argument = &derivation.steps[step].inputs[0];
                let argument = derivation.blocks[argument.block].first + argument.place(at);
                segments.push(Segment::Called(derivation.function_letter(step), argument));
            }
            _ => segments.push(Segment::Symbols(shortened.clone())),
        }
        let bare = matches!(shortened, Expression::Leaf(_) | Expression::Number(_));
        if !bare {
            segments.push(Segment::Numbers(shortened));
        }
        let mut differs = false;
        let reduced = |leaf: &dyn Fn(Id) -> f64| reduce(&expression, &|e| e.evaluate(&mut |id| leaf(*id)));
        if elementwise.is_none()
            && let Some(exact) = reduced(&exact_leaf)
        {
            // The line differs if somebody who calculates with the numbers written in one form gets others in the next.
            let written = reduced(&written_leaf);
            let values = |e: &Expression<Term>| {
                let mut values = Vec::new();
                e.leaves(&mut |term| match term {
                    Term::Value(value) => values.push(self.digits.round(*value)),
                    Term::Quantity(_) | Term::Rest { .. } => {}
                });
                values
            };
            differs |= written.as_ref().is_some_and(|written| values(written) != values(&exact));
            let result = exact.evaluate(&mut |term| match term {
                Term::Quantity(id) => written_leaf(*id),
                Term::Value(value) | Term::Rest { value, .. } => self.digits.round(*value),
            });
            differs |= self.digits.round(result) != self.digits.round(derivation.value(id));
            let shown = match self.carry {
                Carry::Exact => Some(exact),
                Carry::Shown => reduce(&expression, &|e| self.rounding(e)),
            };
            segments.extend(shown.map(Segment::Numbers));
        }
        let result = expression.evaluate(&mut |id| written_leaf(*id));
        differs |= self.digits.round(result) != self.digits.round(derivation.value(id));
        let differs = differs && self.carry == Carry::Exact;
        Some(self.finished(id, segments, differs))
    }

    /// The expression with the cases that hold in place of all that there are.
    fn decided(&self, expression: Expression<Id>) -> Expression<Id> {
        let all = |parts: Vec<Expression<Id>>| parts.into_iter().map(|part| self.decided(part)).collect::<Vec<_>>();
        let boxed = |part: Box<Expression<Id>>| Box::new(self.decided(*part));
        match expression {
            Expression::Cases(cases, otherwise) => {
                let value = |e: &Expression<Id>| e.evaluate(&mut |id| self.derivation.value(*id));
                let holds = |condition: &Condition<Id>| condition.relation.holds(value(&condition.left), value(&condition.right));
                let found = cases.into_iter().find(|(condition, _)| holds(condition));
                self.decided(found.map_or(*otherwise, |(_, case)| case))
            }
            Expression::Negative(x) => Expression::Negative(boxed(x)),
            Expression::Sum(terms) => Expression::Sum(all(terms)),
            Expression::Product(factors) => {
                // A slope that turned out to be 1 is nothing to multiply by.
                let is_slope = |factor: &Expression<Id>| matches!(factor, Expression::Cases(..));
                let slopes: Vec<bool> = factors.iter().map(is_slope).collect();
                let factors = all(factors).into_iter().zip(slopes);
                let mut kept: Vec<_> =
                    factors.filter(|(f, slope)| !slope || *f != Expression::Number(1.0)).map(|f| f.0).collect();
                match kept.len() {
                    0 => Expression::Number(1.0),
                    1 => kept.remove(0),
                    _ => Expression::Product(kept),
                }
            }
            Expression::Quotient(a, b) => Expression::Quotient(boxed(a), boxed(b)),
            Expression::Power(a, b) => Expression::Power(boxed(a), boxed(b)),
            Expression::Call(operation, arguments) => Expression::Call(operation, all(arguments)),
            Expression::Number(_) | Expression::Constant(_) | Expression::Leaf(_) => expression,
        }
    }

    /// The line of a number that is one of several cases: the case, and why it holds.
    fn case_line(&self, id: Id, expression: &Expression<Id>) -> Line {
        let term = |e: &Expression<Id>| e.substitute(&mut |id| Expression::Leaf(Term::Quantity(*id)));
        let mut segments = Vec::new();
        if let Some((case, condition)) = expression.case(&mut |leaf| self.value(*leaf)) {
            let condition =
                Condition { left: term(&condition.left), relation: condition.relation, right: term(&condition.right) };
            segments.push(Segment::Case(term(case), condition));
        }
        self.finished(id, segments, false)
    }

    fn finished(&self, id: Id, segments: Vec<Segment>, differs: bool) -> Line {
        let (exact, by_hand) = (self.derivation.value(id), if self.compare { self.by_hand(id) } else { f64::NAN });
        let other = if self.carry == Carry::Exact { by_hand } else { exact };
        let otherwise = (self.compare && self.digits.round(exact) != self.digits.round(by_hand)).then_some(other);
        let value = self.value(id);
        let exact = self.digits.is_exact(value) && self.digits.is_exact(self.derivation.value(id));
        Line { id, segments, value, exact, differs, otherwise }
    }

    /// The expression for writing: of long sums only the largest terms, in their order, and the sum of the rest.
    fn shortened(&self, expression: &Expression<Id>) -> Expression<Term> {
        let all = |parts: &[Expression<Id>]| parts.iter().map(|p| self.shortened(p)).collect::<Vec<_>>();
        let boxed = |part: &Expression<Id>| Box::new(self.shortened(part));
        match expression {
            Expression::Sum(terms) if terms.len() > self.terms => {
                let values: Vec<f64> = terms.iter().map(|t| t.evaluate(&mut |id| self.value(*id))).collect();
                let mut order: Vec<usize> = (0..terms.len()).collect();
                order.sort_by(|&a, &b| values[b].abs().total_cmp(&values[a].abs()).then(a.cmp(&b)));
                let mut kept = order[..KEPT].to_vec();
                kept.sort_unstable();
                let mut written: Vec<Expression<Term>> = kept.iter().map(|&i| self.shortened(&terms[i])).collect();
                let value = order[KEPT..].iter().map(|&i| values[i]).sum();
                written.push(Expression::Leaf(Term::Rest { count: terms.len() - KEPT, value }));
                Expression::Sum(written)
            }
            Expression::Number(number) => Expression::Number(*number),
            Expression::Constant(constant) => Expression::Constant(*constant),
            Expression::Leaf(id) => Expression::Leaf(Term::Quantity(*id)),
            Expression::Negative(x) => Expression::Negative(boxed(x)),
            Expression::Sum(terms) => Expression::Sum(all(terms)),
            Expression::Product(factors) => Expression::Product(all(factors)),
            Expression::Quotient(a, b) => Expression::Quotient(boxed(a), boxed(b)),
            Expression::Power(a, b) => Expression::Power(boxed(a), boxed(b)),
            Expression::Call(operation, arguments) => Expression::Call(*operation, all(arguments)),
            Expression::Cases(..) => expression.substitute(&mut |id| Expression::Leaf(Term::Quantity(*id))),
        }
    }
}

/// Whether there is nothing left to work out in it but a product of numbers.
fn is_simple(expression: &Expression<Id>) -> bool {
    match expression {
        Expression::Number(_) | Expression::Constant(_) | Expression::Leaf(_) => true,
        Expression::Negative(x) => is_simple(x),
        Expression::Product(factors) => factors.iter().all(|f| matches!(f, Expression::Leaf(_) | Expression::Number(_))),
        _ => false,
    }
}

/// The form between numbers and result: brackets and powers replaced by their values. `None` if that would add nothing.
fn reduce(expression: &Expression<Id>, value: &dyn Fn(&Expression<Id>) -> f64) -> Option<Expression<Term>> {
    let as_is = |e: &Expression<Id>| e.substitute(&mut |id| Expression::Leaf(Term::Quantity(*id)));
    let valued = |e: &Expression<Id>| if is_simple(e) { as_is(e) } else { Expression::Leaf(Term::Value(value(e))) };
    match expression {
        Expression::Negative(x) => Some(reduce(x, value)?.neg()),
        Expression::Sum(terms) if !terms.iter().all(is_simple) && terms.len() > 1 => {
            let term = |t: &Expression<Id>| match t {
                Expression::Negative(inside) => valued(inside).neg(),
                other => valued(other),
            };
            Some(Expression::Sum(terms.iter().map(term).collect()))
        }
        Expression::Product(factors) if !factors.iter().all(is_simple) => {
            let factor = |f: &Expression<Id>| match f {
                Expression::Sum(terms) if !terms.iter().all(is_simple) => reduce(f, value).unwrap_or_else(|| valued(f)),
                other => valued(other),
            };
            Some(Expression::Product(factors.iter().map(factor).collect()))
        }
        Expression::Quotient(a, b) if !(is_simple(a) && is_simple(b)) => Some(valued(a).over(valued(b))),
        _ => None,
    }
}
