//! Sentences with formulas in them, taken apart.

use super::signs::{formula, is_mathematical};
use crate::expression::Expression;

/// A part of a sentence.
#[derive(Debug, Clone, PartialEq)]
pub enum Fragment {
    /// Words, to be escaped.
    Words(String),
    /// A formula in LaTeX.
    Math(String),
    /// A wide space.
    Gap,
}

/// What a word of a sentence is.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Words,
    Number,
    Operator,
    Math,
}

/// A word with the punctuation around it, and how many spaces stand before it.
struct Word {
    spaces: usize,
    before: String,
    body: String,
    after: String,
    kind: Kind,
}

/// The words and formulas of a sentence.
pub fn prose(text: &str) -> Vec<Fragment> {
    let mut words = split(text);
    // Numbers beside an operator belong to its formula: η = 0.1.
    for i in 0..words.len() {
        let near = |a: &Word, b: &Word| a.after.is_empty() && b.before.is_empty() && b.spaces == 1;
        let left = i > 0 && words[i - 1].kind == Kind::Operator && near(&words[i - 1], &words[i]);
        let right = i + 1 < words.len() && words[i + 1].kind == Kind::Operator && near(&words[i], &words[i + 1]);
        if words[i].kind == Kind::Number && (left || right) {
            words[i].kind = Kind::Math;
        }
    }
    let mut fragments: Vec<Fragment> = Vec::new();
    let mut run = String::new();
    for word in words {
        let is_math = matches!(word.kind, Kind::Math | Kind::Operator);
        let goes_on = is_math && !run.is_empty() && word.before.is_empty() && word.spaces == 1;
        if !goes_on {
            flush(&mut run, &mut fragments);
        }
        match word.spaces {
            0 => {}
            _ if goes_on => run.push(' '),
            1 => push(&mut fragments, " "),
            _ => fragments.push(Fragment::Gap),
        }
        push(&mut fragments, &word.before);
        match is_math {
            true => run += &word.body,
            false => push(&mut fragments, &word.body),
        }
        if !word.after.is_empty() {
            flush(&mut run, &mut fragments);
            push(&mut fragments, &word.after);
        }
    }
    flush(&mut run, &mut fragments);
    fragments
}

/// A setting as formula or, where it has words, as a sentence.
pub fn setting(text: &str) -> Vec<Fragment> {
    let has_words = text.split(|c: char| !c.is_ascii_alphabetic()).any(|word| word.len() > 2);
    match text.split_once(" = ") {
        // What can be read as a formula is set as one: fractions, cases.
        Some((name, right)) if name.contains('(') => {
            let parsed = Expression::parse(right);
            let latex = parsed.map_or_else(|_| formula(right), |e| e.latex(&|letter| formula(letter)));
            vec![Fragment::Math(format!("{} = {latex}", formula(name)))]
        }
        Some((name, list)) if list.starts_with('(') && list.contains(", ") => {
            let mut fragments = vec![Fragment::Math(format!("{} =", formula(name))), Fragment::Words(" ".to_string())];
            fragments.extend(prose(list));
            fragments
        }
        None if has_words => prose(text),
        _ => vec![Fragment::Math(formula(text))],
    }
}

fn flush(run: &mut String, fragments: &mut Vec<Fragment>) {
    if !run.is_empty() {
        fragments.push(Fragment::Math(formula(run)));
        run.clear();
    }
}

fn push(fragments: &mut Vec<Fragment>, text: &str) {
    match fragments.last_mut() {
        _ if text.is_empty() => {}
        Some(Fragment::Words(words)) => *words += text,
        _ => fragments.push(Fragment::Words(text.to_string())),
    }
}

fn split(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let (mut spaces, mut current) = (0, String::new());
    let finish = |spaces: &mut usize, current: &mut String, words: &mut Vec<Word>| {
        if !current.is_empty() {
            words.push(word(*spaces, current));
            (*spaces, *current) = (0, String::new());
        }
    };
    for sign in text.chars() {
        let foreign = !sign.is_ascii() && !is_mathematical(sign);
        let was_foreign = current.chars().last().is_some_and(|c| !c.is_ascii() && !is_mathematical(c));
        if sign.is_whitespace() && sign != '\u{3000}' {
            finish(&mut spaces, &mut current, &mut words);
            // A line's end is one space, whatever follows.
            spaces = if sign == '\n' || spaces == usize::MAX { usize::MAX } else { spaces + 1 };
            continue;
        }
        spaces = if spaces == usize::MAX { 1 } else { spaces };
        if foreign != was_foreign {
            finish(&mut spaces, &mut current, &mut words);
        }
        current.push(sign);
    }
    finish(&mut spaces, &mut current, &mut words);
    words
}

