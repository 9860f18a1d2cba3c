//! How the network notation is written: words separated by spaces, some with arguments in parentheses, some with layers
//! in them. What the words mean is not known here.

use crate::error::{Error, ErrorKind, Result};

/// A word of the notation with its arguments and its place in the text, in characters.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub name: String,
    pub arguments: Vec<String>,
    /// The layers inside `res( … | … )`, in one or more parts.
    pub parts: Vec<Vec<Word>>,
    pub column: usize,
    pub length: usize,
}

/// The words that have layers in their parentheses.
pub(super) const RESIDUAL: &str = "res";
pub(super) const CHECKPOINT: &str = "checkpoint";
/// Parentheses inside each other at most, and layers in all: a short text may stand for very many.
const DEEPEST: usize = 16;
const MOST: usize = 10_000;

/// Splits the notation into words. `3x( … )` is written out: what is in it stands three times.
pub(super) fn read(text: &str) -> Result<Vec<Word>> {
    let mut reader = Reader { text, characters: text.chars().collect(), at: 0, depth: 0, count: 0 };
    let words = reader.words()?;
    if let Some(&extra) = reader.characters.get(reader.at) {
        return Err(reader.fail(&format!("`{extra}` does not begin a layer"), reader.at));
    }
    if words.is_empty() {
        return Err(
            Error::new(ErrorKind::Notation, "network: there is no layer").help("write e.g. linear(50) sigmoid linear(10)")
        );
    }
    Ok(words)
}

struct Reader<'a> {
    text: &'a str,
    characters: Vec<char>,
    at: usize,
    depth: usize,
    /// Words so far, each as often as it stands in the network.
    count: usize,
}

