//! Floor 2: a calculation as a reader would write it.
//!
//! An [`Expression`] is a formula taken apart: numbers, leaves (whatever the letters stand for), and operations on them.
//! It is no graph and holds no array. Formulas that people type are read into one ([`parse`](Expression::parse)), every
//! differentiable function says what it calculates by one, and the worked calculations are made of them: the same tree
//! is written with symbols, written with numbers, and evaluated.

mod derivative;
mod evaluate;
mod latex;
mod names;
mod parse;
mod simplify;
mod text;
mod tokens;

pub use text::{TextStyle, superscript};

/// A formula over leaves of type `L`: names for what people type, quantities for worked calculations.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression<L = String> {
    /// A number.
    Number(f64),
    /// A number with a name.
    Constant(Constant),
    /// What a letter stands for.
    Leaf(L),
    /// −x
    Negative(Box<Expression<L>>),
    /// a + b + …; a negative term is a subtraction.
    Sum(Vec<Expression<L>>),
    /// a · b · …
    Product(Vec<Expression<L>>),
    /// a / b
    Quotient(Box<Expression<L>>, Box<Expression<L>>),
    /// a to the power of b
    Power(Box<Expression<L>>, Box<Expression<L>>),
    /// A named function of its arguments.
    Call(Operation, Vec<Expression<L>>),
    /// The value of the first condition that holds, else the last expression.
    Cases(Vec<(Condition<L>, Expression<L>)>, Box<Expression<L>>),
}

/// A number with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constant {
    /// e = 2.718…
    E,
    /// π = 3.141…
    Pi,
}

impl Constant {
    /// The number.
    pub fn value(self) -> f64 {
        match self {
            Constant::E => std::f64::consts::E,
            Constant::Pi => std::f64::consts::PI,
        }
    }

    /// The letter.
    pub fn letter(self) -> &'static str {
        match self {
            Constant::E => "e",
            Constant::Pi => "π",
        }
    }
}

/// A comparison on which a case depends.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition<L = String> {
    /// What stands on the left.
    pub left: Expression<L>,
    /// How the sides compare.
    pub relation: Relation,
    /// What stands on the right.
    pub right: Expression<L>,
}

/// How two numbers compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// <
    Less,
    /// ≤
    AtMost,
    /// =
    Equal,
    /// >
    Greater,
    /// ≥
    AtLeast,
}

impl Relation {
    /// The sign.
    pub fn sign(self) -> &'static str {
        match self {
            Relation::Less => "<",
            Relation::AtMost => "≤",
            Relation::Equal => "=",
            Relation::Greater => ">",
            Relation::AtLeast => "≥",
        }
    }

    /// The sign in keyboard characters.
    pub fn ascii_sign(self) -> &'static str {
        match self {
            Relation::AtMost => "<=",
            Relation::AtLeast => ">=",
            other => other.sign(),
        }
    }

    /// How two numbers compare: less, equal or greater; `None` if one is NaN.
    fn between(left: f64, right: f64) -> Option<Relation> {
        left.partial_cmp(&right).map(|order| match order {
            std::cmp::Ordering::Less => Relation::Less,
            std::cmp::Ordering::Equal => Relation::Equal,
            std::cmp::Ordering::Greater => Relation::Greater,
        })
    }

    /// Whether `left` and `right` compare like this.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Relation::Less => left < right,
            Relation::AtMost => left <= right,
            Relation::Equal => left == right,
            Relation::Greater => left > right,
            Relation::AtLeast => left >= right,
        }
    }
}

macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident $name:literal $arguments:literal;)*) => {
        /// A named function.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Operation {
            $($(#[$doc])* $variant,)*
        }

        impl Operation {
            /// Every operation.
            pub const ALL: &[Operation] = &[$(Operation::$variant),*];

            /// How it is typed.
            pub fn name(self) -> &'static str {
                match self { $(Operation::$variant => $name),* }
            }

            /// How many arguments it takes; `None` is any number from one.
            pub fn argument_count(self) -> Option<usize> {
                match self { $(Operation::$variant => if $arguments == 0 { None } else { Some($arguments) }),* }
            }
        }
    };
}

