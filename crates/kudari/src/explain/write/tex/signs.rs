//! The signs of phrases and formulas in LaTeX: `w⁽ˡ⁾ᵢⱼ` becomes `w^{(l)}_{ij}`.

use crate::explain::symbol::latex_function;

/// Raised signs and what they are.
const RAISED: [(char, &str); 17] = [
    ('⁰', "0"),
    ('¹', "1"),
    ('²', "2"),
    ('³', "3"),
    ('⁴', "4"),
    ('⁵', "5"),
    ('⁶', "6"),
    ('⁷', "7"),
    ('⁸', "8"),
    ('⁹', "9"),
    ('⁺', "+"),
    ('⁻', "-"),
    ('⁽', "("),
    ('⁾', ")"),
    ('ˡ', "l"),
    ('ⁿ', "n"),
    ('ᵀ', "\\mathsf{T}"),
];

/// Lowered signs and what they are.
const LOWERED: [(char, &str); 18] = [
    ('₀', "0"),
    ('₁', "1"),
    ('₂', "2"),
    ('₃', "3"),
    ('₄', "4"),
    ('₅', "5"),
    ('₆', "6"),
    ('₇', "7"),
    ('₈', "8"),
    ('₉', "9"),
    ('ᵢ', "i"),
    ('ⱼ', "j"),
    ('ₖ', "k"),
    ('ₙ', "n"),
    ('ₜ', "t"),
    ('₋', "-"),
    ('₊', "+"),
    ('ᵣ', "r"),
];

/// Other signs of mathematics.
const SIGNS: [(char, &str); 37] = [
    ('−', "-"),
    ('·', "\\cdot"),
    ('×', "\\times"),
    ('⊙', "\\odot"),
    ('±', "\\pm"),
    ('→', "\\to"),
    ('←', "\\leftarrow"),
    ('≈', "\\approx"),
    ('≤', "\\le"),
    ('≥', "\\ge"),
    ('≠', "\\ne"),
    ('½', "\\tfrac{1}{2}"),
    ('¼', "\\tfrac{1}{4}"),
    ('¾', "\\tfrac{3}{4}"),
    ('Σ', "\\sum"),
    ('Π', "\\prod"),
    ('∂', "\\partial"),
    ('∞', "\\infty"),
    ('‖', "\\Vert"),
    ('|', "\\vert"),
    ('′', "'"),
    ('⋯', "\\cdots"),
    ('…', "\\ldots"),
    ('⋮', "\\vdots"),
    ('†', "\\dagger"),
    ('α', "\\alpha"),
    ('β', "\\beta"),
    ('γ', "\\gamma"),
    ('δ', "\\delta"),
    ('Δ', "\\Delta"),
    ('ε', "\\varepsilon"),
    ('η', "\\eta"),
    ('θ', "\\theta"),
    ('λ', "\\lambda"),
    ('μ', "\\mu"),
    ('π', "\\pi"),
    ('σ', "\\sigma"),
];

fn of<'a>(table: &[(char, &'a str)], sign: char) -> Option<&'a str> {
    table.iter().find(|(c, _)| *c == sign).map(|(_, latex)| *latex)
}

/// Whether a sign belongs to mathematics wherever it stands.
pub fn is_mathematical(sign: char) -> bool {
    matches!(sign, '√' | '^' | '=' | '<' | '>') || [&RAISED[..], &LOWERED, &SIGNS].iter().any(|table| of(table, sign).is_some())
}

/// A formula in Unicode's signs, as LaTeX's mathematics: `E = ½ Σₖ (yₖ − tₖ)²`, `e^(−x)`, `√(2/π)`, `−2.827·10⁻⁵`.
pub fn formula(text: &str) -> String {
    let signs: Vec<char> = text.chars().collect();
    let mut reader = Reader { signs: &signs, at: 0 };
    let mut latex = String::new();
    while reader.at < signs.len() {
        let next = reader.next();
        // A command ends where no letter follows.
        let ends_in_command = latex.rfind('\\').is_some_and(|at| latex[at + 1..].chars().all(|c| c.is_ascii_alphabetic()));
        if ends_in_command && next.starts_with(|c: char| c.is_ascii_alphabetic()) {
            latex.push(' ');
        }
        latex += &next;
    }
    latex.trim().to_string()
}

