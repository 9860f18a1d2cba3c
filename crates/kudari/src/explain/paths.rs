//! All ways on which one weight reaches the loss, each a product of local derivatives.

use super::derivation::{Derivation, Id, Origin};
use crate::expression::Expression;

/// One way from a number to the loss.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// The numbers on the way, from the start's first result to the loss.
    pub through: Vec<Id>,
    /// The product of the local derivatives.
    pub product: Expression<Id>,
    /// Its value.
    pub value: f64,
}

impl Derivation {
    /// Every way from a number to the loss, or `None` if there are more than `most`. Their values add up to the
    /// derivative by that number.
    pub fn routes(&self, id: Id, most: usize) -> Option<Vec<Route>> {
        let mut found = Vec::new();
        self.follow(id, &mut Vec::new(), &mut Vec::new(), most, &mut found)?;
        Some(found)
    }

    fn follow(
        &self,
        id: Id,
        through: &mut Vec<Id>,
        slopes: &mut Vec<Expression<Id>>,
        most: usize,
        found: &mut Vec<Route>,
    ) -> Option<()> {
        for (result, slope) in self.next(id) {
            through.push(result);
            slopes.push(slope);
            let (block, _) = self.locate(result);
            if block == self.loss {
                if found.len() == most {
                    return None;
                }
                let factors: Vec<Expression<Id>> =
                    slopes.iter().rev().filter(|s| !matches!(s, Expression::Number(1.0))).cloned().collect();
                let product = match factors.len() {
                    0 => Expression::Number(1.0),
                    1 => factors[0].clone(),
                    _ => Expression::Product(factors),
                };
                let value = product.evaluate(&mut |leaf| self.value(*leaf));
                found.push(Route { through: through.clone(), product, value });
            } else {
                self.follow(result, through, slopes, most, found)?;
            }
            through.pop();
            slopes.pop();
        }
        Some(())
    }

    /// The numbers that are calculated directly from a number, with the derivative by it.
    fn next(&self, id: Id) -> Vec<(Id, Expression<Id>)> {
        let (block, at) = self.locate(id);
        match self.blocks[block].origin {
            Origin::Input | Origin::Parameter(_) | Origin::Result(_) => self.local_derivatives(block, at),
            _ => Vec::new(),
        }
    }
}
