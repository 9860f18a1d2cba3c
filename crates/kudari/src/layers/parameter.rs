//! Parameters and how they are found and named.

use std::cell::Cell;
use std::thread::LocalKey;

use super::buffer::Buffer;
use super::initializer::Initializer;
use super::lazy::{Lazy, completes, written};
use super::pattern::matches;
use super::walk::Path;
use crate::array::{Array, DType, Shape, Stream};
use crate::autograd::Variable;
use crate::error::{Error, Result};

/// A trainable array: a variable that optimizers change, and how it was initialised.
///
/// The sizes of a [lazy](Parameter::lazy) one are found by its layer at the first use. Until then it is an empty array, with 0
/// in the places of the sizes that are not known.
#[derive(Debug)]
pub struct Parameter {
    variable: Variable,
    initializer: Initializer,
    /// What it starts from instead.
    initial: Option<Array>,
    /// What is needed to make it when its sizes are known; then the variable that was made.
    lazy: Option<Box<Lazy>>,
}

/// A clone is a parameter of its own with the same numbers: training one does not move the other.
impl Clone for Parameter {
    fn clone(&self) -> Parameter {
        Parameter {
            variable: leaf(self.array().clone(), self.is_frozen()),
            initializer: self.initializer,
            initial: self.initial.clone(),
            lazy: self.lazy.as_ref().filter(|_| !self.has_sizes()).cloned(),
        }
    }
}

fn leaf(array: Array, frozen: bool) -> Variable {
    if frozen { Variable::constant(array) } else { Variable::parameter(array) }
}

thread_local! {
    static SEED: Cell<u64> = const { Cell::new(0) };
    static MADE: Cell<u64> = const { Cell::new(0) };
    /// How many numbers the parameters that are made may still have.
    static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
    /// Whether the parameters that are made get no numbers.
    static UNFILLED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `body` with another value in a cell of this thread. The old one comes back also when a panic unwinds.
fn with<T: Copy, R>(cell: &'static LocalKey<Cell<T>>, value: T, body: impl FnOnce() -> R) -> R {
    struct Restore<T: Copy + 'static>(&'static LocalKey<Cell<T>>, T);
    impl<T: Copy> Drop for Restore<T> {
        fn drop(&mut self) {
            self.0.set(self.1);
        }
    }
    let _restore = Restore(cell, cell.replace(value));
    body()
}

/// Runs `body`, in which the parameters that are made on this thread may have at most `most` numbers together: a network that a file
/// describes costs no more memory than the file says it has numbers.
pub(crate) fn with_at_most<R>(most: usize, body: impl FnOnce() -> R) -> R {
    with(&LEFT, most, body)
}

/// Runs `body`, in which the parameters that are made on this thread are all zeros and take no memory, for a network that is
/// [initialised](Layer::initialize) or [set](Layer::set_arrays) right afterwards: drawing the numbers of a large one takes as long as a
/// training step.
///
/// ```
/// use kudari::layers::{Layer, Linear, unfilled};
///
/// let mut layer = unfilled(|| Linear::new(784, 50));
/// assert!(layer.weight().array().to_vec::<f32>()?.iter().all(|&number| number == 0.0));
/// layer.initialize(7)?;
/// assert!(layer.weight().array().to_vec::<f32>()?.iter().all(|&number| number != 0.0));
/// # Ok::<(), kudari::Error>(())
/// ```
pub fn unfilled<R>(body: impl FnOnce() -> R) -> R {
    with(&UNFILLED, true, body)
}

/// Takes the numbers of a new parameter from those that may be made.
fn take_from_left(shape: &[usize]) -> Result<()> {
    let (count, left) = (shape.iter().fold(1usize, |n, &size| n.saturating_mul(size)), LEFT.get());
    if count > left {
        return Err(Error::value(format!("a parameter of shape {shape:?} is more than there are numbers for")));
    }
    if left != usize::MAX {
        LEFT.set(left - count);
    }
    Ok(())
}

/// Sets the seed for layers that are made after this, on this thread. A network made from the notation takes its seed
/// explicitly, and [`Layer::initialize`] sets all parameters of a layer anew.
pub fn set_seed(seed: u64) {
    SEED.set(seed);
    MADE.set(0);
}

