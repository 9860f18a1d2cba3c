//! The verdicts on somebody's answers, for the terminal and for programs.

use serde_json::{Value, json};

use super::text::TextFormat;
use crate::explain::answers::{Judged, Verdict};
use crate::explain::digits::Digits;
use crate::explain::explanation::Explanation;
use crate::explain::line::{Segment, Term};
use crate::explain::words::{Phrase, padded, phrase, width};
use crate::expression::TextStyle;

impl Explanation {
    /// The verdicts as aligned lines, and a summary.
    pub fn answers_text(&self, judged: &[Judged], format: &TextFormat) -> String {
        let name = |one: &Judged| {
            let symbol = self.derivation.symbol(one.answer.id);
            if format.ascii { symbol.key() } else { symbol.text() }
        };
        let names = judged.iter().map(|j| width(&name(j))).max().unwrap_or(0);
        let values = judged.iter().map(|j| width(&j.answer.written.text)).max().unwrap_or(0);
        let mut text = String::new();
        for one in judged {
            let (mark, words) = self.words(one, judged, format);
            let [start, end] = match (&one.verdict, format.colours) {
                (_, false) => ["", ""],
                (Verdict::Wrong(_), true) => ["\x1b[31m", "\x1b[0m"],
                (Verdict::Follows(_), true) => ["\x1b[33m", "\x1b[0m"],
                (_, true) => ["\x1b[32m", "\x1b[0m"],
            };
            let mark = match (format.ascii, mark) {
                (false, mark) => mark,
                (true, "✓") => "ok",
                (true, "✗") => "no",
                (true, other) => other,
            };
            let line = format!(
                "  {}  {}  {start}{mark}{end} {}",
                padded(&name(one), names),
                padded(&one.answer.written.text, values),
                words.text(format.language)
            );
            text += &format!("{}\n", line.trim_end());
        }
        let (right, total) = (judged.iter().filter(|j| j.is_right()).count(), judged.len());
        let follow = judged.iter().filter(|j| matches!(j.verdict, Verdict::Follows(_))).count();
        let wrong = total - right - follow;
        let summary = phrase!(
            "{right} of {total} right, {wrong} wrong, {follow} follow from wrong ones",
            "{total} 個中 {right} 個が正解、{wrong} 個が誤り、{follow} 個はその誤りが伝わったもの"
        );
        text + &format!("\n  {}\n", summary.text(format.language))
    }

    /// The mark and the words of a verdict.
    fn words(&self, one: &Judged, all: &[Judged], format: &TextFormat) -> (&'static str, Phrase) {
        // As many digits as were written, so that both can be compared.
        let digits = Digits { count: one.answer.written.digits.clamp(3, 15) };
        let number = |value: f64| if format.ascii { digits.rounded_decimal(value) } else { digits.rounded_text(value) };
        let symbol = |id| {
            let symbol = self.derivation.symbol(id);
            if format.ascii { symbol.key() } else { symbol.text() }
        };
        let expected = number(one.expected);
        match &one.verdict {
            Verdict::Right => ("✓", Phrase::default()),
            Verdict::Cut => {
                ("✓", phrase!("cut off rather than rounded; rounded it is {expected}", "切り捨てです。四捨五入なら {expected}"))
            }
            Verdict::RightFromRounded => {
                let factors = self.factors(one.answer.id, all, digits).map_or(String::new(), |f| format!(" {f}"));
                (
                    "✓",
                    phrase!(
                        "from your rounded factors{factors}   (full precision: {expected})",
                        "丸めた数どうしの計算{factors} として正しい   (丸めなければ {expected})"
                    ),
                )
            }
            Verdict::Follows(sources) => {
                let names: Vec<String> = sources.iter().map(|&id| symbol(id)).collect();
                let names = names.join(", ");
                (
                    "–",
                    phrase!(
                        "follows from {names}; check again after correcting it.",
                        "{names} の誤りが伝わった値です。直してから再計算してください。"
                    ),
                )
            }
            Verdict::Wrong(None) => ("✗", phrase!("expected {expected}", "正しくは {expected}")),
            Verdict::Wrong(Some(slip)) => ("✗", phrase!("expected {expected}: ", "正しくは {expected}。").and(slip)),
        }
    }

    /// The numbers that the result was calculated from, as they were written: `2.183·0.6457`.
    fn factors(&self, id: usize, all: &[Judged], digits: Digits) -> Option<String> {
        let line = self.lines().line(id)?;
        let numbers = line.segments.iter().find_map(|s| match s {
            Segment::Numbers(expression) => Some(expression),
            _ => None,
        })?;
        let leaf = |term: &Term| match term {
            Term::Quantity(id) => match all.iter().find(|j| j.answer.id == *id) {
                Some(judged) => judged.answer.written.text.replace('-', "−"),
                None => digits.text(self.derivation.value(*id)),
            },
            Term::Value(value) | Term::Rest { value, .. } => digits.text(*value),
        };
        let text = numbers.text(TextStyle::Wordless, &leaf);
        (width(&text) <= 40).then_some(text)
    }

    /// The verdicts as one JSON object.
    pub fn answers_json(&self, judged: &[Judged], format: &TextFormat) -> Value {
        let one = |j: &Judged| {
            let (verdict, slip, follows) = match &j.verdict {
                Verdict::Right => ("right", None, Vec::new()),
                Verdict::Cut => ("cut", None, Vec::new()),
                Verdict::RightFromRounded => ("right from rounded", None, Vec::new()),
                Verdict::Follows(ids) => ("follows", None, ids.iter().map(|&id| self.derivation.symbol(id).key()).collect()),
                Verdict::Wrong(slip) => ("wrong", slip.as_ref().map(|s| s.text(format.language)), Vec::new()),
            };
            json!({
                "name": self.derivation.symbol(j.answer.id).key(),
                "line": j.answer.line,
                "written": j.answer.written.text,
                "expected": j.expected,
                "verdict": verdict,
                "slip": slip,
                "follows_from": follows,
            })
        };
        let right = judged.iter().filter(|j| j.is_right()).count();
        json!({"right": right, "of": judged.len(), "answers": judged.iter().map(one).collect::<Vec<_>>()})
    }
}
