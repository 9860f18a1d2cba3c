//! Arrays by their names in one safetensors file.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

use crate::array::{Array, DType};
use crate::error::{Error, Result};

/// Arrays by their names.
pub(crate) type NamedArrays = Vec<(String, Array)>;

/// The file's bytes.
///
/// # Errors
///
/// An array that the format cannot hold.
pub(crate) fn to_safetensors(arrays: &[(String, Array)], metadata: HashMap<String, String>) -> Result<Vec<u8>> {
    let bytes: Vec<Vec<u8>> = arrays.iter().map(|(_, array)| array.to_le_bytes()).collect();
    let views = arrays.iter().zip(&bytes).map(|((name, array), bytes)| {
        let dtype = match array.dtype() {
            DType::F32 => Dtype::F32,
            DType::F64 => Dtype::F64,
            DType::F16 => Dtype::F16,
            DType::Bf16 => Dtype::BF16,
            DType::I64 => Dtype::I64,
            DType::Bool => Dtype::BOOL,
        };
        let view = TensorView::new(dtype, array.shape().to_vec(), bytes);
        Ok((name.as_str(), view.map_err(|e| Error::format(format!("{name}: {e}")))?))
    });
    let views = views.collect::<Result<Vec<_>>>()?;
    serialize(views, Some(metadata)).map_err(|e| Error::format(e.to_string()))
}

/// The names and arrays of a file, and its metadata.
///
/// # Errors
///
/// Bytes that are cut short or not safetensors, or an array of a type that kudari does not have.
pub(crate) fn from_safetensors(bytes: &[u8]) -> Result<(NamedArrays, HashMap<String, String>)> {
    let broken = |error: safetensors::SafeTensorError| Error::format(format!("not a whole safetensors file: {error}"));
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(broken)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(broken)?;
    let mut arrays = Vec::new();
    for (name, view) in tensors.tensors() {
        let dtype = match view.dtype() {
            Dtype::F32 => DType::F32,
            Dtype::F64 => DType::F64,
            Dtype::F16 => DType::F16,
            Dtype::BF16 => DType::Bf16,
            Dtype::I64 => DType::I64,
            other => return Err(Error::format(format!("{name} is of type {other:?}"))),
        };
        arrays.push((name, Array::from_le_bytes(view.data(), view.shape(), dtype)?));
    }
    Ok((arrays, header.metadata().clone().unwrap_or_default()))
}
