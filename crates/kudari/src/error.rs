//! The one error type: what was asked, what was found, where, and what to do.
//!
//! An error is two lines. The first says what is wrong and where; the second, where there is something
//! to say, what to do about it. Context (a layer's name, a file) is put in front as the error travels up.

use std::fmt;

/// The result of everything in kudari that can be given a wrong shape, type, file or number.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong, for programs that react to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Shapes do not fit each other, or an axis or index is out of range.
    Shape,
    /// An array holds another type of number than the one that is needed.
    DType,
    /// A number or setting is outside the values that make sense.
    Value,
    /// A network, optimizer or initialiser is written in a way that cannot be understood.
    Notation,
    /// A file cannot be read or written.
    Io,
    /// A file was read but is not what it should be.
    Format,
    /// A NaN or an infinity appeared where finite numbers are needed.
    NonFinite,
    /// A derivative was asked for that does not exist.
    Gradient,
}

/// An error with its kind, a line that says what is wrong and where, and a line that says what to do.
#[derive(Clone)]
pub struct Error(Box<Details>);

#[derive(Clone)]
struct Details {
    kind: ErrorKind,
    what: String,
    excerpt: String,
    help: String,
}

impl Error {
    /// An error of `kind`; `what` says in one line what is wrong and where.
    pub fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Error(Box::new(Details { kind, what: what.into(), excerpt: String::new(), help: String::new() }))
    }

    /// Adds the line that says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = help.into();
        self
    }

    /// Adds the user's line with a mark under `length` characters from `column` (from 0).
    #[must_use]
    pub fn excerpt(mut self, line: &str, column: usize, length: usize) -> Self {
        self.0.excerpt = format!("{line}\n{:column$}{:^<length$}", "", "", length = length.max(1));
        self
    }

    /// Puts where it happened in front: `layer 2 (linear): …`.
    #[must_use]
    pub fn context(mut self, place: impl fmt::Display) -> Self {
        self.0.what = format!("{place}: {}", self.0.what);
        self
    }

    /// The kind of error.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The line that says what is wrong and where.
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// The user's line with the wrong place marked; empty where there is none.
    pub fn marked_excerpt(&self) -> &str {
        &self.0.excerpt
    }

    /// The line that says what to do; empty where `what` says it all.
    pub fn what_to_do(&self) -> &str {
        &self.0.help
    }

    pub(crate) fn shape(what: impl Into<String>) -> Self {
        Error::new(ErrorKind::Shape, what)
    }

    pub(crate) fn dtype(what: impl Into<String>) -> Self {
        Error::new(ErrorKind::DType, what)
    }

    pub(crate) fn value(what: impl Into<String>) -> Self {
        Error::new(ErrorKind::Value, what)
    }

    pub(crate) fn format(what: impl Into<String>) -> Self {
        Error::new(ErrorKind::Format, what)
    }

    /// An input/output error at `path`.
    pub fn io(path: &std::path::Path, error: &std::io::Error) -> Self {
        let help = match error.kind() {
            std::io::ErrorKind::NotFound => "check the path",
            std::io::ErrorKind::PermissionDenied => "choose a place that you may read and write",
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                "free some space or choose another place; what was written before is unchanged"
            }
            std::io::ErrorKind::FileTooLarge => "choose a place without this size limit; what was written before is unchanged",
            _ => "",
        };
        Error::new(ErrorKind::Io, format!("{}: {error}", path.display())).help(help)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.what)?;
        for line in self.0.excerpt.lines() {
            write!(f, "\n    {line}")?;
        }
        if !self.0.help.is_empty() {
            write!(f, "\n  help: {}", self.0.help)?;
        }
        Ok(())
    }
}

// `main() -> Result<()>` prints errors with Debug: it should read as well as Display.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}
