//! Networks that have a name: a word that stands for a whole notation.

use super::words::Word;
use crate::error::{Error, ErrorKind, Result};

/// A network by name: how it is written, what it is, and its notation for the numbers in its parentheses.
pub struct ReadyNetwork {
    /// The name.
    pub name: &'static str,
    /// How it is written, with what the numbers in parentheses mean.
    pub usage: &'static str,
    /// What it is, for help texts.
    pub about: &'static str,
    /// The usual numbers, as an example.
    pub example: &'static [usize],
    notation: fn(&[usize]) -> String,
}

/// Two convolutions of a residual network of this width with what goes past them.
fn residual(width: usize, stride: usize) -> String {
    let first = if stride == 1 { String::new() } else { format!(",stride={stride}") };
    let past = if stride == 1 { String::new() } else { format!(" | conv({width},1{first},nobias) batchnorm") };
    format!("res(conv({width},3{first},padding=1,nobias) batchnorm relu conv({width},3,padding=1,nobias) batchnorm{past}) relu ")
}

/// All of them.
pub const READY_NETWORKS: &[ReadyNetwork] = &[
    ReadyNetwork {
        name: "mlp",
        usage: "mlp(UNITS,…,OUTPUTS)",
        about: "linear layers with ReLU between them",
        example: &[100, 100, 10],
        notation: |numbers| numbers.iter().map(|units| format!("linear({units})")).collect::<Vec<_>>().join(" relu "),
    },
    ReadyNetwork {
        name: "lenet",
        usage: "lenet(CLASSES)",
        about: "the convolutional network for digits of LeCun, Bottou, Bengio and Haffner (1998), with ReLU and max pooling",
        example: &[10],
        notation: |numbers| {
            format!(
                "conv(6,5,padding=2) relu maxpool(2) conv(16,5) relu maxpool(2) flatten linear(120) relu linear(84) relu linear({})",
                numbers[0]
            )
        },
    },
    ReadyNetwork {
        name: "resnet18",
        usage: "resnet18(CLASSES)",
        about: "18 layers with residual blocks, in the form for pictures of about 32×32 (He, Zhang, Ren and Sun 2015)",
        example: &[10],
        notation: |numbers| {
            let mut text = "conv(64,3,padding=1,nobias) batchnorm relu ".to_string();
            for (width, stride) in [(64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)] {
                text += &residual(width, stride);
            }
            text + &format!("globalpool linear({})", numbers[0])
        },
    },
    ReadyNetwork {
        name: "vgg-small",
        usage: "vgg-small(CLASSES)",
        about: "blocks of 3×3 convolutions with batch normalisation, after Simonyan and Zisserman (2014)",
        example: &[10],
        notation: |numbers| {
            let block = |width: usize, dropout: &str| {
                format!("2x(conv({width},3,padding=1,nobias) batchnorm relu) maxpool(2) dropout({dropout}) ")
            };
            block(32, "0.1")
                + &block(64, "0.2")
                + &format!("flatten linear(128,nobias) batchnorm relu dropout(0.3) linear({})", numbers[0])
        },
    },
    ReadyNetwork {
        name: "autoencoder",
        usage: "autoencoder(INPUTS,CODE)",
        about: "brings its input through few numbers and back: train it with the input as the target",
        example: &[784, 32],
        notation: |numbers| {
            let (inputs, code) = (numbers[0], numbers[1]);
            let middle = ((inputs as f64) * (code as f64)).sqrt().round().max(1.0);
            format!("flatten linear({middle}) relu linear({code}) relu linear({middle}) relu linear({inputs})")
        },
    },
    ReadyNetwork {
        name: "char-gpt",
        usage: "char-gpt(SYMBOLS,SIZE,HEADS,LAYERS)",
        about: "a transformer that predicts the next symbol at every place of a sequence (Radford et al. 2018)",
        example: &[65, 128, 4, 4],
        notation: |numbers| {
            let &[symbols, size, heads, layers] = numbers else { return String::new() };
            let wide = size.saturating_mul(4);
            format!(
                "embedding({symbols},{size}) positions {layers}x(res(layernorm attention({heads},causal)) \
                 res(layernorm linear({wide}) gelu linear({size}))) layernorm linear({symbols})"
            )
        },
    },
    ReadyNetwork {
        name: "char-lstm",
        usage: "char-lstm(SYMBOLS,SIZE,LAYERS)",
        about: "a recurrent network that predicts the next symbol at every place of a sequence (Graves 2013)",
        example: &[65, 128, 2],
        notation: |numbers| {
            let &[symbols, size, layers] = numbers else { return String::new() };
            format!("embedding({symbols},{size}) lstm({size},layers={layers}) linear({symbols})")
        },
    },
];

