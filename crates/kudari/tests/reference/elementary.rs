//! Calls of the functions in elementary.json.

use kudari::functions::{maxout, prelu};
use kudari::{Result, Variable};
use serde_json::Value;

/// Calls the function of that name as the registry's `usage` says.
pub fn call(name: &str, v: &[Variable], args: &Value) -> Result<Variable> {
    let number = |key: &str| args[key].as_f64().expect(key);
    let axis = || args["axis"].as_i64().expect("axis") as isize;
    let x = &v[0];
    Ok(match name {
        "expm1" => x.expm1(),
        "exp2" => x.exp2(),
        "log1p" => x.log1p(),
        "log2" => x.log2(),
        "log10" => x.log10(),
        "rsqrt" => x.rsqrt(),
        "tan" => x.tan(),
        "asin" => x.asin(),
        "acos" => x.acos(),
        "atan" => x.atan(),
        "sinh" => x.sinh(),
        "cosh" => x.cosh(),
        "asinh" => x.asinh(),
        "acosh" => x.acosh(),
        "atanh" => x.atanh(),
        "relu6" => x.relu6(),
        "clipped_relu" => x.clipped_relu(number("ceiling")),
        "elu" => x.elu(number("alpha")),
        "selu" => x.selu(),
        "celu" => x.celu(number("alpha")),
        "log_sigmoid" => x.log_sigmoid(),
        "hard_sigmoid" => x.hard_sigmoid(),
        "hard_swish" => x.hard_swish(),
        "mish" => x.mish(),
        "normal_cdf" => x.normal_cdf(),
        "erf" => x.erf(),
        "gelu" => x.gelu(),
        "gelu_tanh" => x.gelu_tanh(),
        "prelu" => prelu(x, &v[1])?,
        "maxout" => maxout(x, args["pool"].as_u64().expect("pool") as usize, axis())?,
        "softmin" => x.softmin(axis())?,
        _ => panic!("`{name}` is not in this table of calls"),
    })
}
