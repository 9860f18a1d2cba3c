//! `kudari train --tui`: a training as charts that fill the terminal.
//!
//! `state` is what is known of the training, `draw` how it looks, `terminal` takes the terminal and gives it back however the program ends. Keys are
//! read on a thread of their own, so that they are heard also while an update takes long.

mod draw;
mod state;
mod terminal;

use std::time::{Duration, Instant};

use kudari::train::{EpochRecord, LayerMoment, Progress};
use kudari::{Error, ErrorKind, Result};

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output;
use crate::plan::Plan;
use state::State;
use terminal::Terminal;

/// Time between two pictures.
const DRAW_EVERY: Duration = Duration::from_millis(100);

/// Makes sure that there is a terminal to draw on.
pub fn check() -> std::result::Result<(), Failure> {
    if output::stdout_is_terminal() {
        return Ok(());
    }
    let error = Error::new(ErrorKind::Value, "--tui: standard output is no terminal");
    Err(Failure::Usage(error.help("leave --tui out; the measurements are printed then")))
}

/// A training on the whole terminal.
pub struct Tui {
    terminal: Terminal,
    state: State,
    drawn: Instant,
    /// The iteration at which the time is asked for again: at each it would slow down small networks.
    next_look: u64,
}

impl Tui {
    /// Takes the terminal.
    pub fn new(plan: &Plan, interrupt: Interrupt) -> Result<Tui> {
        let terminal = Terminal::take(interrupt).map_err(|e| Error::new(ErrorKind::Io, format!("the terminal: {e}")))?;
        let state = State::new(plan, output::stdout_has_colours());
        let mut tui = Tui { terminal, state, drawn: Instant::now(), next_look: 0 };
        tui.draw()?;
        Ok(tui)
    }

    /// After every update: draws now and then, and waits while the training is paused.
    pub fn iteration(&mut self, progress: &Progress) -> Result<()> {
        self.state.batch(progress);
        if progress.iteration < self.next_look && !self.terminal.paused() {
            return Ok(());
        }
        let since = self.drawn.elapsed();
        if since >= DRAW_EVERY || self.terminal.paused() {
            self.draw()?;
            self.wait()?;
        }
        let rate = self.state.rate().max(1.0);
        self.next_look = progress.iteration + 1 + (rate * DRAW_EVERY.as_secs_f64() / 4.0) as u64;
        Ok(())
    }

    /// After every measurement.
    pub fn measured(&mut self, history: &[EpochRecord], layers: Option<&LayerMoment>) -> Result<()> {
        self.state.measured(history, layers);
        self.draw()
    }

    fn draw(&mut self) -> Result<()> {
        self.state.see(self.terminal.paused(), self.terminal.stopping());
        self.drawn = Instant::now();
        let state = &self.state;
        self.terminal.draw(|frame| draw::all(frame, state)).map_err(|e| Error::new(ErrorKind::Io, format!("the terminal: {e}")))
    }

    /// Comes back when the training is to go on.
    fn wait(&mut self) -> Result<()> {
        let began = Instant::now();
        while self.terminal.paused() && !self.terminal.stopping() {
            std::thread::sleep(DRAW_EVERY);
            self.draw()?;
        }
        self.state.paused_for(began.elapsed());
        Ok(())
    }
}
