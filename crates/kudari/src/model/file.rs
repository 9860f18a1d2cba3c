//! The model file: one safetensors file holds the parameters, the network notation, the input normalisation, the label
//! names, the loss and the training settings. Prediction needs nothing else.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::network::{Network, NetworkOptions};
use super::tensors::{from_safetensors, to_safetensors};
use crate::data::Normalisation;
use crate::data::table::Preparation;
use crate::error::{Error, ErrorKind, Result};
use crate::layers::{Layer, with_at_most};

/// The version of the metadata that this program writes.
const FORMAT: &str = "1";

/// A trained network with all that prediction needs.
pub struct Model {
    /// The network with its parameters.
    pub network: Network,
    /// How raw numbers become inputs.
    pub normalisation: Normalisation,
    /// The names of the classes; empty if the outputs are numbers.
    pub labels: Vec<String>,
    /// How rows of a table become inputs, if it was trained on one.
    pub preparation: Option<Preparation>,
    /// The loss it was trained with.
    pub loss: String,
    /// How it was trained, for the record.
    pub training: Value,
}

impl Model {
    /// The file's bytes.
    ///
    /// # Errors
    ///
    /// A parameter that the format cannot hold.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut metadata = HashMap::from([
            ("kudari".to_string(), FORMAT.to_string()),
            ("network".to_string(), self.network.notation().to_string()),
            ("input_shape".to_string(), json!(self.network.input_shape()).to_string()),
            ("normalisation".to_string(), normalisation_json(&self.normalisation).to_string()),
            ("labels".to_string(), json!(self.labels).to_string()),
            ("loss".to_string(), self.loss.clone()),
            ("training".to_string(), self.training.to_string()),
        ]);
        if let Some(preparation) = &self.preparation {
            let text = serde_json::to_string(preparation).map_err(|e| broken(e.to_string()))?;
            metadata.insert("preparation".to_string(), text);
        }
        to_safetensors(&self.network.arrays(), metadata)
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    ///
    /// The place cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        write_atomically(path, &self.to_bytes()?)
    }

    /// Reads a model file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is cut short, or is not a model of kudari.
    pub fn load(path: &Path) -> Result<Model> {
        let bytes = std::fs::read(path).map_err(|e| Error::io(path, &e))?;
        Self::from_bytes(&bytes).map_err(|e| e.context(path.display()))
    }

    /// Reads a model file's bytes.
    ///
    /// # Errors
    ///
    /// The bytes are cut short, or not a model of kudari.
    pub fn from_bytes(bytes: &[u8]) -> Result<Model> {
        let (arrays, metadata) =
            from_safetensors(bytes).map_err(|e| e.help("the file is cut short or not a model; train again or fetch it again"))?;
        let entry = |key: &str| -> Result<&str> {
            metadata.get(key).map(String::as_str).ok_or_else(|| {
                broken(format!("a safetensors file, but not a model of kudari: `{key}` is missing"))
                    .help("kudari reads models that kudari train wrote")
            })
        };
        let version = entry("kudari")?;
        if version != FORMAT {
            return Err(broken(format!("written in version {version} of the model format, this program reads {FORMAT}"))
                .help("read it with the program that wrote it, or update this one"));
        }
        let json_of = |key: &str| -> Result<Value> {
            serde_json::from_str(entry(key)?).map_err(|e| broken(format!("`{key}` cannot be understood: {e}")))
        };
        let numbers = |key: &str| -> Result<Vec<usize>> {
            let list: Option<Vec<usize>> =
                json_of(key)?.as_array().and_then(|a| a.iter().map(|v| v.as_u64().map(|n| n as usize)).collect());
            list.ok_or_else(|| broken(format!("`{key}` is not a list of sizes")))
        };
        let normalisation = json_of("normalisation")?;
        let number = |key: &str| -> Result<f64> {
            normalisation[key].as_f64().ok_or_else(|| broken(format!("`normalisation` has no number `{key}`")))
        };
        let labels = json_of("labels")?;
        let labels: Option<Vec<String>> =
            labels.as_array().and_then(|a| a.iter().map(|v| v.as_str().map(str::to_string)).collect());
        // The network is built only as large as the parameters in the file: a lying notation costs no memory.
        let held: usize = arrays.iter().map(|a| a.1.len()).sum();
        let notation = entry("network")?;
        let shape = numbers("input_shape")?;
        let wanted = notation.split(['(', ',', ')']).filter_map(|n| n.trim().parse::<usize>().ok()).max().unwrap_or(0);
        if wanted > held || shape.iter().any(|&s| s > held) {
            return Err(broken(format!("the network {notation} does not fit the {held} parameters in the file")));
        }
        let preparation: Option<Preparation> = match metadata.get("preparation") {
            Some(text) => {
                Some(serde_json::from_str(text).map_err(|e| broken(format!("`preparation` cannot be understood: {e}")))?)
            }
            None => None,
        };
        if preparation.as_ref().is_some_and(|preparation| shape != [preparation.inputs()]) {
            return Err(broken(format!("`preparation` does not fit inputs of shape {shape:?}")));
        }
        // Somewhat more, so that a network that does not fit is told by the name of what does not.
        let most = held.saturating_mul(2).saturating_add(1_000);
        let mut network = with_at_most(most, || Network::new(notation, &shape, &NetworkOptions::default()))?;
        network.set_arrays(&arrays)?;
        let each: Option<Vec<[f64; 2]>> = serde_json::from_value(normalisation["each"].clone())
            .map_err(|e| broken(format!("`normalisation` cannot be understood: {e}")))?;
        if each.as_ref().is_some_and(|each| shape.iter().try_fold(1usize, |n, &size| n.checked_mul(size)) != Some(each.len())) {
            return Err(broken(format!("`normalisation` does not fit inputs of shape {shape:?}")));
        }
        let each = each.map(Into::into);
        Ok(Model {
            network,
            normalisation: Normalisation { scale: number("scale")?, shift: number("shift")?, each },
            labels: labels.ok_or_else(|| broken("`labels` is not a list of names".into()))?,
            preparation,
            loss: entry("loss")?.to_string(),
            training: json_of("training")?,
        })
    }

    /// The SHA-256 sum of all parameters: names, types, shapes and numbers in their order. Equal sums mean equal bits.
    pub fn weights_sha256(&self) -> String {
        weights_sha256(&self.network)
    }
}