/// The word without the punctuation that is not part of it.
fn word(spaces: usize, text: &str) -> Word {
    let mut body = text;
    let (mut before, mut after) = (String::new(), String::new());
    while let Some(rest) = body.strip_prefix('(').filter(|rest| rest.matches(')').count() <= rest.matches('(').count()) {
        before.push('(');
        body = rest;
    }
    loop {
        let unmatched = body.matches(')').count() > body.matches('(').count();
        match body.chars().last() {
            Some(sign) if matches!(sign, ',' | '.' | ';' | ':') || sign == ')' && unmatched => {
                after.insert(0, sign);
                body = &body[..body.len() - 1];
            }
            _ => break,
        }
    }
    Word { spaces, before, body: body.to_string(), after, kind: kind(body) }
}

fn kind(body: &str) -> Kind {
    let mut signs = body.chars();
    let called = body.split_once('(').is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic()));
    match (signs.next(), signs.next()) {
        (Some('+'), None) => Kind::Operator,
        (Some(sign), None) if is_mathematical(sign) && !sign.is_alphabetic() => Kind::Operator,
        // One letter is a number's name, but for the English article and the pronoun.
        (Some(sign), None) if sign.is_ascii_alphabetic() => {
            if matches!(sign, 'a' | 'A' | 'I') {
                Kind::Words
            } else {
                Kind::Math
            }
        }
        _ if body.contains(is_mathematical) || called => Kind::Math,
        _ if !body.is_empty() && body.chars().all(|c| c.is_ascii_digit() || c == '.') => Kind::Number,
        _ => Kind::Words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sentence with its formulas between dollar signs.
    fn marked(text: &str) -> String {
        let mark = |fragment: &Fragment| match fragment {
            Fragment::Words(words) => words.clone(),
            Fragment::Math(math) => format!("${math}$"),
            Fragment::Gap => "   ".to_string(),
        };
        prose(text).iter().map(mark).collect()
    }

    #[test]
    fn formulas_are_found_in_sentences() {
        assert_eq!(marked("goes from unit j to unit i of a layer l"), "goes from unit $j$ to unit $i$ of a layer $l$");
        assert_eq!(marked("With η = 0.05 this step gives E ≈ 0.1788"), "With $\\eta = 0.05$ this step gives $E \\approx 0.1788$");
        assert_eq!(
            marked("E: 10.43 → 0.3833   (forecast −η‖g‖² = −35.37, 0.284 of it)"),
            "$E$: $10.43 \\to 0.3833$   (forecast $-\\eta\\Vert g\\Vert^{2} = -35.37$, 0.284 of it)"
        );
        assert_eq!(marked("p = softmax(y); divided by n"), "$p = \\operatorname{softmax}(y)$; divided by $n$");
        assert_eq!(marked("slope h′: (1, −0.5)"), "slope $h'$: (1, $-0.5$)");
        assert_eq!(marked("0.weight[1,2] is w⁽¹⁾₂₃; f64"), "0.weight[1,2] is $w^{(1)}_{23}$; f64");
        assert_eq!(
            marked("次の ‖∂E/∂W‖ は η = 0.05 なら、p = softmax(y)。"),
            "次の $\\Vert\\partial E/\\partial W\\Vert$ は $\\eta = 0.05$ なら、$p = \\operatorname{softmax}(y)$。"
        );
        assert_eq!(marked("one;\n  two"), "one; two");
    }

    #[test]
    fn settings_are_formulas_where_they_can_be() {
        let math = |text: &str| match &setting(text)[..] {
            [Fragment::Math(math)] => math.clone(),
            other => format!("{other:?}"),
        };
        assert_eq!(math("h(a) = 1/(1 + e^−a)"), "h(a) = \\frac{1}{1 + e^{-a}}");
        assert_eq!(math("h′(a) = z·(1 − z)"), "h'(a) = z\\,(1 - z)");
        assert_eq!(math("E = ½ Σₖ (yₖ − tₖ)²"), "E = \\tfrac{1}{2} \\sum_{k} (y_{k} - t_{k})^{2}");
        assert_eq!(math("w⁽ˡ⁾ᵢⱼ"), "w^{(l)}_{ij}");
    }
}