impl Parameter {
    /// A parameter of `shape` filled by `initializer`, f32, from the thread's seed. The last axis counts the inputs, the
    /// first the outputs.
    ///
    /// # Errors
    ///
    /// An impossible shape.
    pub fn new(shape: &[usize], initializer: Initializer) -> Result<Parameter> {
        take_from_left(shape)?;
        let mut stream = next_stream();
        let array = if UNFILLED.get() {
            // There must be memory for the numbers to come.
            Shape::allocatable(shape, DType::F32)?;
            Array::zeros(&[], DType::F32)?.broadcast_to(shape)?
        } else {
            initializer.array(shape, DType::F32, &mut stream)?
        };
        Ok(Parameter { variable: Variable::parameter(array), initializer, initial: None, lazy: None })
    }

    /// A parameter of which some sizes are not known yet: they stand as 0 in `shape`. The layer that it belongs to calls
    /// [`Parameter::infer_sizes`] before it computes. The numbers are those that [`Parameter::new`] or [`Layer::initialize`]
    /// would have given if the sizes had been known then; numbers that are [set](Parameter::set_array) bring their sizes.
    ///
    /// ```
    /// use kudari::layers::{Initializer, Layer, Parameter};
    /// use kudari::{Result, Variable};
    ///
    /// /// Every input times a number of its own.
    /// #[derive(Layer)]
    /// struct Scale {
    ///     factors: Parameter,
    /// }
    ///
    /// impl Scale {
    ///     fn forward(&self, x: &Variable) -> Result<Variable> {
    ///         self.factors.infer_sizes(x.shape().get(1..).unwrap_or_default())?;
    ///         x.mul(self.factors.variable())
    ///     }
    /// }
    ///
    /// let scale = Scale { factors: Parameter::lazy(&[0], Initializer::Constant(2.0))? };
    /// assert!(!scale.factors.has_sizes() && scale.factors.array().shape() == [0]);
    /// let y = scale.forward(&Variable::constant([[1.0f32, 2.0, 3.0]].into()))?;
    /// assert_eq!(y.array().to_vec::<f32>()?, [2.0, 4.0, 6.0]);
    /// assert_eq!(scale.factors.array().shape(), [3]);
    /// # Ok::<(), kudari::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// An impossible shape.
    pub fn lazy(shape: &[usize], initializer: Initializer) -> Result<Parameter> {
        if !shape.contains(&0) {
            return Parameter::new(shape, initializer);
        }
        let variable = Variable::parameter(Array::zeros(shape, DType::F32)?);
        let lazy = Some(Box::new(Lazy::new(next_stream(), DType::F32)));
        Ok(Parameter { variable, initializer, initial: None, lazy })
    }

    /// Gives a [lazy](Parameter::lazy) parameter its shape, and thereby its numbers; does nothing where it has them. Of
    /// several threads that come first at once all get the same.
    ///
    /// # Errors
    ///
    /// Sizes other than those that are known, sizes of 0, or sizes larger than memory.
    #[inline]
    pub fn infer_sizes(&self, shape: &[usize]) -> Result<()> {
        match &self.lazy {
            Some(lazy) if lazy.made().is_none() => lazy.make(shape, &self.variable, &self.initializer),
            _ => Ok(()),
        }
    }

    /// Whether all sizes are known: always, but for a [lazy](Parameter::lazy) parameter before its first use.
    pub fn has_sizes(&self) -> bool {
        self.lazy.as_ref().is_none_or(|lazy| lazy.made().is_some())
    }

    /// Whether numbers of this shape can be set: its own, or any with all sizes that has those that are known.
    pub(super) fn fits(&self, shape: &[usize]) -> bool {
        shape == self.array().shape() || (!self.has_sizes() && completes(self.array().shape(), shape))
    }

    /// The shape for an error, with `?` for what is not known.
    pub(super) fn written_shape(&self) -> String {
        written(self.array().shape(), self.has_sizes())
    }

    /// A parameter with given numbers.
    ///
    /// # Errors
    ///
    /// Numbers that are not floating-point.
    pub fn from_array(array: Array) -> Result<Parameter> {
        if !array.dtype().is_float() {
            return Err(Error::dtype(format!("a parameter of {}", array.dtype())).help("parameters are f32, f64, f16 or bf16"));
        }
        let variable = Variable::parameter(array);
        Ok(Parameter { variable, initializer: Initializer::Constant(0.0), initial: None, lazy: None })
    }

