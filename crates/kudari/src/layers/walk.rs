//! How parameters are named, and how lists and boxes of layers are walked.

use std::fmt;

use super::buffer::Buffer;
use super::parameter::{Layer, Parameter};

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