/// The SHA-256 sum of a layer's parameters.
pub(crate) fn weights_sha256(layer: &dyn Layer) -> String {
    let mut hash = Sha256::new();
    for (name, array) in layer.arrays() {
        hash.update(format!("{name} {} {:?}\n", array.dtype(), array.shape()));
        hash.update(array.to_le_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As it stands in the file; without the part for single numbers where there is none, as older programs wrote it.
fn normalisation_json(normalisation: &Normalisation) -> Value {
    let mut value = json!({"scale": normalisation.scale, "shift": normalisation.shift});
    if let Some(each) = &normalisation.each {
        value["each"] = json!(each.to_vec());
    }
    value
}

fn broken(what: String) -> Error {
    Error::format(what)
}

/// Writes a file under a temporary name in the same folder, syncs it and renames it: a kill at any moment leaves the old
/// file or the new one.
///
/// # Errors
///
/// The folder cannot be written or the disk is full; the old file is then unchanged.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Error::new(ErrorKind::Io, format!("{}: not the name of a file", path.display())));
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let temporary = folder.join(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
    let write = || -> std::io::Result<()> {
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        // The rename itself is safe only when the folder is on the disk too; not every file system can sync a folder.
        if let Ok(folder) = File::open(folder) {
            let _ = folder.sync_all();
        }
        Ok(())
    };
    write().map_err(|error| {
        let _ = std::fs::remove_file(&temporary);
        Error::io(path, &error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Model {
        let options = NetworkOptions { seed: 5, ..NetworkOptions::default() };
        Model {
            network: Network::new("linear(3) leaky_relu(0.2) linear(3) relu(kink=0.5) linear(2,nobias)", &[2, 2], &options)
                .unwrap(),
            normalisation: Normalisation { scale: 1.0 / 255.0, shift: -0.5, each: Some([[2.0, 0.1]; 4].into()) },
            labels: vec!["no".into(), "はい".into()],
            preparation: None,
            loss: "softmax_cross_entropy".into(),
            training: json!({"seed": 5}),
        }
    }

    #[test]
    fn a_model_comes_back_as_it_was() {
        let (one, two) = (model(), Model::from_bytes(&model().to_bytes().unwrap()).unwrap());
        assert_eq!(one.weights_sha256(), two.weights_sha256());
        assert_eq!(one.network.notation(), two.network.notation());
        assert_eq!(
            (one.normalisation, one.labels, one.loss, one.training),
            (two.normalisation, two.labels, two.loss, two.training)
        );
        assert_eq!(two.network.input_shape(), [2, 2]);
    }

    #[test]
    fn files_cut_anywhere_or_not_ours_are_refused() {
        let bytes = model().to_bytes().unwrap();
        for length in (0..bytes.len()).step_by(7).chain([bytes.len() - 1]) {
            assert!(Model::from_bytes(&bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
        }
        assert!(Model::from_bytes(b"GIF89a and so on and so on").is_err());
        let plain = to_safetensors(&[], HashMap::from([("format".to_string(), "pt".to_string())])).unwrap();
        let error = Model::from_bytes(&plain).err().unwrap();
        assert!(error.what().contains("not a model of kudari"), "{error}");
        // A network that does not belong to the parameters.
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(text.contains("linear(3)"));
        let swap = |from: &str, to: &str| {
            let place = bytes.windows(from.len()).position(|w| w == from.as_bytes()).unwrap();
            let mut changed = bytes.clone();
            changed[place..place + from.len()].copy_from_slice(to.as_bytes());
            Model::from_bytes(&changed).err().unwrap().what().to_string()
        };
        assert!(swap("linear(3)", "linear(4)").contains("has shape"), "{}", swap("linear(3)", "linear(4)"));
        assert!(swap("\"kudari\":\"1\"", "\"kudari\":\"9\"").contains("version 9"));
        // Each number in it is small, all together they ask for a million parameters.
        let network = model().network.notation().to_string();
        let found = swap(&network, &format!("{:1$}", "99x(99x(linear(9))) linear(7)", network.len()));
        assert!(found.contains("more than there are numbers for"), "{found}");
    }

    #[test]
    fn a_file_is_written_whole_or_not_at_all() {
        let folder = std::env::temp_dir().join(format!("kudari-file-test-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("model.safetensors");
        model().save(&path).unwrap();
        assert_eq!(Model::load(&path).unwrap().weights_sha256(), model().weights_sha256());
        assert!(write_atomically(&folder.join("missing/model"), b"x").is_err());
        // Nothing temporary stays behind.
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