/// The notation of a word that names a network; `None` if it names none.
///
/// # Errors
///
/// Numbers that it does not take.
pub(super) fn expanded(words: &[Word]) -> Result<Option<String>> {
    let [word] = words else { return Ok(None) };
    let Some(ready) = READY_NETWORKS.iter().find(|ready| ready.name == word.name) else { return Ok(None) };
    let example: Vec<String> = ready.example.iter().map(usize::to_string).collect();
    let usage = || {
        Error::new(ErrorKind::Notation, format!("{} is written {}", ready.name, ready.usage)).help(format!(
            "write e.g. {}({})",
            ready.name,
            example.join(",")
        ))
    };
    let numbers: Option<Vec<usize>> = word.arguments.iter().map(|n| n.parse().ok().filter(|&n| n > 0)).collect();
    let numbers = numbers.ok_or_else(usage)?;
    let any_count = ready.usage.contains('…');
    if numbers.is_empty() || !any_count && numbers.len() != ready.example.len() {
        return Err(usage());
    }
    Ok(Some((ready.notation)(&numbers)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Network, NetworkOptions};

    fn parameters(text: &str, shape: &[usize]) -> usize {
        Network::new(text, shape, &NetworkOptions::default()).unwrap().summary().parameters
    }

    /// Counted by hand or known: LeNet-5's 61,706; ResNet-18 for small pictures 11,173,962 with ten classes.
    #[test]
    fn ready_networks_have_their_sizes() {
        assert_eq!(parameters("lenet(10)", &[1, 28, 28]), 61_706);
        assert_eq!(parameters("resnet18(10)", &[3, 32, 32]), 11_173_962);
        assert_eq!(parameters("mlp(50,10)", &[784]), 39_760);
        assert_eq!(
            parameters("autoencoder(784,16)", &[1, 28, 28]),
            784 * 112 + 112 + 112 * 16 + 16 + 16 * 112 + 112 + 112 * 784 + 784
        );
        let block = 2 * 2 * 128 + 129 * 384 + 129 * 128 + 129 * 512 + 513 * 128;
        assert_eq!(parameters("char-gpt(65,128,4,4)", &[64]), (65 + 64) * 128 + 4 * block + 2 * 128 + 129 * 65);
        // Four gates, each with the weights of the input and of the state, and the biases of both.
        let lstm = 4 * (2 * 128 * 128 + 2 * 128);
        assert_eq!(parameters("char-lstm(65,128,2)", &[64]), 65 * 128 + 2 * lstm + 129 * 65);
        assert!(parameters("vgg-small(10)", &[1, 28, 28]) > 400_000);
    }

    #[test]
    fn every_example_is_a_network_and_wrong_numbers_are_told() {
        for ready in READY_NETWORKS {
            let example: Vec<String> = ready.example.iter().map(usize::to_string).collect();
            let text = format!("{}({})", ready.name, example.join(","));
            let shape: &[usize] = if ready.name.starts_with("char-") { &[16] } else { &[1, 28, 28] };
            let net = Network::new(&text, shape, &NetworkOptions::default()).unwrap();
            assert!(!net.notation().contains(ready.name), "{text} is written out");
            let error = Network::new(ready.name, shape, &NetworkOptions::default()).err().unwrap();
            assert_eq!(error.what(), format!("{} is written {}", ready.name, ready.usage));
        }
        assert!(Network::new("resnet18(10,3)", &[3, 32, 32], &NetworkOptions::default()).is_err());
        assert!(Network::new("lenet(0)", &[1, 28, 28], &NetworkOptions::default()).is_err());
    }
}