    /// The variable to compute with. That of a [lazy](Parameter::lazy) parameter is another one from the first use on.
    #[inline]
    pub fn variable(&self) -> &Variable {
        self.lazy.as_ref().and_then(|lazy| lazy.made()).unwrap_or(&self.variable)
    }

    /// The same, to be changed: what was made at the first use takes its place among the others.
    fn variable_mut(&mut self) -> &mut Variable {
        if let Some(made) = self.lazy.as_mut().and_then(|lazy| lazy.take_made()) {
            (self.variable, self.lazy) = (made, None);
        }
        &mut self.variable
    }

    /// The numbers.
    pub fn array(&self) -> &Array {
        self.variable().array()
    }

    /// Replaces the numbers by others of the same shape. A [lazy](Parameter::lazy) parameter whose sizes are not known takes
    /// them from `array`.
    ///
    /// # Errors
    ///
    /// Another shape, or numbers that are not floating-point.
    pub fn set_array(&mut self, array: Array) -> Result<()> {
        if !self.fits(array.shape()) {
            return Err(Error::shape(format!("a parameter of shape {} set to shape {:?}", self.written_shape(), array.shape())));
        }
        if !array.dtype().is_float() {
            return Err(
                Error::dtype(format!("a parameter set to {}", array.dtype())).help("parameters are f32, f64, f16 or bf16")
            );
        }
        self.put(array);
        Ok(())
    }

    /// Replaces the numbers by some that fit.
    fn put(&mut self, array: Array) {
        if array.shape() != self.array().shape() {
            self.lazy = None;
        }
        *self.array_mut() = array;
    }

    /// The numbers for an optimizer to change in place.
    pub(crate) fn array_mut(&mut self) -> &mut Array {
        self.variable_mut().array_mut()
    }

    /// Whether it is held as it is: no gradient by it is computed, and optimizers leave it alone.
    pub fn is_frozen(&self) -> bool {
        !self.variable().wants_gradient()
    }

    /// Holds the parameter as it is, or lets it be trained again. Gradients by it that were computed before are lost.
    pub fn set_frozen(&mut self, frozen: bool) {
        if frozen != self.is_frozen() {
            let array = self.array().clone();
            *self.variable_mut() = leaf(array, frozen);
        }
    }

    /// How the parameter is filled by [`Layer::initialize`].
    pub fn initializer(&self) -> &Initializer {
        &self.initializer
    }

    /// Chooses how the parameter is filled by [`Layer::initialize`].
    pub fn set_initializer(&mut self, initializer: Initializer) {
        (self.initializer, self.initial) = (initializer, None);
    }

    /// Sets the numbers, now and by every [`Layer::initialize`] to come, which then draws none for this parameter.
    ///
    /// ```
    /// use kudari::layers::{Layer, Parameter};
    /// use kudari::Array;
    /// let mut embedding = Parameter::from_array(Array::from([[0.0f32, 0.0]]))?;
    /// embedding.set_initial(Array::from([[1.0f32, 2.0]]))?;
    /// embedding.initialize(7)?;
    /// assert_eq!(embedding.array().to_vec::<f32>()?, [1.0, 2.0]);
    /// # Ok::<(), kudari::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Parameter::set_array`].
    pub fn set_initial(&mut self, array: Array) -> Result<()> {
        self.set_array(array.clone())?;
        self.initial = Some(array).filter(|_| self.has_sizes());
        Ok(())
    }

    /// Starts anew: from the numbers that were given, or drawn from `stream`, now or when the sizes are known.
    fn start(&mut self, mut stream: Stream) -> Result<()> {
        let dtype = self.array().dtype();
        if let (false, Some(lazy)) = (self.has_sizes(), &mut self.lazy) {
            **lazy = Lazy::new(stream, dtype);
            return Ok(());
        }
        let array = match &self.initial {
            Some(array) => array.to_dtype(dtype),
            None => self.initializer.array(self.array().shape(), dtype, &mut stream)?,
        };
        *self.array_mut() = array;
        Ok(())
    }
}