struct Reader<'a> {
    signs: &'a [char],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> char {
        self.signs.get(self.at).copied().unwrap_or('\0')
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let start = self.at;
        while self.at < self.signs.len() && belongs(self.peek()) {
            self.at += 1;
        }
        self.signs[start..self.at].iter().collect()
    }

    /// The LaTeX of what stands next.
    fn next(&mut self) -> String {
        let sign = self.peek();
        if of(&RAISED, sign).is_some() {
            let raised = self.take_while(|c| of(&RAISED, c).is_some());
            return format!("^{{{}}}", raised.chars().filter_map(|c| of(&RAISED, c)).collect::<String>());
        }
        if of(&LOWERED, sign).is_some() {
            return self.lowered();
        }
        if sign.is_ascii_digit() {
            return self.number();
        }
        if sign.is_ascii_alphabetic() {
            return self.word();
        }
        if sign == ' ' {
            return if self.take_while(|c| c == ' ').len() > 1 { "\\quad ".to_string() } else { " ".to_string() };
        }
        self.at += 1;
        match (sign, of(&SIGNS, sign)) {
            (_, Some(latex)) => latex.to_string(),
            ('^', _) => format!("^{{{}}}", self.operand()),
            ('√', _) => format!("\\sqrt{{{}}}", self.operand()),
            ('{' | '}' | '_' | '%' | '#' | '&' | '$', _) => format!("\\{sign}"),
            ('\\', _) => "\\backslash".to_string(),
            (sign, _) if sign.is_ascii() => sign.to_string(),
            _ => {
                self.at -= 1;
                format!("\\text{{{}}}", self.take_while(|c| !c.is_ascii() && !is_mathematical(c)))
            }
        }
    }

    /// Indices, also with a comma between them.
    fn lowered(&mut self) -> String {
        let mut index = String::new();
        loop {
            let comma = self.peek() == ',' && self.signs.get(self.at + 1).is_some_and(|&c| of(&LOWERED, c).is_some());
            match of(&LOWERED, self.peek()) {
                Some(sign) => index += sign,
                None if comma => index.push(','),
                None => return format!("_{{{index}}}"),
            }
            self.at += 1;
        }
    }

    /// `3.14`, and `1e−5` as a product with a power of ten.
    fn number(&mut self) -> String {
        let mut number = self.take_while(|c| c.is_ascii_digit() || c == '.');
        let start = self.at;
        if self.peek() == 'e' {
            self.at += 1;
            let sign = self.take_while(|c| matches!(c, '−' | '-')).replace('−', "-");
            let exponent = self.take_while(|c| c.is_ascii_digit());
            match exponent.is_empty() {
                true => self.at = start,
                false => number += &format!("\\cdot 10^{{{sign}{exponent}}}"),
            }
        }
        number
    }

    /// A letter, a function, letters that are multiplied, or a word.
    fn word(&mut self) -> String {
        const SHORT: [&str; 7] = ["if", "or", "of", "at", "in", "by", "to"];
        let word = self.take_while(|c| c.is_ascii_alphabetic());
        let function = latex_function(&word);
        match word.len() {
            1 => word,
            _ if matches!(self.peek(), '(' | '′') || function == format!("\\{word}") => function,
            2 if !SHORT.contains(&word.as_str()) => word,
            _ => {
                let space = self.take_while(|c| c == ' ');
                format!("\\text{{ {word}{space}}}")
            }
        }
    }

    /// What an exponent or a root reaches: a parenthesis, or a number or letter with its sign and indices.
    fn operand(&mut self) -> String {
        let start = self.at;
        if self.peek() == '(' {
            let mut open = 0;
            while self.at < self.signs.len() {
                open += match self.peek() {
                    '(' => 1,
                    ')' => -1,
                    _ => 0,
                };
                self.at += 1;
                if open == 0 {
                    let inside: String = self.signs[start + 1..self.at - 1].iter().collect();
                    return formula(&inside);
                }
            }
            self.at = start;
        }
        let sign = self.take_while(|c| c == '−');
        let raised = |c| of(&RAISED, c).is_some() || of(&LOWERED, c).is_some();
        let operand = match self.peek() {
            c if c.is_ascii_alphanumeric() => self.take_while(|c| c.is_ascii_alphanumeric() || c == '.'),
            _ => {
                self.at = (self.at + 1).min(self.signs.len());
                self.signs[self.at - 1].to_string()
            }
        };
        let scripts = self.take_while(raised);
        formula(&format!("{sign}{operand}{scripts}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_in_unicode_become_latex() {
        assert_eq!(formula("E = ½ Σₖ (yₖ − tₖ)²"), "E = \\tfrac{1}{2} \\sum_{k} (y_{k} - t_{k})^{2}");
        assert_eq!(formula("w⁽ˡ⁾ᵢⱼ"), "w^{(l)}_{ij}");
        assert_eq!(formula("x₄₃₇,₂[3]"), "x_{437,2}[3]");
        assert_eq!(formula("−2.827·10⁻⁵"), "-2.827\\cdot10^{-5}");
        assert_eq!(formula("h = 1e−5"), "h = 1\\cdot 10^{-5}");
        assert_eq!(formula("e^(−x²/2)/√(2π)"), "e^{-x^{2}/2}/\\sqrt{2\\pi}");
        assert_eq!(formula("e^−a"), "e^{-a}");
        assert_eq!(formula("−Σₖ tₖ ln pₖ / n"), "-\\sum_{k} t_{k} \\ln p_{k} / n");
        assert_eq!(formula("p = softmax(y)"), "p = \\operatorname{softmax}(y)");
        assert_eq!(formula("‖∂E/∂W⁽¹⁾‖"), "\\Vert\\partial E/\\partial W^{(1)}\\Vert");
        assert_eq!(formula("σ(x)xᵀ"), "\\sigma(x)x^{\\mathsf{T}}");
    }

    #[test]
    fn every_formula_of_the_registry_becomes_ascii() {
        for entry in crate::functions::registry() {
            for text in [entry.formula, entry.derivative] {
                let latex = formula(text);
                assert!(latex.is_ascii(), "{text} → {latex}");
                assert_eq!(latex.matches('{').count(), latex.matches('}').count(), "{latex}");
            }
        }
    }
}
