//! Parameters and how they are found and named.

use std::cell::Cell;
use std::fmt;

use super::buffer::Buffer;
use super::initializer::Initializer;
use super::pattern::matches;
use crate::array::{Array, DType, Stream};
use crate::autograd::Variable;
use crate::error::{Error, Result};

/// A trainable array: a variable that optimizers change, and how it was initialised.
#[derive(Debug)]
pub struct Parameter {
    variable: Variable,
    initializer: Initializer,
    /// What it starts from instead.
    initial: Option<Array>,
}

/// A clone is a parameter of its own with the same numbers: training one does not move the other.
impl Clone for Parameter {
    fn clone(&self) -> Parameter {
        let variable = if self.is_frozen() { Variable::constant } else { Variable::parameter };
        Parameter { variable: variable(self.array().clone()), initializer: self.initializer, initial: self.initial.clone() }
    }
}

thread_local! {
    static SEED: Cell<u64> = const { Cell::new(0) };
    static MADE: Cell<u64> = const { Cell::new(0) };
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
        let number = MADE.replace(MADE.get() + 1);
        let mut stream = Stream::new(SEED.get(), "parameter").part(number);
        let array = initializer.array(shape, DType::F32, &mut stream)?;
        Ok(Parameter { variable: Variable::parameter(array), initializer, initial: None })
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
        Ok(Parameter { variable: Variable::parameter(array), initializer: Initializer::Constant(0.0), initial: None })
    }

    /// The variable to compute with.
    #[inline]
    pub fn variable(&self) -> &Variable {
        &self.variable
    }

    /// The numbers.
    pub fn array(&self) -> &Array {
        self.variable.array()
    }

    /// Replaces the numbers by others of the same shape.
    ///
    /// # Errors
    ///
    /// Another shape, or numbers that are not floating-point.
    pub fn set_array(&mut self, array: Array) -> Result<()> {
        if array.shape() != self.array().shape() {
            return Err(Error::shape(format!(
                "a parameter of shape {:?} set to shape {:?}",
                self.array().shape(),
                array.shape()
            )));
        }
        if !array.dtype().is_float() {
            return Err(
                Error::dtype(format!("a parameter set to {}", array.dtype())).help("parameters are f32, f64, f16 or bf16")
            );
        }
        *self.variable.array_mut() = array;
        Ok(())
    }

    /// The numbers for an optimizer to change in place.
    pub(crate) fn array_mut(&mut self) -> &mut Array {
        self.variable.array_mut()
    }

    /// Whether it is held as it is: no gradient by it is computed, and optimizers leave it alone.
    pub fn is_frozen(&self) -> bool {
        !self.variable.wants_gradient()
    }

    /// Holds the parameter as it is, or lets it be trained again. Gradients by it that were computed before are lost.
    pub fn set_frozen(&mut self, frozen: bool) {
        if frozen != self.is_frozen() {
            let array = self.array().clone();
            self.variable = if frozen { Variable::constant(array) } else { Variable::parameter(array) };
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
        self.initial = Some(array);
        Ok(())
    }

    /// The numbers to start from: those that were given, or drawn from `stream`.
    fn draw(&self, stream: &mut Stream) -> Result<Array> {
        match &self.initial {
            Some(array) => Ok(array.to_dtype(self.array().dtype())),
            None => self.initializer.array(self.array().shape(), self.array().dtype(), stream),
        }
    }
}

/// The name of a parameter while its layers are walked: displays as `encoder.0.weight`. Made on the stack, so that
/// walking the parameters allocates nothing.
#[derive(Clone, Copy)]
pub struct Path<'a> {
    outer: Option<&'a Path<'a>>,
    name: Name<'a>,
}

#[derive(Clone, Copy)]
enum Name<'a> {
    Text(&'a str),
    Number(usize),
}

impl<'a> Path<'a> {
    /// The start of a walk.
    pub const ROOT: Path<'static> = Path { outer: None, name: Name::Text("") };

