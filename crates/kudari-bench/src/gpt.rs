//! The `gpt` workload: a transformer whose table of symbols is also its last layer.

use kudari::functions::linear;
use kudari::layers::{
    Embedding, Initializer, Layer, LayerNorm, Linear, Module, MultiHeadAttention, Positions, Residual, Sequential, unfilled,
};
use kudari::{Result, Variable};

const SYMBOLS: usize = 65;
const SIZE: usize = 128;
const HEADS: usize = 4;
const BLOCKS: usize = 4;
/// Places of a sequence.
pub const PLACES: usize = 64;

/// Four blocks of causal attention and two linear layers each.
#[derive(Layer)]
pub struct Gpt {
    table: Embedding,
    positions: Positions,
    blocks: Sequential,
    last: LayerNorm,
}

impl Gpt {
    pub fn new(seed: u64) -> Result<Gpt> {
        let mut gpt = unfilled(Gpt::layers)?;
        gpt.initialize(seed)?;
        Ok(gpt)
    }

    fn layers() -> Result<Gpt> {
        let initializer = Initializer::Normal(0.02);
        let linear = |inputs: usize, outputs: usize| Linear::try_new(inputs, outputs, initializer, false);
        let gelu = kudari::layers::Activation::new("gelu");
        let mut blocks = Sequential::new();
        for _ in 0..BLOCKS {
            let attention = MultiHeadAttention::new(SIZE, HEADS, true, initializer, false)?;
            let looking = Sequential::new().with(LayerNorm::new(&[SIZE])?).with(attention);
            let mut thinking = Sequential::new().with(LayerNorm::new(&[SIZE])?).with(linear(SIZE, 4 * SIZE)?);
            if let Some(gelu) = gelu {
                thinking = thinking.with(gelu);
            }
            blocks = blocks.with(Residual::new(looking)).with(Residual::new(thinking.with(linear(4 * SIZE, SIZE)?)));
        }
        let mut table = Embedding::new(SYMBOLS, SIZE)?;
        table.visit_mut(&kudari::layers::Path::ROOT, &mut |_, parameter| parameter.set_initializer(initializer));
        Ok(Gpt { table, positions: Positions::new(PLACES, SIZE)?, blocks, last: LayerNorm::new(&[SIZE])? })
    }

    /// The logits of the next symbol at every place, `[samples · places, symbols]`.
    pub fn forward(&self, symbols: &Variable) -> Result<Variable> {
        let x = self.positions.forward(&self.table.forward(symbols)?)?;
        let y = self.last.forward(&self.blocks.forward(&x)?)?;
        linear(&y.reshape(&[-1, SIZE as isize])?, self.table.weight().variable(), None)
    }
}
