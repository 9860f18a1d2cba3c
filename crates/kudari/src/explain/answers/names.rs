//! The ways in which people type the names of numbers.

use std::collections::HashMap;

use crate::error::{Error, ErrorKind, Result};
use crate::explain::derivation::{Derivation, Id, Origin};

/// Every name under which a number of a derivation may be typed.
pub(super) struct Names<'a> {
    derivation: &'a Derivation,
    /// Names with their separators; a name that two numbers share has both.
    exact: HashMap<String, Vec<Id>>,
    /// The same without separators: `dedw211`.
    loose: HashMap<String, Vec<Id>>,
}

/// Typed signs and what they stand for: the keyboard's.
const SIGNS: [(&str, &str); 14] = [
    ("∂", "d"),
    ("δ", "delta"),
    ("Δ", "delta"),
    ("′", "'"),
    ("’", "'"),
    ("η", "eta"),
    ("⁽", ""),
    ("⁾", "_"),
    ("^(", ""),
    (")_", "_"),
    ("^", ""),
    ("{", ""),
    ("}", ""),
    (" ", ""),
];

fn plain(name: &str) -> String {
    let mut text = name.to_string();
    for (sign, keys) in SIGNS {
        text = text.replace(sign, keys);
    }
    let digit = |c: char| match c {
        '⁰' | '₀' => '0',
        '¹' | '₁' => '1',
        '²' | '₂' => '2',
        '³' | '₃' => '3',
        '⁴' | '₄' => '4',
        '⁵' | '₅' => '5',
        '⁶' | '₆' => '6',
        '⁷' | '₇' => '7',
        '⁸' | '₈' => '8',
        '⁹' | '₉' => '9',
        other => other,
    };
    text.chars().map(digit).collect::<String>().to_lowercase()
}

fn without_separators(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric() || *c == '\'' || *c == '/').collect()
}

impl<'a> Names<'a> {
    pub(super) fn new(derivation: &'a Derivation) -> Names<'a> {
        let mut names = Names { derivation, exact: HashMap::new(), loose: HashMap::new() };
        for block in &derivation.blocks {
            for id in block.ids() {
                for name in names.aliases(id, block.origin) {
                    let loose = without_separators(&name);
                    names.exact.entry(name).or_default().push(id);
                    names.loose.entry(loose).or_default().push(id);
                }
            }
        }
        names
    }

    /// How a number may be called, in the keyboard's signs and small letters.
    fn aliases(&self, id: Id, origin: Origin) -> Vec<String> {
        let key = plain(&self.derivation.symbol(id).key());
        let of = |rest: &str| {
            let heads = ["de/d", "de/", "d", "de_d", "ded", "dl/d", "grad", "grad_"];
            heads.iter().map(|head| format!("{head}{rest}")).collect::<Vec<_>>()
        };
        match origin {
            // The given weight has the name of the new one: whoever writes it down means the new one.
            Origin::Parameter(_) | Origin::Given | Origin::Input => Vec::new(),
            Origin::State(..) => vec![key],
            Origin::Updated(_) => {
                let name = key.trim_start_matches("new").to_string();
                vec![format!("new{name}"), format!("{name}'"), format!("{name}new"), name]
            }
            Origin::Gradient(of_block) => {
                let at = id - self.derivation.blocks[self.derivation.locate(id).0].first;
                let variable = plain(&self.derivation.symbol(self.derivation.blocks[of_block].first + at).key());
                let mut names = of(&variable);
                if let Some(rest) = key.strip_prefix("delta") {
                    names.extend([key.clone(), format!("d{rest}"), format!("del{rest}")]);
                }
                names
            }
            Origin::Slope(step) => {
                let argument = key.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
                let letter = self.derivation.function_letter(step);
                vec![
                    key.clone(),
                    format!("{letter}'_{argument}"),
                    format!("h'({argument})"),
                    format!("slope_{argument}"),
                    format!("h'{argument}"),
                ]
            }
            Origin::Result(_) if key == "e" => ["e", "l", "loss", "error"].map(str::to_string).to_vec(),
            Origin::Result(_) | Origin::Part(..) => vec![key],
        }
    }

    /// The number that a name means.
    pub(super) fn find(&self, name: &str) -> Result<Id> {
        let typed = plain(name);
        let hits = self.exact.get(&typed).or_else(|| self.loose.get(&without_separators(&typed)));
        let mut hits = hits.cloned().unwrap_or_default();
        hits.dedup();
        match hits[..] {
            [id] => Ok(id),
            [] => {
                let fail = Error::new(ErrorKind::Value, format!("there is no number `{name}` in this calculation"));
                let nearest =
                    self.exact.iter().map(|(known, ids)| (strsim::damerau_levenshtein(&typed, known), known, ids)).min();
                let guess = nearest.filter(|n| n.0 <= 2).map(|(_, _, ids)| self.derivation.symbol(ids[0]));
                let guess =
                    guess.map_or(String::new(), |symbol| format!("did you mean {}, typed {}? ", symbol.text(), symbol.key()));
                Err(fail.help(format!("{guess}names are typed as in z1, a1_2, delta2_1, dE/dw2_11, h'(a1_1), E")))
            }
            _ => {
                let names: Vec<String> = hits.iter().map(|&id| self.derivation.symbol(id).key()).collect();
                Err(Error::new(ErrorKind::Value, format!("`{name}` may mean {}", names.join(" or ")))
                    .help("write it like one of these"))
            }
        }
    }
}
