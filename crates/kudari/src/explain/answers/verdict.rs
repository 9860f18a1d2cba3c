//! Right, right with rounded factors, wrong, or a consequence.

use std::cell::RefCell;
use std::collections::HashMap;

use super::read::Answer;
use super::slips::{self, Slip};
use crate::error::Result;
use crate::explain::derivation::{Derivation, Id};
use crate::explain::digits::Digits;
use crate::explain::explanation::Explanation;
use crate::explain::line::{Carry, Lines};
use crate::explain::words::Phrase;

/// What is to be said of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Right at the digits that were written.
    Right,
    /// Right, but its further digits were cut off instead of rounded.
    Cut,
    /// What the rounded numbers before it give; the full precision has another last digit.
    RightFromRounded,
    /// Follows by correct arithmetic from earlier answers that are wrong.
    Follows(Vec<Id>),
    /// Wrong, perhaps by a slip that is known.
    Wrong(Option<Phrase>),
}

/// An answer with its verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The answer.
    pub answer: Answer,
    /// What is to be said of it.
    pub verdict: Verdict,
    /// The right value.
    pub expected: f64,
}

impl Judged {
    /// Whether nothing is wrong with the answer itself.
    pub fn is_right(&self) -> bool {
        matches!(self.verdict, Verdict::Right | Verdict::Cut | Verdict::RightFromRounded)
    }
}

impl Explanation {
    /// Judges a file of answers, one by one, in the order of calculation; the result stands in the file's order.
    ///
    /// # Errors
    ///
    /// A file that cannot be understood.
    pub fn judge(&self, text: &str) -> Result<Vec<Judged>> {
        let answers = Answer::read_all(text, &self.derivation)?;
        let judge = Judge::new(&self.derivation, &answers);
        let mut verdicts: HashMap<Id, Verdict> = HashMap::new();
        let mut order: Vec<&Answer> = answers.iter().collect();
        order.sort_by_key(|a| (judge.rank(a.id), a.id));
        for answer in order {
            let verdict = judge.verdict(answer, &verdicts);
            verdicts.insert(answer.id, verdict);
        }
        let judged = |answer: Answer| {
            let verdict = verdicts.remove(&answer.id).unwrap_or(Verdict::Wrong(None));
            let expected = self.derivation.value(answer.id);
            Judged { answer, verdict, expected }
        };
        Ok(answers.into_iter().map(judged).collect())
    }
}

struct Judge<'a> {
    derivation: &'a Derivation,
    written: HashMap<Id, f64>,
    /// What follows from what was written, once found.
    followed: RefCell<HashMap<Id, f64>>,
    lines: Lines<'a>,
    slips: Vec<Slip>,
}

