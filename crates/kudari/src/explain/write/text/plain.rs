//! The keyboard's signs.

/// The keyboard's signs for what is left of others.
pub(super) fn plain(text: &str) -> String {
    let words = |sign: char| {
        Some(match sign {
            '†' => "(!)",
            '≈' => "~",
            '−' | '─' | '–' => "-",
            '·' => "*",
            '→' => "->",
            '←' => "<-",
            '≤' => "<=",
            '≥' => ">=",
            'η' => "eta",
            'Σ' => "sum ",
            'Π' => "product ",
            '√' => "sqrt ",
            '∞' => "inf",
            'α' => "alpha",
            'β' => "beta",
            'γ' => "gamma",
            'δ' | 'Δ' => "delta",
            'ε' => "epsilon",
            'θ' => "theta",
            'κ' => "kappa",
            'λ' => "lambda",
            'μ' => "mu",
            'π' => "pi",
            'ρ' => "rho",
            'τ' => "tau",
            'ω' => "omega",
            '\u{302}' => "hat",
            'σ' => "sigmoid",
            '½' => "1/2 ",
            '¼' => "1/4 ",
            '¾' => "3/4 ",
            '∂' => "d",
            '′' => "'",
            '‖' => "||",
            '⎡' | '⎢' | '⎣' => "[",
            '⎤' | '⎥' | '⎦' => "]",
            '⋯' | '…' => "...",
            '⋮' => ":",
            'ᵀ' => "^T",
            '⊙' => "(*)",
            '×' => "x",
            '┐' | '┘' | '┤' | '┬' | '┼' => "+",
            '⁽' | '⁾' => "",
            'ˡ' => "l",
            'ᵢ' => "_i",
            'ⱼ' => "_j",
            'ₖ' => "_k",
            'ₙ' => "_n",
            'ᵣ' => "_r",
            'ₜ' => "_t",
            'ᵗ' => "^t",
            '₊' => "+",
            '₋' => "-",
            '²' => "^2",
            '³' => "^3",
            '⁻' => "^-",
            _ => return None,
        })
    };
    const RAISED: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    const LOWERED: &str = "₀₁₂₃₄₅₆₇₈₉";
    let digit = |sign: char| RAISED.chars().position(|c| c == sign).or_else(|| LOWERED.chars().position(|c| c == sign));
    let mut plain = String::new();
    for sign in text.chars() {
        match (words(sign), digit(sign)) {
            (Some(words), _) => plain += words,
            (None, Some(digit)) => plain += &digit.to_string(),
            (None, None) => plain.push(sign),
        }
    }
    plain
}
