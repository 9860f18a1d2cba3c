//! How a command ends when it cannot do its work.

use std::process::ExitCode;

use kudari::{Error, ErrorKind, Result};

use crate::output;

/// Why a command ends early.
#[derive(Debug)]
pub enum Failure {
    /// It was called in a way that cannot be: exit status 2.
    Usage(Error),
    /// The work failed: exit status 1.
    Work(Error),
    /// Nobody reads the output any more, as behind `| head`: a quiet end.
    Closed,
}

impl Failure {
    /// Says on standard error what is wrong; gives the exit status.
    pub fn report(&self) -> ExitCode {
        match self {
            Failure::Usage(error) => {
                output::print_error(error);
                ExitCode::from(2)
            }
            Failure::Work(error) => {
                output::print_error(error);
                ExitCode::FAILURE
            }
            Failure::Closed => ExitCode::SUCCESS,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Work(error)
    }
}

impl From<kudari_plot::Error> for Failure {
    fn from(error: kudari_plot::Error) -> Failure {
        Failure::Work(Error::new(ErrorKind::Io, error.what()).help(error.what_to_do()))
    }
}

/// Marks errors as the user's: what was typed, not what was found.
pub trait OrUsage<T> {
    /// The value, or an error of usage.
    fn or_usage(self) -> Result<T, Failure>;
}

impl<T> OrUsage<T> for Result<T> {
    fn or_usage(self) -> Result<T, Failure> {
        self.map_err(Failure::Usage)
    }
}

impl<T> OrUsage<T> for kudari_plot::Result<T> {
    fn or_usage(self) -> Result<T, Failure> {
        self.map_err(|error| match Failure::from(error) {
            Failure::Work(error) => Failure::Usage(error),
            other => other,
        })
    }
}