impl<'a> Judge<'a> {
    fn new(derivation: &'a Derivation, answers: &[Answer]) -> Judge<'a> {
        let written = answers.iter().map(|a| (a.id, a.written.value)).collect();
        // Whoever computes by hand carries about as many digits as the answers have.
        let count = answers.iter().map(|a| a.written.digits).max().unwrap_or(4).clamp(1, 15);
        let lines = Lines::new(derivation, Digits { count }, Carry::Shown, usize::MAX);
        Judge { derivation, written, followed: RefCell::default(), lines, slips: slips::all(derivation) }
    }

    /// How many calculations lie before a number: answers are judged in this order.
    fn rank(&self, id: Id) -> usize {
        fn rank(judge: &Judge<'_>, id: Id, known: &mut HashMap<Id, usize>) -> usize {
            if let Some(rank) = known.get(&id) {
                return *rank;
            }
            let mut highest = 0;
            if let Some(expression) = judge.derivation.expression(id) {
                let mut inside = Vec::new();
                expression.leaves(&mut |leaf| inside.push(*leaf));
                highest = inside.into_iter().map(|leaf| 1 + rank(judge, leaf, known)).max().unwrap_or(0);
            }
            known.insert(id, highest);
            highest
        }
        rank(self, id, &mut HashMap::new())
    }

    /// The number as the answers have it: what was written, or what follows from that.
    fn as_written(&self, id: Id) -> f64 {
        match self.written.get(&id) {
            Some(value) => *value,
            None => self.following(id),
        }
    }

    /// What follows for a number from what was written for the others.
    fn following(&self, id: Id) -> f64 {
        if let Some(value) = self.followed.borrow().get(&id) {
            return *value;
        }
        let value = match self.derivation.expression(id) {
            Some(expression) => expression.evaluate(&mut |leaf| self.as_written(*leaf)),
            None => self.derivation.value(id),
        };
        self.followed.borrow_mut().insert(id, value);
        value
    }

    /// The same, every intermediate result rounded.
    fn following_by_hand(&self, id: Id) -> f64 {
        match self.derivation.expression(id) {
            Some(expression) => {
                let round = |value: f64| self.lines.digits.round(value);
                expression.evaluate_rounding(&mut |leaf| round(self.as_written(*leaf)), &round)
            }
            None => self.derivation.value(id),
        }
    }

    /// The written numbers that a number is made of, as far back as the first ones that were written.
    fn sources(&self, id: Id, found: &mut Vec<Id>) {
        let Some(expression) = self.derivation.expression(id) else { return };
        let mut inside = Vec::new();
        expression.leaves(&mut |leaf| inside.push(*leaf));
        for leaf in inside {
            if !self.written.contains_key(&leaf) {
                self.sources(leaf, found);
            } else if !found.contains(&leaf) {
                found.push(leaf);
            }
        }
    }

    fn verdict(&self, answer: &Answer, earlier: &HashMap<Id, Verdict>) -> Verdict {
        let (id, written) = (answer.id, &answer.written);
        let expected = self.derivation.value(id);
        if written.is(expected) {
            return Verdict::Right;
        }
        let mut sources = Vec::new();
        self.sources(id, &mut sources);
        let is_wrong = |id: &Id| matches!(earlier.get(id), Some(Verdict::Wrong(_) | Verdict::Follows(_)));
        let wrong: Vec<Id> = sources.into_iter().filter(is_wrong).collect();
        let follows = written.is(self.following(id)) || written.is(self.following_by_hand(id));
        match (follows, wrong.is_empty()) {
            (true, true) => return Verdict::RightFromRounded,
            (true, false) => return Verdict::Follows(wrong),
            (false, true) if written.is(self.lines.by_hand(id)) => return Verdict::RightFromRounded,
            (false, true) if written.is_cut_from(expected) => return Verdict::Cut,
            _ => {}
        }
        match self.slip(answer) {
            // The same slip was made before this line, and carried on with more digits than were written.
            Some(slip) if wrong.iter().any(|id| earlier.get(id) == Some(&Verdict::Wrong(Some(slip.clone())))) => {
                Verdict::Follows(wrong)
            }
            slip => Verdict::Wrong(slip),
        }
    }

    /// The slip that gives this value. If several give the very same number the most usual one is meant; if different
    /// numbers fit the digits that were written, nobody can tell which it was.
    fn slip(&self, answer: &Answer) -> Option<Phrase> {
        let mut found: Option<(f64, &Phrase)> = None;
        for slip in &self.slips {
            let everywhere = slip.everywhere(self.derivation, answer.id);
            let only_here = slip.here(self.derivation, answer.id, &|leaf| self.as_written(leaf));
            let fits = |value: &f64| answer.written.is(*value) || answer.written.is(self.lines.digits.round(*value));
            let Some(value) = everywhere.into_iter().chain(only_here).find(fits) else { continue };
            match found {
                None => found = Some((value, &slip.message)),
                Some((other, message)) if *message == slip.message || !slips::differs(value, other) => {}
                Some(_) => return None,
            }
        }
        found.map(|(_, message)| message.clone())
    }
}
