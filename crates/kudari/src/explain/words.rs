//! Words in English and Japanese.

use std::fmt::Write;

use crate::error::{Error, ErrorKind, Result};

/// The language of an explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Japanese.
    Japanese,
}

impl Language {
    /// The code by which pages name it: `en` or `ja`.
    pub fn code(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Japanese => "ja",
        }
    }

    /// The language of this code.
    ///
    /// # Errors
    ///
    /// Neither `en` nor `ja`.
    pub fn named(code: &str) -> Result<Language> {
        [Language::English, Language::Japanese].into_iter().find(|l| l.code() == code).ok_or_else(|| {
            Error::new(ErrorKind::Value, format!("there is no language `{code}`")).help("the languages are en and ja")
        })
    }
}

/// The same words in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Phrase {
    /// In English.
    pub english: String,
    /// In Japanese.
    pub japanese: String,
}

impl Phrase {
    /// A phrase.
    pub fn new(english: impl Into<String>, japanese: impl Into<String>) -> Phrase {
        Phrase { english: english.into(), japanese: japanese.into() }
    }

    /// Signs that are the same in every language.
    pub fn same(text: impl Into<String>) -> Phrase {
        let text = text.into();
        Phrase { japanese: text.clone(), english: text }
    }

    /// The words in one of the languages.
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::English => &self.english,
            Language::Japanese => &self.japanese,
        }
    }

    /// This phrase and another behind it.
    #[must_use]
    pub fn and(mut self, other: &Phrase) -> Phrase {
        self.english += &other.english;
        self.japanese += &other.japanese;
        self
    }
}

/// Whole phrases with several numbers in them.
macro_rules! phrase {
    ($english:literal, $japanese:literal $(, $argument:expr)* $(,)?) => {
        $crate::explain::words::Phrase::new(format!($english $(, $argument)*), format!($japanese $(, $argument)*))
    };
}
pub(super) use phrase;

/// How wide a text is on a terminal, where Japanese signs take two columns.
pub fn width(text: &str) -> usize {
    let wide = |c: char| matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}');
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

/// The text with spaces behind it, up to this many columns.
pub fn padded(text: &str, columns: usize) -> String {
    let mut padded = text.to_string();
    let _ = write!(padded, "{:spaces$}", "", spaces = columns.saturating_sub(width(text)));
    padded
}

/// What a loss of the training commands computes, and what it divides by: the convention is stated before the numbers.
pub(super) fn loss_convention(name: &str) -> Phrase {
    match name {
        "sum_squared_error" => phrase!("the ½ is included; a sum, divided by nothing", "½ を含む。和のまま(割らない)"),
        "mean_squared_error" => {
            phrase!("no ½; divided by the number n of outputs and samples", "½ なし。出力とデータの個数 n で割る")
        }
        "mean_absolute_error" => phrase!("divided by the number n of outputs and samples", "出力とデータの個数 n で割る"),
        "softmax_cross_entropy" => {
            phrase!("p = softmax(y); divided by the number n of samples", "p = softmax(y)。データの個数 n で割る")
        }
        "cross_entropy" => phrase!("y are probabilities; divided by the number n of samples", "y は確率。データの個数 n で割る"),
        "sigmoid_cross_entropy" => {
            phrase!("p = σ(y); divided by the number n of outputs and samples", "p = σ(y)。出力とデータの個数 n で割る")
        }
        "binary_cross_entropy" => phrase!(
            "y are probabilities; divided by the number n of outputs and samples",
            "y は確率。出力とデータの個数 n で割る"
        ),
        "focal" => phrase!(
            "p = σ(y), α and γ as given; divided by the number n of outputs and samples",
            "p = σ(y)、α と γ は指定の値。出力とデータの個数 n で割る"
        ),
        "hinge" | "squared_hinge" => phrase!(
            "tₖ is 1 for the right class, else −1; divided by the number n of samples",
            "tₖ は正解のクラスで 1、ほかは −1。データの個数 n で割る"
        ),
        "huber" => phrase!(
            "h(d) = ½d² up to |d| = δ, beyond it δ(|d| − ½δ); divided by the number n of outputs and samples",
            "|d| ≤ δ なら h(d) = ½d²、超えれば δ(|d| − ½δ)。出力とデータの個数 n で割る"
        ),
        "smooth_l1" => phrase!(
            "h(d) = ½d²/β below |d| = β, from there |d| − ½β; divided by the number n of outputs and samples",
            "|d| < β なら h(d) = ½d²/β、以上なら |d| − ½β。出力とデータの個数 n で割る"
        ),
        "log_cosh" => phrase!("divided by the number n of outputs and samples", "出力とデータの個数 n で割る"),
        _ => Phrase::default(),
    }
}

/// The formula of a loss with the letters of an explanation.
pub(super) fn loss_formula(name: &str) -> &'static str {
    match name {
        "sum_squared_error" => "E = ½ Σₖ (yₖ − tₖ)²",
        "mean_squared_error" => "E = Σₖ (yₖ − tₖ)² / n",
        "mean_absolute_error" => "E = Σₖ |yₖ − tₖ| / n",
        "softmax_cross_entropy" => "E = −Σₖ tₖ ln pₖ / n",
        "cross_entropy" => "E = −Σₖ tₖ ln yₖ / n",
        "sigmoid_cross_entropy" => "E = −Σₖ (tₖ ln pₖ + (1 − tₖ) ln(1 − pₖ)) / n",
        "binary_cross_entropy" => "E = −Σₖ (tₖ ln yₖ + (1 − tₖ) ln(1 − yₖ)) / n",
        "focal" => "E = −Σₖ (α tₖ (1 − pₖ)^γ ln pₖ + (1 − α)(1 − tₖ) pₖ^γ ln(1 − pₖ)) / n",
        "hinge" => "E = Σₖ max(0, 1 − yₖtₖ) / n",
        "squared_hinge" => "E = Σₖ max(0, 1 − yₖtₖ)² / n",
        "huber" | "smooth_l1" => "E = Σₖ h(yₖ − tₖ) / n",
        "log_cosh" => "E = Σₖ ln cosh(yₖ − tₖ) / n",
        _ => "E",
    }
}
