//! Progress and Ctrl-C while descending and drawing.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use crate::failure::Failure;
use crate::interrupt::{EXIT_STATUS, Interrupt};
use crate::output::Output;

/// A progress bar appears after this.
const LONG: Duration = Duration::from_secs(1);
/// Asking for the time at every step would slow down small formulas: of more steps, one in so many asks.
const MANY: u64 = 10_000;
const SOME: u64 = 64;

/// Shows progress and listens for Ctrl-C.
pub struct Watch {
    interrupt: Interrupt,
    began: Instant,
    total: u64,
    done: u64,
    bar: Option<ProgressBar>,
}

impl Watch {
    /// Listens from now on.
    pub fn new() -> Result<Watch, Failure> {
        Ok(Watch { interrupt: Interrupt::listen()?, began: Instant::now(), total: 0, done: 0, bar: None })
    }

    /// Begins something of so many steps.
    pub fn begin(&mut self, steps: usize) {
        self.finish();
        (self.began, self.total, self.done, self.bar) = (Instant::now(), steps as u64, 0, None);
    }

    /// Called before every step; whether to make it.
    pub fn go_on(&mut self) -> bool {
        self.done += 1;
        if self.total < MANY || self.done.is_multiple_of(SOME) {
            if self.bar.is_none() && self.began.elapsed() > LONG {
                self.bar = Output::new(true, false).bar(self.total);
            }
            self.bar.iter().for_each(|bar| bar.set_position(self.done));
        }
        !self.interrupt.asked()
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }

    /// That of success, or that of Ctrl-C.
    pub fn exit_code(&self) -> ExitCode {
        if self.interrupt.asked() { ExitCode::from(EXIT_STATUS) } else { ExitCode::SUCCESS }
    }
}