    /// The path of a field.
    pub fn field(&'a self, name: &'a str) -> Path<'a> {
        Path { outer: Some(self), name: Name::Text(name) }
    }

    /// The path of a layer in a list.
    pub fn index(&'a self, index: usize) -> Path<'a> {
        Path { outer: Some(self), name: Name::Number(index) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(outer) = self.outer.filter(|o| o.outer.is_some()) {
            write!(f, "{outer}.")?;
        }
        match self.name {
            Name::Text(name) => f.write_str(name),
            Name::Number(index) => write!(f, "{index}"),
        }
    }
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
    /// written.
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

    /// Replaces the numbers of all parameters and buffers by those of the same names.
    ///
    /// # Errors
    ///
    /// One that is missing in `arrays`, one too many there, or one of another shape; then nothing is changed.
    fn set_arrays(&mut self, arrays: &[(String, Array)]) -> Result<()> {
        let mut problem = None;
        let mut names = Vec::new();
        let mut check = |what: &str, name: String, shape: &[usize], fits: &dyn Fn(DType) -> bool| {
            match arrays.iter().find(|a| a.0 == name) {
                _ if problem.is_some() => {}
                Some((_, array)) if array.shape() == shape && fits(array.dtype()) => {}
                Some((_, array)) => {
                    problem = Some(format!(
                        "{what} {name} has shape {shape:?}, the given one {:?} of {}",
                        array.shape(),
                        array.dtype()
                    ));
                }
                None => problem = Some(format!("{what} {name} is missing")),
            }
            names.push(name);
        };
        self.visit(&Path::ROOT, &mut |path, parameter| {
            check("parameter", path.to_string(), parameter.array().shape(), &DType::is_float);
        });
        self.visit_buffers(&Path::ROOT, &mut |path, buffer| {
            let held = buffer.get();
            check("buffer", path.to_string(), held.shape(), &|dtype| {
                dtype == held.dtype() || (dtype.is_float() && held.dtype().is_float())
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
                *parameter.array_mut() = array.clone();
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
            let mut stream = Stream::new(seed, &format!("initialize/{path}"));
            match parameter.draw(&mut stream) {
                Ok(array) => *parameter.array_mut() = array,
                Err(error) => outcome = Err(error.context(path)),
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

/// Number of numbers in all parameters.
pub fn parameter_count(layer: &dyn Layer) -> usize {
    let mut count = 0;
    layer.visit(&Path::ROOT, &mut |_, parameter| count += parameter.array().len());
    count
}

impl Layer for Parameter {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Parameter)) {
        visitor(path, self);
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {
        visitor(path, self);
    }
}

impl Layer for Buffer {
    fn visit(&self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, &Parameter)) {}
    fn visit_mut(&mut self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {}
    fn visit_buffers(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Buffer)) {
        visitor(path, self);
    }
}

impl<L: Layer> Layer for Option<L> {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Parameter)) {
        self.iter().for_each(|layer| layer.visit(path, visitor));
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {
        self.iter_mut().for_each(|layer| layer.visit_mut(path, visitor));
    }
    fn visit_buffers(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Buffer)) {
        self.iter().for_each(|layer| layer.visit_buffers(path, visitor));
    }
}

impl<L: Layer> Layer for Vec<L> {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Parameter)) {
        self.iter().enumerate().for_each(|(i, layer)| layer.visit(&path.index(i), visitor));
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {
        self.iter_mut().enumerate().for_each(|(i, layer)| layer.visit_mut(&path.index(i), visitor));
    }
    fn visit_buffers(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Buffer)) {
        self.iter().enumerate().for_each(|(i, layer)| layer.visit_buffers(&path.index(i), visitor));
    }
}

impl<L: Layer + ?Sized> Layer for Box<L> {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Parameter)) {
        (**self).visit(path, visitor);
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {
        (**self).visit_mut(path, visitor);
    }
    fn visit_buffers(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Buffer)) {
        (**self).visit_buffers(path, visitor);
    }
}
