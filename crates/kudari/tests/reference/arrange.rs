//! Calls of the functions in arrange.json.

use kudari::functions::{Padding, einsum};
use kudari::{Result, Variable};
use serde_json::Value;

use crate::data::{integers, sizes};

/// Calls the function of that name as the registry's `usage` says.
pub fn call(name: &str, v: &[Variable], args: &Value) -> Result<Variable> {
    let integer = |key: &str| args[key].as_i64().expect(key) as isize;
    let flag = |key: &str| args[key].as_bool().expect(key);
    let axis = || integer("axis");
    let axes = || integers(&args["axes"]);
    let x = &v[0];
    match name {
        "pad" => {
            let padding = match args["mode"].as_str().expect("mode") {
                "constant" => Padding::Constant(args["value"].as_f64().expect("value")),
                "reflect" => Padding::Reflect,
                _ => Padding::Edge,
            };
            let width = |pair: &Value| sizes(pair).try_into().expect("two widths");
            x.pad(&args["widths"].as_array().expect("widths").iter().map(width).collect::<Vec<[usize; 2]>>(), padding)
        }
        "flip" => x.flip(&axes()),
        "roll" => x.roll(&integers(&args["shifts"]), &axes()),
        "repeat" => x.repeat(integer("count") as usize, axis()),
        "tile" => x.tile(&sizes(&args["counts"])),
        "tril" => x.tril(integer("offset")),
        "triu" => x.triu(integer("offset")),
        "diagonal" => x.diagonal(integer("offset"), axes()[0], axes()[1]),
        "cumsum" => x.cumsum(axis()),
        "sort" => Ok(x.sort(axis(), flag("descending"))?.0),
        "top_k" => Ok(x.top_k(integer("count") as usize, axis(), flag("largest"))?.0),
        "einsum" => einsum(args["text"].as_str().expect("text"), &v.iter().collect::<Vec<_>>()),
        _ => panic!("`{name}` is not in this table of calls"),
    }
}
