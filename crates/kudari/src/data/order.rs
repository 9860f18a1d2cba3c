//! In which order the samples of an epoch are gone through.
//!
//! Every order is a function of (seed, epoch, place): none depends on what was gone through before. Many samples come in
//! pieces, so that neither the order nor the samples that it reaches have to be in memory at once.

use std::sync::Arc;

use super::batches::Sampling;
use crate::array::Stream;

/// Up to so many samples are shuffled as one.
const TOGETHER: usize = 1 << 16;
/// Bytes of inputs, in f32, of the samples that are shuffled together where there are more.
const WINDOW: usize = 4 << 20;
/// A window holds at least so many samples, …
const LEAST_WINDOW: usize = 4096;
/// … of blocks of neighbours of about so many bytes, …
const BLOCK: usize = 64 << 10;
/// … and at least so many samples.
const LEAST_BLOCK: usize = 16;

/// The order of all epochs.
///
/// Up to 65,536 samples or 4 MiB of inputs are shuffled as one. More are cut into blocks of neighbours, beginning at a random sample; the
/// blocks are shuffled, and so are the samples of each 4 MiB of blocks that follow each other then. All samples come once an epoch,
/// neighbours in the file come apart, and yet what is read at once lies together.
#[derive(Clone)]
pub(super) struct Order {
    count: usize,
    sampling: Sampling,
    stream: Stream,
    block: usize,
    window: usize,
    /// The shuffled blocks of the epoch that was asked for last.
    blocks: Option<(u64, Arc<Blocks>)>,
}

/// Where the blocks of an epoch begin, and in which order they come.
struct Blocks {
    first: usize,
    order: Vec<i64>,
}

impl Order {
    /// The order of `count` samples of `width` numbers.
    pub(super) fn new(count: usize, width: usize, sampling: Sampling, stream: Stream) -> Order {
        let bytes = width.saturating_mul(size_of::<f32>()).max(1);
        let block = (BLOCK / bytes).max(LEAST_BLOCK);
        let window = (WINDOW / bytes).max(LEAST_WINDOW) / block * block;
        let window = if count <= TOGETHER.max(window) { count.max(1) } else { window };
        Order { count, sampling, stream, block, window, blocks: None }
    }

    /// An epoch comes in pieces of so many samples, the last of the rest.
    pub(super) fn piece_len(&self) -> usize {
        self.window
    }

    /// The samples of a piece of an epoch, in their order.
    pub(super) fn piece(&mut self, epoch: u64, number: usize) -> Vec<i64> {
        let from = (number * self.window).min(self.count);
        let count = self.window.min(self.count - from);
        let is_whole = self.window >= self.count;
        // Each epoch has a stream of its own.
        let stream = self.stream.part(epoch);
        let mut own = if is_whole { stream } else { stream.part(number as u64) };
        match self.sampling {
            Sampling::InOrder => (from as i64..(from + count) as i64).collect(),
            Sampling::WithReplacement => own.integers(count, self.count).to_vec().unwrap_or_default(),
            Sampling::Shuffled if is_whole => own.permutation(count).to_vec().unwrap_or_default(),
            Sampling::Shuffled => {
                let members = self.members(epoch, from / self.block, count);
                own.permutation(count).to_vec::<i64>().unwrap_or_default().iter().map(|&place| members[place as usize]).collect()
            }
        }
    }

    /// The first `count` samples of the blocks from the `from`th that comes in this epoch on.
    fn members(&mut self, epoch: u64, from: usize, count: usize) -> Vec<i64> {
        let blocks = match &self.blocks {
            Some((of, blocks)) if *of == epoch => blocks.clone(),
            _ => Arc::new(self.shuffled_blocks(epoch)),
        };
        self.blocks = Some((epoch, blocks.clone()));
        let mut members = Vec::with_capacity(count);
        for &block in &blocks.order[from.min(blocks.order.len())..] {
            let start = block as usize * self.block;
            let end = (start + self.block).min(self.count);
            members.extend((start..end).map(|place| ((place + blocks.first) % self.count) as i64));
            if members.len() >= count {
                break;
            }
        }
        members
    }

    fn shuffled_blocks(&self, epoch: u64) -> Blocks {
        let mut stream = self.stream.part(epoch);
        let first = stream.next_below(self.count);
        // The block that is shorter comes last, so that all windows before have their full length.
        let whole = self.count / self.block;
        let mut order = stream.permutation(whole).to_vec::<i64>().unwrap_or_default();
        if whole * self.block < self.count {
            order.push(whole as i64);
        }
        Blocks { first, order }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(order: &mut Order, epoch: u64) -> Vec<i64> {
        let pieces = order.count.div_ceil(order.piece_len());
        (0..pieces).flat_map(|number| order.piece(epoch, number)).collect()
    }

    /// 5,000 numbers a sample: windows of 4,096 samples.
    #[test]
    fn many_samples_come_once_an_epoch_far_from_their_neighbours() {
        let count = 70_001;
        let mut order = Order::new(count, 5_000, Sampling::Shuffled, Stream::new(1, "batches"));
        assert_eq!(order.piece_len(), 4096);
        let first = epoch(&mut order, 0);
        let mut sorted = first.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..count as i64).collect::<Vec<_>>());
        let second = epoch(&mut order, 1);
        assert!(first != second && epoch(&mut order, 0) == first);
        let near = first.windows(2).filter(|pair| (pair[0] - pair[1]).abs() < 16).count();
        assert!(near < count / 100, "{near} neighbours stayed together");
        // Any piece by itself is the same.
        let mut other = Order::new(count, 5_000, Sampling::Shuffled, Stream::new(1, "batches"));
        assert_eq!(other.piece(1, 3), second[3 * 4096..4 * 4096]);
    }

    #[test]
    fn few_samples_are_shuffled_as_one_and_the_others_ways_know_pieces_too() {
        let few = Order::new(60_000, 784, Sampling::Shuffled, Stream::new(1, "batches"));
        assert_eq!(few.piece_len(), 60_000);
        let mut order = Order::new(70_000, 5_000, Sampling::InOrder, Stream::new(1, "batches"));
        assert_eq!(epoch(&mut order, 7), (0..70_000).collect::<Vec<_>>());
        let mut order = Order::new(70_000, 5_000, Sampling::WithReplacement, Stream::new(1, "batches"));
        let drawn = epoch(&mut order, 0);
        let far = drawn.iter().filter(|&&place| place >= 35_000).count();
        assert!(drawn.len() == 70_000 && (34_000..36_000).contains(&far), "{far}");
        assert_ne!(drawn[..4096], drawn[4096..8192]);
    }
}
