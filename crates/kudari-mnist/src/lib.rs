//! kudari
