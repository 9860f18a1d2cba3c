//! The one error type: what is wrong, and what to do about it.

use std::fmt;

/// The result of everything here that can be given a wrong number, range or path.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One line that says what is wrong and where, and one that says what to do.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    what: String,
    help: String,
}

impl Error {
    /// An error; `what` says in one line what is wrong and where.
    pub fn new(what: impl Into<String>) -> Self {
        Error { what: what.into(), help: String::new() }
    }

    /// Adds the line that says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// The line that says what is wrong and where.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The line that says what to do; empty where `what` says it all.
    pub fn what_to_do(&self) -> &str {
        &self.help
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if !self.help.is_empty() {
            write!(f, "\nhelp: {}", self.help)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}
