//! Ctrl-C, and the signal to terminate: the first asks training to stop, the second ends the program at once.
//!
//! A hang-up is left alone, so that training under `nohup` outlives its terminal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kudari::{Error, ErrorKind, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// The exit status of a command that was interrupted: 128 and the number of the signal.
pub const EXIT_STATUS: u8 = 130;

/// Whether someone asked to stop.
#[derive(Clone)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on.
    pub fn listen() -> Result<Interrupt> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: at the first signal the flag is still down when the first of the two looks at it.
            flag::register_conditional_shutdown(signal, EXIT_STATUS.into(), asked.clone())
                .and_then(|_| flag::register(signal, asked.clone()))
                .map_err(|e| Error::new(ErrorKind::Io, format!("signals cannot be received: {e}")))?;
        }
        Ok(Interrupt(asked))
    }

    /// Asks to stop, as the first signal does.
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// One that no signal reaches, for tests.
    #[cfg(test)]
    pub fn unasked() -> Interrupt {
        Interrupt(Arc::default())
    }

    /// Whether someone asked to stop.
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
