//! What trains well on data of one's own, where nothing is said.

/// Updates that a training makes at least, within the limits on epochs.
const UPDATES: usize = 6_000;
/// Samples that a training goes through at most, but for one epoch: enough of them is enough.
const ENOUGH: usize = 20_000_000;

/// Settings of a training.
#[derive(Debug, Clone, PartialEq)]
pub struct Usual {
    /// The network's layers but for the last.
    pub hidden: &'static str,
    /// The loss.
    pub loss: &'static str,
    /// The optimizer.
    pub optimizer: &'static str,
    /// Its learning rate.
    pub learning_rate: f64,
    /// How that changes, if it does.
    pub schedule: Option<&'static str>,
    /// The optimizer's weight decay.
    pub weight_decay: f64,
    /// Samples per update.
    pub batch_size: usize,
    /// Passes over the data.
    pub epochs: u64,
}

impl Usual {
    /// What trains well on so many samples of this shape: a network of linear layers for rows of numbers, found by measuring
    /// (`bench/tables.py`; few rows want a smooth function, more of them a wide layer, many two layers and larger steps), and one of
    /// convolutions for pictures.
    pub fn for_samples(samples: usize, shape: &[usize], are_classes: bool) -> Usual {
        let side = match *shape {
            [1 | 3, height, width] => Some(height.min(width)).filter(|&side| side >= SMALLEST_PICTURE),
            _ => None,
        };
        let (hidden, learning_rate, batch_size, epochs) = match side {
            Some(side) => (convolutions(side), 0.001, 32, [5, 30]),
            None if samples < 800 => ("linear(100) tanh", 0.002, 32, [10, 100]),
            None if samples < 5_000 => ("linear(400) relu", 0.002, 32, [10, 100]),
            None => ("linear(64) relu linear(64) relu", 0.004, 128, [10, 100]),
        };
        let most = (ENOUGH / samples.max(1)).clamp(1, epochs[1]);
        let epochs = (UPDATES * batch_size / samples.max(1)).clamp(epochs[0].min(most), most) as u64;
        let loss = if are_classes { "softmax_cross_entropy" } else { "mean_squared_error" };
        let (optimizer, schedule, weight_decay) =
            if side.is_none() { ("adamw", Some("cosine"), 0.1) } else { ("adam", None, 0.0) };
        Usual { hidden, loss, optimizer, learning_rate, schedule, weight_decay, batch_size, epochs }
    }
}

/// Pictures whose shorter side has fewer pixels are rows of numbers.
const SMALLEST_PICTURE: usize = 8;

/// Convolutions for pictures whose shorter side has so many pixels: as many halvings as leave some to look at.
fn convolutions(side: usize) -> &'static str {
    match side {
        ..16 => "conv(16,3,padding=1) relu maxpool(2) flatten linear(64) relu",
        16..48 => "conv(16,3,padding=1) relu maxpool(2) conv(32,3,padding=1) relu maxpool(2) flatten linear(64) relu",
        48..96 => {
            "conv(16,3,padding=1) relu maxpool(2) conv(32,3,padding=1) relu maxpool(2) conv(64,3,padding=1) relu maxpool(2) \
             flatten linear(64) relu"
        }
        _ => {
            "conv(16,3,padding=1) relu maxpool(2) conv(32,3,padding=1) relu maxpool(2) conv(64,3,padding=1) relu maxpool(2) \
             conv(64,3,padding=1) relu maxpool(2) globalpool linear(64) relu"
        }
    }
}
