//! MNIST and the small digits of scikit-learn, inside the program.
//!
//! | data set | images | pixels | values | classes | source | licence |
//! |---|---|---|---|---|---|---|
//! | MNIST | 60,000 + 10,000 | 28×28 | 0–255 | 0–9 | Yann LeCun, Corinna Cortes, Christopher J. C. Burges | CC BY-SA 3.0, as commonly given |
//! | small digits | 1,797 | 8×8 | 0–16 | 0–9 | E. Alpaydin, C. Kaynak (UCI), as shipped by scikit-learn | BSD-3-Clause |
//!
//! Nothing is downloaded and nothing is read from disk: the data is compiled in, compressed, and unpacked in memory at
//! the first call. The README says how, and under which terms the data may be passed on.
//!
//! ```
//! let images = kudari_mnist::train_images()?;
//! let labels = kudari_mnist::train_labels()?;
//! let (first, class) = (&images[..kudari_mnist::PIXELS], labels[0]);
//! assert_eq!((first.len(), class), (28 * 28, 5));
//! # Ok::<(), kudari_mnist::DecodeError>(())
//! ```

mod coder;
mod digits;
mod load;
mod raw;
mod render;
mod scan;

pub use load::{load, load_digits};
pub use raw::{
    DIGIT_PIXELS, DIGITS, DecodeError, PIXELS, TEST, TRAIN, digits_8x8, test_images, test_labels, train_images, train_labels,
};