/// The stream of the next parameter that this thread makes.
fn next_stream() -> Stream {
    let number = MADE.replace(MADE.get() + 1);
    Stream::new(SEED.get(), "parameter").part(number)
}

/// Something with named parameters: a layer, or a whole network. `#[derive(Layer)]` implements it for a struct.
///
/// By hand it is two walks over the same fields in the same order:
///
/// ```
/// use kudari::layers::{Layer, Linear, Parameter, Path};
///
/// struct Tied {
///     shared: Linear,
/// }
///
/// impl Layer for Tied {
///     fn visit(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Parameter)) {
///         self.shared.visit(&path.field("shared"), visitor);
///     }
///     fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {
///         self.shared.visit_mut(&path.field("shared"), visitor);
///     }
/// }
///
/// let net = Tied { shared: Linear::new(3, 2) };
/// assert_eq!(net.parameter_names(), ["shared.weight", "shared.bias"]);
/// ```
pub trait Layer {
    /// Calls `visitor` with every parameter, always in the same order.
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Parameter));

    /// The same walk, for changing parameters.
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Parameter));

    /// Calls `visitor` with every buffer, always in the same order. Only layers that have buffers, or contain layers that do,
    /// need it.
    fn visit_buffers(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Buffer)) {
        let _ = (path, visitor);
    }

    /// The names of all parameters.
    fn parameter_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        self.visit(&Path::ROOT, &mut |path, _| names.push(path.to_string()));
        names
    }

    /// Names and numbers of all parameters, and after them of all buffers. Cheap: the memory is shared until one side is
    /// written. What is [lazy](crate::layers#sizes-that-follow-from-the-data) and was not used yet is empty.
    fn arrays(&self) -> Vec<(String, Array)> {
        let mut arrays = Vec::new();
        self.visit(&Path::ROOT, &mut |path, parameter| arrays.push((path.to_string(), parameter.array().clone())));
        arrays.extend(self.buffers());
        arrays
    }

    /// Names and numbers of all buffers.
    fn buffers(&self) -> Vec<(String, Array)> {
        let mut arrays = Vec::new();
        self.visit_buffers(&Path::ROOT, &mut |path, buffer| arrays.push((path.to_string(), buffer.get())));
        arrays
    }

    /// Replaces the numbers of the buffers that are named.
    ///
    /// # Errors
    ///
    /// Numbers of another shape or type than their buffer's.
    fn set_buffers(&self, arrays: &[(String, Array)]) -> Result<()> {
        let mut outcome = Ok(());
        self.visit_buffers(&Path::ROOT, &mut |path, buffer| {
            let name = path.to_string();
            if let (Some((_, array)), true) = (arrays.iter().find(|a| a.0 == name), outcome.is_ok()) {
                outcome = buffer.set(array.clone()).map_err(|e| e.context(name));
            }
        });
        outcome
    }

    /// Replaces the numbers of all parameters and buffers by those of the same names. Lazy layers take their sizes from them.
    ///
    /// # Errors
    ///
    /// One that is missing in `arrays`, one too many there, or one of another shape; then nothing is changed.
    fn set_arrays(&mut self, arrays: &[(String, Array)]) -> Result<()> {
        let mut problem = None;
        let mut names = Vec::new();
        let mut check = |what: &str, name: String, shape: String, fits: &dyn Fn(&Array) -> bool| {
            match arrays.iter().find(|a| a.0 == name) {
                _ if problem.is_some() => {}
                Some((_, array)) if fits(array) => {}
                Some((_, array)) => {
                    problem =
                        Some(format!("{what} {name} has shape {shape}, the given one {:?} of {}", array.shape(), array.dtype()));
                }
                None => problem = Some(format!("{what} {name} is missing")),
            }
            names.push(name);
        };
        self.visit(&Path::ROOT, &mut |path, parameter| {
            check("parameter", path.to_string(), parameter.written_shape(), &|array| {
                parameter.fits(array.shape()) && array.dtype().is_float()
            });
        });
        self.visit_buffers(&Path::ROOT, &mut |path, buffer| {
            let held = buffer.get().dtype();
            check("buffer", path.to_string(), buffer.written_shape(), &|array| {
                let dtype = array.dtype();
                buffer.fits(array.shape()) && (dtype == held || (dtype.is_float() && held.is_float()))
            });
        });
        if let (None, Some((extra, _))) = (&problem, arrays.iter().find(|a| !names.contains(&a.0))) {
            problem = Some(format!("there is no parameter {extra}"));
        }
        if let Some(problem) = problem {
            return Err(Error::format(problem).help("the parameters belong to another network"));
        }
        let mut dtype = None;
        self.visit_mut(&Path::ROOT, &mut |path, parameter| {
            let name = path.to_string();
            if let Some((_, array)) = arrays.iter().find(|a| a.0 == name) {
                parameter.put(array.clone());
                // The buffers take the type of the parameters that come with them.
                dtype = Some(array.dtype());
            }
        });
        if let Some(dtype) = dtype {
            self.visit_buffers(&Path::ROOT, &mut |_, buffer| buffer.convert(dtype));
        }
        self.set_buffers(arrays)
    }

    /// Fills all parameters anew by their initialisers and puts all buffers back to their start. Every parameter has a random
    /// stream of its own, named after it, so that adding a layer does not change the others.
    ///
    /// # Errors
    ///
    /// An orthogonal matrix for which there is no memory; others have none for parameters that exist.
    fn initialize(&mut self, seed: u64) -> Result<()> {
        let mut outcome = Ok(());
        self.visit_mut(&Path::ROOT, &mut |path, parameter| {
            if let Err(error) = parameter.start(Stream::new(seed, &format!("initialize/{path}"))) {
                outcome = Err(error.context(path));
            }
        });
        self.visit_buffers(&Path::ROOT, &mut |path, buffer| buffer.initialize(seed, path));
        outcome
    }

    /// Holds the parameters whose names match `pattern` as they are: no gradients by them are computed, and optimizers leave
    /// them alone. In the pattern `*` stands for any characters: `0.*` is the first layer of a network, `*.bias` all biases.
    /// Gives the number of parameters that match.
    ///
    /// ```
    /// use kudari::layers::{Layer, Linear};
    /// let mut net = vec![Linear::new(4, 3), Linear::new(3, 2)];
    /// assert_eq!(net.freeze("0.*")?, 2);
    /// assert!(net[0].weight().is_frozen() && !net[1].weight().is_frozen());
    /// # Ok::<(), kudari::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// No parameter matches.
    fn freeze(&mut self, pattern: &str) -> Result<usize> {
        set_frozen(self, pattern, true)
    }

    /// Lets parameters that were [frozen](Layer::freeze) be trained again.
    ///
    /// # Errors
    ///
    /// No parameter matches.
    fn unfreeze(&mut self, pattern: &str) -> Result<usize> {
        set_frozen(self, pattern, false)
    }

    /// Converts all parameters to another floating-point type. In f16 and bf16 a network takes half the memory; it is used and
    /// differentiated so, but trained in f32 or f64. Running statistics stay f32 then.
    ///
    /// # Errors
    ///
    /// A type that is not floating-point.
    fn convert(&mut self, dtype: DType) -> Result<()> {
        if !dtype.is_float() {
            return Err(Error::dtype(format!("parameters as {dtype}")).help("parameters are f32, f64, f16 or bf16"));
        }
        self.visit_mut(&Path::ROOT, &mut |_, parameter| {
            let converted = parameter.array().to_dtype(dtype);
            *parameter.array_mut() = converted;
        });
        self.visit_buffers(&Path::ROOT, &mut |_, buffer| buffer.convert(dtype));
        Ok(())
    }
}

fn set_frozen(layer: &mut (impl Layer + ?Sized), pattern: &str, frozen: bool) -> Result<usize> {
    let mut count = 0;
    layer.visit_mut(&Path::ROOT, &mut |path, parameter| {
        if matches(pattern, &path.to_string()) {
            parameter.set_frozen(frozen);
            count += 1;
        }
    });
    if count == 0 {
        return Err(Error::value(format!("no parameter matches `{pattern}`"))
            .help(format!("the parameters are {}", layer.parameter_names().join(", "))));
    }
    Ok(count)
}

/// Number of numbers in all parameters. Those of which a size is not known yet count 0.
pub fn parameter_count(layer: &dyn Layer) -> usize {
    let mut count = 0;
    layer.visit(&Path::ROOT, &mut |_, parameter| count += parameter.array().len());
    count
}
