//! What scans look like: how likely each pixel is, given its neighbours above and to the left.

/// Bits are counted in 64ths.
pub const UNIT: f32 = 64.0;
/// Rows are bit sets; this many zero bits lie before the first column.
pub const PAD: usize = 8;
const CONTEXTS: usize = 1 << 12;

/// The price of background and ink in every context.
pub struct Prior(Vec<[u32; 2]>);

/// The neighbourhood of a pixel: four pixels to the left, five in the row above and three two rows above.
#[inline]
fn context(rows: [u128; 3], column: usize) -> usize {
    let at = column + PAD;
    (rows[0] >> (at - 1)) as usize & 7 | ((rows[1] >> (at - 2)) as usize & 31) << 3 | ((rows[2] >> (at - 4)) as usize & 15) << 8
}

impl Prior {
    /// A first guess: pixels tend to be like their neighbours.
    pub fn smooth() -> Self {
        let votes = [0.2, -0.3, 0.0, 0.0, 0.2, 2.2, 0.9, 0.3, 0.0, 0.0, 0.2, 2.2];
        let price = |context: usize| {
            let vote = |(bit, vote): (usize, &f32)| if context >> bit & 1 == 1 { *vote } else { -vote };
            let ink = 1.0 / (1.0 + (-votes.iter().enumerate().map(vote).sum::<f32>()).exp());
            [1.0 - ink, ink].map(cost)
        };
        Prior((0..CONTEXTS).map(price).collect())
    }

    /// The prices that fit the given scans best.
    pub fn learn<'a>(scans: impl Iterator<Item = &'a [u128]>) -> Self {
        let mut seen = vec![[0.4f32; 2]; CONTEXTS];
        for rows in scans {
            for row in 0..rows.len() {
                let above = |by: usize| row.checked_sub(by).map_or(0, |row| rows[row] << PAD);
                for column in 0..rows.len() {
                    seen[context([above(2), above(1), above(0)], column)][(rows[row] >> column & 1) as usize] += 1.0;
                }
            }
        }
        Prior(seen.into_iter().map(|[a, b]| [a / (a + b), b / (a + b)].map(cost)).collect())
    }

    /// The price of a pixel in the last of three rows.
    #[inline]
    pub fn price(&self, rows: [u128; 3], column: usize) -> u32 {
        self.0[context(rows, column)][(rows[2] >> (column + PAD) & 1) as usize]
    }
}

fn cost(probability: f32) -> u32 {
    (-probability.log2() * UNIT) as u32
}
