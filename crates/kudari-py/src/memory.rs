//! Memory shared with NumPy, in both directions and without copies. The only `unsafe` of this crate.
//!
//! What NumPy lends is kept alive by the engine's array, what the engine lends by the owner object behind NumPy's array. The engine
//! never writes memory that it shares. Python may: as with any NumPy array, not while a calculation that reads it runs in
//! another thread.
#![allow(unsafe_code)]

use std::ptr::NonNull;

use kudari::{Array, DType, ForeignMemory};
use numpy::npyffi::{self, PY_ARRAY_API, npy_intp};
use numpy::{PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::errors::{OrRaise, guarded, invalid_type};

/// Keeps an array of the engine alive for the NumPy array that shows it.
#[pyclass(frozen, name = "_Memory")]
struct Memory {
    _array: Array,
}

/// The engine's type for the number of a NumPy type, as far as its numbers can be used where they lie. (Truth values cannot: NumPy lets
/// other bytes than 0 and 1 stand for them.)
fn dtype_of(number: std::ffi::c_int) -> Option<DType> {
    use npyffi::NPY_TYPES;
    Some(match number {
        n if n == NPY_TYPES::NPY_FLOAT as i32 => DType::F32,
        n if n == NPY_TYPES::NPY_DOUBLE as i32 => DType::F64,
        n if n == NPY_TYPES::NPY_HALF as i32 => DType::F16,
        n if n == NPY_TYPES::NPY_LONG as i32 && size_of::<std::ffi::c_long>() == 8 => DType::I64,
        n if n == NPY_TYPES::NPY_LONGLONG as i32 => DType::I64,
        _ => return None,
    })
}

/// The engine's array over the memory of a NumPy array. `None` if it has to be converted first: another type, another order of bytes, or
/// numbers that do not lie at multiples of their size.
pub fn shared(array: &Bound<'_, PyUntypedArray>) -> PyResult<Option<Array>> {
    let raw = array.as_array_ptr();
    // SAFETY: `array` is a NumPy array, so the pointer is to its valid head, which nobody changes while we hold the interpreter.
    let (data, flags, descriptor) = unsafe { ((*raw).fields.data, (*raw).fields.flags, (*raw).fields.descr) };
    // SAFETY: a NumPy array always has a descriptor.
    let (number, order) = unsafe { ((*descriptor).fields.type_num, (*descriptor).fields.byteorder as u8) };
    let is_native =
        matches!(order, b'=' | b'|') || (order == b'<') == cfg!(target_endian = "little") && matches!(order, b'<' | b'>');
    let Some(dtype) = dtype_of(number).filter(|_| is_native && flags & npyffi::NPY_ARRAY_ALIGNED != 0) else { return Ok(None) };
    let size = dtype.size() as isize;
    let (shape, steps) = (array.shape(), array.strides());
    if shape.len() > 6 {
        let what = format!("an array of {} axes, {shape:?}\n  the engine knows at most 6: reshape it first", shape.len());
        return Err(invalid_type(what));
    }
    if steps.iter().any(|step| step % size != 0) {
        return Ok(None);
    }
    // How far the elements reach before and behind the first.
    let (mut before, mut behind) = (0isize, 0isize);
    for (&count, &step) in shape.iter().zip(steps).filter(|(count, _)| **count > 0) {
        let way = (count as isize - 1) * step;
        if way < 0 { before -= way } else { behind += way }
    }
    let is_empty = shape.contains(&0);
    let (before, bytes) = if is_empty { (0, 0) } else { (before, before + behind + size) };
    let Some(start) = NonNull::new(data.cast::<u8>().wrapping_offset(-before)) else { return Ok(None) };
    // SAFETY: the bytes from the lowest to the highest element belong to the array's buffer, which the array keeps as long as it
    // lives; the owner given here is a reference to it. NumPy's memory is initialised by whoever made it, and every bit
    // pattern is a valid number.
    let memory = unsafe { ForeignMemory::new(start, bytes as usize, array.clone().unbind()) };
    let strides: Vec<isize> = steps.iter().map(|step| step / size).collect();
    Array::from_foreign(memory, (before / size) as usize, shape, &strides, dtype).map(Some).or_raise()
}

/// Truth values, as a copy in which every byte is 0 or 1.
pub fn truth_values(array: &Bound<'_, PyUntypedArray>) -> PyResult<Array> {
    let numpy = |name| crate::operand::numpy_function(array.py(), name);
    let one_or_zero = numpy("not_equal")?.call1((array.call_method1("view", ("u1",))?, 0))?;
    // Row by row, and an array also where NumPy gives a number.
    let one_or_zero = numpy("asarray")?.call1((one_or_zero, array.py().None(), "C"))?;
    let values: PyReadonlyArrayDyn<'_, bool> = one_or_zero.cast::<PyArrayDyn<bool>>()?.try_readonly()?;
    Array::from_slice(values.as_slice()?, array.shape()).or_raise()
}

/// A NumPy array over the memory of an array of the engine.
pub fn to_numpy<'py>(py: Python<'py>, array: &Array) -> PyResult<Bound<'py, PyAny>> {
    use npyffi::NPY_TYPES;
    // What is repeated in memory cannot be written as if it were not, and bf16 is unknown to NumPy.
    let repeats = array.strides().iter().zip(array.shape()).any(|(&stride, &size)| stride == 0 && size > 1);
    let array = match array.dtype() {
        DType::Bf16 => guarded(|| array.to_dtype(DType::F32))?,
        _ if repeats => guarded(|| array.copy())?,
        _ => array.clone(),
    };
    let kind = match array.dtype() {
        DType::F64 => NPY_TYPES::NPY_DOUBLE,
        DType::F16 => NPY_TYPES::NPY_HALF,
        DType::I64 if size_of::<std::ffi::c_long>() == 8 => NPY_TYPES::NPY_LONG,
        DType::I64 => NPY_TYPES::NPY_LONGLONG,
        DType::Bool => NPY_TYPES::NPY_BOOL,
        DType::F32 | DType::Bf16 => NPY_TYPES::NPY_FLOAT,
    };
    let size = array.dtype().size() as npy_intp;
    let mut shape: Vec<npy_intp> = array.shape().iter().map(|&n| n as npy_intp).collect();
    let mut strides: Vec<npy_intp> = array.strides().iter().map(|&step| step as npy_intp * size).collect();
    let (rank, address) = (shape.len() as i32, array.address().cast_mut());
    // Numbers that lie in an array of NumPy's belong to that one, and may be written if that one may.
    let lender =
        array.lender().and_then(|lender| lender.downcast_ref::<Py<PyUntypedArray>>()).map(|lender| lender.bind(py).clone());
    // SAFETY: a NumPy array, as in `shared`.
    let is_writable =
        |lender: &Bound<'_, PyUntypedArray>| unsafe { (*lender.as_array_ptr()).fields.flags & npyffi::NPY_ARRAY_WRITEABLE };
    let writable = lender.as_ref().map_or(npyffi::NPY_ARRAY_WRITEABLE, is_writable);
    let owner = match lender {
        Some(lender) => lender.into_any(),
        None => Bound::new(py, Memory { _array: array })?.into_any(),
    };
    // SAFETY: shape, strides and address describe elements inside of the buffer of `array`, which `owner` keeps; NumPy takes over the
    // references to the descriptor and to the owner.
    unsafe {
        let descriptor = PY_ARRAY_API.PyArray_DescrFromType(py, kind as i32);
        let made = PY_ARRAY_API.PyArray_NewFromDescr(
            py,
            npyffi::get_type_object(py, npyffi::NpyTypes::PyArray_Type),
            descriptor,
            rank,
            shape.as_mut_ptr(),
            strides.as_mut_ptr(),
            address.cast(),
            writable,
            std::ptr::null_mut(),
        );
        let made = Bound::from_owned_ptr_or_err(py, made)?;
        if PY_ARRAY_API.PyArray_SetBaseObject(py, made.as_ptr().cast(), owner.into_ptr()) < 0 {
            return Err(PyErr::fetch(py));
        }
        PY_ARRAY_API.PyArray_UpdateFlags(py, made.as_ptr().cast(), npyffi::NPY_ARRAY_UPDATE_ALL);
        Ok(made)
    }
}