operations! {
    /// e^x
    Exp "exp" 1;
    /// The natural logarithm.
    Ln "ln" 1;
    /// The square root.
    Sqrt "sqrt" 1;
    /// The sine, of radians.
    Sin "sin" 1;
    /// The cosine, of radians.
    Cos "cos" 1;
    /// The angle whose sine it is, in radians from −π/2 to π/2.
    Asin "asin" 1;
    /// The angle whose cosine it is, in radians from 0 to π.
    Acos "acos" 1;
    /// The angle whose tangent it is, in radians from −π/2 to π/2.
    Atan "atan" 1;
    /// The hyperbolic tangent.
    Tanh "tanh" 1;
    /// 1/(1 + e^−x)
    Sigmoid "sigmoid" 1;
    /// max(x, 0)
    Relu "relu" 1;
    /// The error function.
    Erf "erf" 1;
    /// The absolute value.
    Abs "abs" 1;
    /// −1, 0 or 1.
    Sign "sign" 1;
    /// The largest of its arguments.
    Max "max" 0;
    /// The smallest of its arguments.
    Min "min" 0;
}

impl<L> Expression<L> {
    /// −x
    #[must_use]
    #[allow(clippy::should_implement_trait)]
    pub fn neg(self) -> Self {
        Expression::Negative(Box::new(self))
    }

    /// a + b
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Expression::Sum(vec![self, other])
    }

    /// a − b
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Expression::Sum(vec![self, other.neg()])
    }

    /// a · b
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        Expression::Product(vec![self, other])
    }

    /// a / b
    #[must_use]
    pub fn over(self, other: Self) -> Self {
        Expression::Quotient(Box::new(self), Box::new(other))
    }

    /// a to the power of a number
    #[must_use]
    pub fn power(self, exponent: f64) -> Self {
        Expression::Power(Box::new(self), Box::new(Expression::Number(exponent)))
    }

    /// A function of one argument.
    #[must_use]
    pub fn call(self, operation: Operation) -> Self {
        Expression::Call(operation, vec![self])
    }

    /// The expressions directly below this one, in the order of writing.
    pub fn parts(&self) -> Vec<&Expression<L>> {
        match self {
            Expression::Number(_) | Expression::Constant(_) | Expression::Leaf(_) => Vec::new(),
            Expression::Negative(x) => vec![x],
            Expression::Sum(terms) | Expression::Product(terms) | Expression::Call(_, terms) => terms.iter().collect(),
            Expression::Quotient(a, b) | Expression::Power(a, b) => vec![a, b],
            Expression::Cases(cases, otherwise) => {
                let mut parts: Vec<_> = cases.iter().flat_map(|(c, value)| [value, &c.left, &c.right]).collect();
                parts.push(otherwise);
                parts
            }
        }
    }

    /// Visits every leaf, in the order of writing.
    pub fn leaves<'a>(&'a self, visit: &mut dyn FnMut(&'a L)) {
        match self {
            Expression::Leaf(leaf) => visit(leaf),
            _ => self.parts().into_iter().for_each(|part| part.leaves(visit)),
        }
    }

    /// The same formula with something else in place of each leaf.
    pub fn substitute<M>(&self, replace: &mut dyn FnMut(&L) -> Expression<M>) -> Expression<M> {
        let mut all = |terms: &[Expression<L>]| terms.iter().map(|t| t.substitute(replace)).collect::<Vec<_>>();
        match self {
            Expression::Number(value) => Expression::Number(*value),
            Expression::Constant(constant) => Expression::Constant(*constant),
            Expression::Leaf(leaf) => replace(leaf),
            Expression::Negative(x) => x.substitute(replace).neg(),
            Expression::Sum(terms) => Expression::Sum(all(terms)),
            Expression::Product(terms) => Expression::Product(all(terms)),
            Expression::Call(operation, terms) => Expression::Call(*operation, all(terms)),
            Expression::Quotient(a, b) => a.substitute(replace).over(b.substitute(replace)),
            Expression::Power(a, b) => Expression::Power(Box::new(a.substitute(replace)), Box::new(b.substitute(replace))),
            Expression::Cases(cases, otherwise) => {
                let cases = cases.iter().map(|(condition, value)| {
                    let value = value.substitute(replace);
                    let (left, right) = (condition.left.substitute(replace), condition.right.substitute(replace));
                    (Condition { left, relation: condition.relation, right }, value)
                });
                let cases = cases.collect();
                Expression::Cases(cases, Box::new(otherwise.substitute(replace)))
            }
        }
    }
}
