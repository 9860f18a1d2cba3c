//! A thread that reads the next batches of samples that lie in a file.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use super::order::Order;
use super::stored::{Gathered, StoredRows, Window};
use crate::error::{Error, ErrorKind, Result};

/// Bytes of batches that wait to be used at most: as many as are read at once, so that reading and computing go on at the same time.
const WAITING: usize = 4 << 20;
/// Pieces of more bytes are not read at once: each batch is read by itself.
const AT_ONCE: usize = 32 << 20;

/// Where in which epoch a batch begins.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) epoch: u64,
    pub(super) from: usize,
}

/// Batches that are read before they are asked for.
pub(super) struct Prefetch {
    receiver: Receiver<Result<Gathered>>,
}

impl Prefetch {
    /// Begins to read batches of `size` samples from a place on.
    pub(super) fn start(rows: Arc<StoredRows>, order: Order, size: usize, from: Place) -> Result<Prefetch> {
        let waiting = (WAITING / (size * rows.gathered_bytes()).max(1)).clamp(2, 4096);
        let (sender, receiver) = sync_channel(waiting);
        let walk = move || {
            let mut walk = Walk { rows, order, piece: None };
            let mut place = from;
            loop {
                let count = walk.rows.len();
                let batch = walk.batch(place, place.from.saturating_add(size).min(count));
                let failed = batch.is_err();
                // Nobody asks any more, or nothing more can come.
                if sender.send(batch).is_err() || failed {
                    return;
                }
                place.from += size;
                if place.from >= count {
                    place = Place { epoch: place.epoch + 1, from: 0 };
                }
            }
        };
        std::thread::Builder::new()
            .name("batches".into())
            .spawn(walk)
            .map_err(|e| Error::new(ErrorKind::Io, format!("a thread to read batches: {e}")))?;
        Ok(Prefetch { receiver })
    }

    /// The next batch.
    pub(super) fn next(&self) -> Result<Gathered> {
        self.receiver.recv().unwrap_or_else(|_| Err(Error::new(ErrorKind::Io, "the thread that reads batches has ended")))
    }
}

/// Goes through the samples piece by piece.
struct Walk {
    rows: Arc<StoredRows>,
    order: Order,
    /// The piece that was reached last: its epoch and number, its samples, and their bytes where they were read at once.
    piece: Option<(u64, usize, Vec<i64>, Option<Window>)>,
}

impl Walk {
    fn batch(&mut self, Place { epoch, mut from }: Place, to: usize) -> Result<Gathered> {
        let mut out = self.rows.space_for(to - from);
        let size = self.order.piece_len();
        while from < to {
            let number = from / size;
            if !matches!(&self.piece, Some((e, n, ..)) if (*e, *n) == (epoch, number)) {
                // What is no longer needed goes before more is read.
                self.piece = None;
                let samples = self.order.piece(epoch, number);
                let at_once = samples.len() * self.rows.row_bytes() <= AT_ONCE;
                let window = if at_once { Some(Window::read(&self.rows, &samples)?) } else { None };
                self.piece = Some((epoch, number, samples, window));
            }
            let Some((_, _, samples, window)) = &self.piece else { break };
            let end = to.min((number + 1) * size);
            let part = &samples[from - number * size..end - number * size];
            match window {
                Some(window) => window.gather(&self.rows, part, &mut out),
                None => Window::read(&self.rows, part)?.gather(&self.rows, part, &mut out),
            }
            from = end;
        }
        Ok(out)
    }
}
