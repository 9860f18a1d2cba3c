//! A function of one's own, and how a check finds the mistake that is made most often in its backward.
//!
//! `cargo run --release -p kudari --example own_function`
//!
//! The squared error ½Σ(x₀ − x₁)² has the derivatives x₀ − x₁ and −(x₀ − x₁). A backward that returns just that is right as long as
//! nothing comes after the function; anything that does arrives as `gy`, the gradient by the result, and must be multiplied in.
//! `check_gradients` puts a random gradient there, so that it cannot be missed.

use kudari::autograd::{Context, Function, InputGradients, Outputs, apply};
use kudari::check::{CheckOptions, check_gradients};
use kudari::{Array, Result, Variable};

#[derive(Debug)]
struct SquaredError {
    uses_gy: bool,
}

impl Function for SquaredError {
    fn name(&self) -> &'static str {
        "squared_error"
    }

    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        let difference = inputs[0].sub(inputs[1])?;
        Ok([difference.mul(&difference)?.sum().scale(0.5)].into())
    }

    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let difference = context.input(0).sub(context.input(1))?;
        let gradient = if self.uses_gy { difference.mul(&gy[0])? } else { difference };
        Ok([Some(gradient.clone()), Some(-gradient)].into_iter().collect())
    }
}

fn gradient(loss: &Variable, by: &Variable) -> Result<Vec<f64>> {
    Ok(loss.backward()?.get(by).map(Array::to_f64_vec).unwrap_or_default())
}

fn main() -> Result<()> {
    let (x0, x1) = (Array::from([1.0, 2.0, 3.0]), Array::from([0.5, 2.5, -1.0]));
    for uses_gy in [false, true] {
        println!("\nbackward {} gy:", if uses_gy { "multiplies by" } else { "ignores" });

        // At the root of a graph gy is 1, and both are right: x0 − x1.
        let variables = [&x0, &x1].map(|x| Variable::parameter(x.clone()));
        let loss = apply(SquaredError { uses_gy }, &[&variables[0], &variables[1]])?;
        println!("  gradient of the loss         {:?}", gradient(&loss, &variables[0])?);

        // Three times the loss has three times the gradient.
        let loss = apply(SquaredError { uses_gy }, &[&variables[0], &variables[1]])? * 3.0;
        println!("  gradient of 3 times the loss {:?}", gradient(&loss, &variables[0])?);

        let call = |v: &[Variable]| apply(SquaredError { uses_gy }, &[&v[0], &v[1]]);
        let report = check_gradients(call, &[x0.clone(), x1.clone()], &CheckOptions::default())?;
        println!("  the check {} it", if report.passed { "passes" } else { "rejects" });
        if let Some(worst) = report.worst {
            println!("  the worst of {} derivatives: {worst}", report.checked);
        }
    }
    Ok(())
}
