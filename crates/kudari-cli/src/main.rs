//! kudari
fn main() {}