impl Reader<'_> {
    fn fail(&self, what: &str, column: usize) -> Error {
        Error::new(ErrorKind::Notation, format!("network, column {}: {what}", column + 1))
            .excerpt(self.text, column, 1)
            .help("layers are words separated by spaces, e.g. linear(50) sigmoid linear(10)")
    }

    /// Words up to the end, a `)` or a `|`.
    fn words(&mut self) -> Result<Vec<Word>> {
        let mut words = Vec::new();
        while let Some(&character) = self.characters.get(self.at) {
            if character.is_whitespace() {
                self.at += 1;
            } else if self.depth > 0 && ")|".contains(character) {
                break;
            } else {
                self.word(&mut words)?;
            }
        }
        Ok(words)
    }

    /// One word, or what a repetition stands for.
    fn word(&mut self, words: &mut Vec<Word>) -> Result<()> {
        let start = self.at;
        while self.characters.get(self.at).is_some_and(|&c| c.is_alphanumeric() || "_-".contains(c)) {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.fail(&format!("`{}` does not begin a layer", self.characters[start]), start));
        }
        let name: String = self.characters[start..self.at].iter().collect();
        let opened = self.characters.get(self.at) == Some(&'(');
        let times = name.strip_suffix('x').filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
        match times {
            Some(times) if opened => {
                let times = times.parse().ok().filter(|times| (1..=MOST).contains(times));
                let times = times.ok_or_else(|| self.fail(&format!("a repetition from 1 to {MOST} times"), start))?;
                let before = self.count;
                let [inside] =
                    <[Vec<Word>; 1]>::try_from(self.parts()?).map_err(|_| self.fail("a repetition has no `|`", start))?;
                self.count = before + (self.count - before) * times;
                self.check_count(start)?;
                (0..times).for_each(|_| words.extend(inside.iter().cloned()));
                return Ok(());
            }
            _ => {}
        }
        let (mut arguments, mut parts) = (Vec::new(), Vec::new());
        if opened && [RESIDUAL, CHECKPOINT].contains(&name.as_str()) {
            parts = self.parts()?;
        } else if opened {
            arguments = self.arguments()?;
        }
        self.count += 1;
        self.check_count(start)?;
        words.push(Word { name, arguments, parts, column: start, length: self.at - start });
        Ok(())
    }

    fn check_count(&self, column: usize) -> Result<()> {
        if self.count > MOST { Err(self.fail(&format!("more than {MOST} layers"), column)) } else { Ok(()) }
    }

    /// The layers in parentheses, in parts with `|` between them.
    fn parts(&mut self) -> Result<Vec<Vec<Word>>> {
        let open = self.at;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.fail(&format!("more than {DEEPEST} parentheses inside each other"), open));
        }
        let mut parts = Vec::new();
        loop {
            self.at += 1;
            let from = self.at;
            let part = self.words()?;
            if part.is_empty() {
                return Err(self.fail("there are no layers in this", from.min(self.characters.len() - 1)));
            }
            parts.push(part);
            match self.characters.get(self.at) {
                Some('|') => {}
                Some(_) => break,
                None => return Err(self.fail("`(` is never closed", open)),
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(parts)
    }

    /// The arguments in parentheses, with commas between them.
    fn arguments(&mut self) -> Result<Vec<String>> {
        let open = self.at;
        let Some(length) = self.characters[open..].iter().position(|&c| c == ')') else {
            return Err(self.fail("`(` is never closed", open));
        };
        let inside: String = self.characters[open + 1..open + length].iter().collect();
        if let Some(place) = inside.find('(') {
            return Err(self.fail("`(` inside parentheses", open + 1 + inside[..place].chars().count()));
        }
        self.at = open + length + 1;
        if inside.trim().is_empty() {
            return Ok(Vec::new());
        }
        Ok(inside.split(',').map(|a| a.trim().to_string()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &[Word]) -> Vec<&str> {
        words.iter().map(|word| word.name.as_str()).collect()
    }

    #[test]
    fn words_arguments_and_columns() {
        let words = read("linear( 50 , nobias ) sigmoid").unwrap();
        assert_eq!(words[0].arguments, ["50", "nobias"]);
        assert_eq!((words[1].name.as_str(), words[1].column, words[1].length), ("sigmoid", 22, 7));
    }

    #[test]
    fn layers_inside_layers_and_repetitions() {
        let words = read("conv(8,3) 2x(res(2x(a b) | c) d) e").unwrap();
        assert_eq!(names(&words), ["conv", "res", "d", "res", "d", "e"]);
        assert_eq!(words[1].parts.iter().map(|part| names(part)).collect::<Vec<_>>(), [vec!["a", "b", "a", "b"], vec!["c"]]);
        assert_eq!((words[1].column, words[1].length), (13, 16));
        assert_eq!(names(&read("2x 2x(a)").unwrap()), ["2x", "a", "a"]);
    }

    #[test]
    fn what_cannot_be_read_is_marked() {
        let error = read("linear(50) ;sigmoid").unwrap_err();
        assert_eq!(error.what(), "network, column 12: `;` does not begin a layer");
        assert_eq!(error.marked_excerpt(), "linear(50) ;sigmoid\n           ^");
        for (bad, what) in [
            ("", "network: there is no layer"),
            ("  ", "network: there is no layer"),
            ("linear(50", "network, column 7: `(` is never closed"),
            ("linear((5))", "network, column 8: `(` inside parentheses"),
            ("()", "network, column 1: `(` does not begin a layer"),
            ("a) b", "network, column 2: `)` does not begin a layer"),
            ("a | b", "network, column 3: `|` does not begin a layer"),
            ("res(a", "network, column 4: `(` is never closed"),
            ("res(a |", "network, column 7: there are no layers in this"),
            ("res()", "network, column 5: there are no layers in this"),
            ("0x(a)", "network, column 1: a repetition from 1 to 10000 times"),
            ("2x(a | b)", "network, column 1: a repetition has no `|`"),
            ("200x(200x(a))", "network, column 1: more than 10000 layers"),
            ("99999999999999999999x(a)", "network, column 1: a repetition from 1 to 10000 times"),
        ] {
            assert_eq!(read(bad).unwrap_err().what(), what, "{bad}");
        }
        assert!(read(&"res(".repeat(100_000)).unwrap_err().what().contains("parentheses inside each other"));
    }
}
