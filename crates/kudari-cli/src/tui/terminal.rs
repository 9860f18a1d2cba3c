//! The terminal: taken for the time of a training, and given back as it was, also after an error or a panic.

use std::io::{self, Stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::crossterm::execute;
use ratatui::{DefaultTerminal, Frame};

use crate::interrupt::{self, Interrupt};

/// Time between two looks at whether the training has ended, while no key is pressed.
const LISTEN: Duration = Duration::from_millis(50);

/// What the keys say.
#[derive(Default)]
struct Keys {
    paused: AtomicBool,
    ended: AtomicBool,
}

/// The terminal while it is ours.
pub struct Terminal {
    terminal: ratatui::Terminal<CrosstermBackend<Stdout>>,
    keys: Arc<Keys>,
    interrupt: Interrupt,
    listener: Option<JoinHandle<()>>,
}

impl Terminal {
    /// Takes the terminal: the screen is put aside, and keys come at once. A panic gives it back before its message is printed.
    pub fn take(interrupt: Interrupt) -> io::Result<Terminal> {
        let terminal: DefaultTerminal = ratatui::try_init()?;
        let keys = Arc::new(Keys::default());
        let (heard, asked) = (keys.clone(), interrupt.clone());
        let listener = std::thread::Builder::new().name("keys".into()).spawn(move || listen(&heard, &asked));
        let listener = listener.inspect_err(|_| ratatui::restore())?;
        Ok(Terminal { terminal, keys, interrupt, listener: Some(listener) })
    }

    /// Draws the whole picture; only what changed is sent.
    pub fn draw(&mut self, picture: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(picture).map(|_| ())
    }

    /// Whether the training is to wait.
    pub fn paused(&self) -> bool {
        self.keys.paused.load(Ordering::Relaxed)
    }

    /// Whether the training is to stop.
    pub fn stopping(&self) -> bool {
        self.interrupt.asked()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.keys.ended.store(true, Ordering::Relaxed);
        // Who listens must be gone first: it would take keys that belong to the shell.
        let _ = self.listener.take().map(JoinHandle::join);
        // A panic has given it back already; a second time would put the cursor where its message is.
        if !std::thread::panicking() {
            ratatui::restore();
        }
    }
}

/// Reads keys until the training has ended or the terminal is gone.
fn listen(keys: &Keys, interrupt: &Interrupt) {
    while !keys.ended.load(Ordering::Relaxed) {
        let event = match event::poll(LISTEN) {
            Ok(true) => event::read(),
            Ok(false) => continue,
            Err(_) => return,
        };
        match event {
            Ok(Event::Key(key)) => press(key, keys, interrupt),
            Ok(_) => {}
            Err(_) => return,
        }
    }
}

fn press(key: KeyEvent, keys: &Keys, interrupt: &Interrupt) {
    if key.kind == KeyEventKind::Release {
        return;
    }
    let control_c = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    if control_c && interrupt.asked() {
        // As without --tui: the second one ends the program at once.
        ratatui::restore();
        // Nothing can be done about a terminal that is gone.
        let _ = execute!(io::stdout(), Show);
        std::process::exit(interrupt::EXIT_STATUS.into());
    } else if control_c || matches!(key.code, KeyCode::Char('q')) {
        interrupt.ask();
    } else if key.code == KeyCode::Char('p') {
        keys.paused.fetch_xor(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_pause_and_stop() {
        let (keys, interrupt) = (Keys::default(), Interrupt::unasked());
        let key = |code, modifiers| press(KeyEvent::new(code, modifiers), &keys, &interrupt);
        key(KeyCode::Char('p'), KeyModifiers::NONE);
        assert!(keys.paused.load(Ordering::Relaxed) && !interrupt.asked());
        key(KeyCode::Char('p'), KeyModifiers::NONE);
        key(KeyCode::Char('x'), KeyModifiers::NONE);
        key(KeyCode::Char('c'), KeyModifiers::NONE);
        assert!(!keys.paused.load(Ordering::Relaxed) && !interrupt.asked());
        key(KeyCode::Char('q'), KeyModifiers::NONE);
        assert!(interrupt.asked());
        let other = Interrupt::unasked();
        press(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL), &keys, &other);
        assert!(other.asked());
    }
}
