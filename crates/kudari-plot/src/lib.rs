//! Pictures as data: plots, film strips and animations, drawn as SVG, PNG, GIF or a self-contained HTML player.
//!
//! A [`Picture`] is a list of marks. [`Plot`] makes one from data; [`row`] and [`grid`] put several on one sheet; an
//! [`Animation`] shows them one after the other. Nothing here knows about networks.

mod animation;
mod color;
mod error;
mod file;
mod font;
mod grid;
mod picture;
mod plot;
mod raster;
mod render;
mod strip;
mod svg;

pub use animation::{Animation, Frame};
pub use color::{Color, Ramp, palette, sequential, two_sided};
pub use error::{Error, Result};
pub use file::{check_ending, save};
pub use grid::Grid;
pub use picture::{Anchor, Picture, Stroke, Style, TextStyle, Vertical};
pub use plot::{Legend, Levels, Plot, Scale};
pub use raster::Raster;
pub use strip::{grid, row};
