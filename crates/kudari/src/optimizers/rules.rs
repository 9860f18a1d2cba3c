//! The optimizers that move every number by itself.

use super::memory::{Memory, pass};
use super::{Change, Optimizer, OptimizerMemory, Settings};
use crate::array::Array;
use crate::error::{Error, Result};
use crate::kernels::update;

/// 1 − β^t without cancellation.
fn correction(beta: f64, step: u64) -> f64 {
    -(step as f64 * beta.ln()).exp_m1()
}

/// Whether a factor of forgetting is from 0 to below 1.
pub(super) fn is_factor(name: &str, value: f64) -> Result<()> {
    if (0.0..1.0).contains(&value) {
        return Ok(());
    }
    Err(Error::value(format!("{name} = {value}")).help("it says how much is kept from step to step: from 0 to below 1"))
}

/// The methods that every optimizer forwards to its settings.
macro_rules! common {
    ($name:literal) => {
        fn name(&self) -> &'static str {
            $name
        }
        fn settings(&self) -> &Settings {
            &self.settings
        }
        fn settings_mut(&mut self) -> &mut Settings {
            &mut self.settings
        }
        fn copy(&self) -> Box<dyn Optimizer> {
            Box::new(self.clone())
        }
    };
}
pub(super) use common;

/// An optimizer that moves every number by itself: in parentheses the factors that `new` asks for, in braces those with
/// defaults; how many numbers it remembers of each, and the numbers that its rule in `kernels/update.rs` takes, from the
/// optimizer and the learning rate; `counting` what else changes with every step.
macro_rules! optimizer {
    ($(#[$doc:meta])* $type:ident $name:literal ($($given:ident),*) { $($factor:ident = $default:literal),* }
     $(counting $count:ident from $first:literal by |$counting:ident| $next:expr,)? $(decoupled $decoupled:literal,)?
     remembers $memory:literal, $rule:ident |$me:ident, $rate:ident| $numbers:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $type {
            settings: Settings,
            $($given: f64,)*
            $($factor: f64,)*
            $($count: f64,)?
            step: u64,
            memory: Memory<$memory>,
        }

        impl $type {
            /// With learning rate η and the factors that its formula names; those that are not given are as in the notation.
            pub fn new(learning_rate: f64 $(, $given: f64)*) -> $type {
                let settings = Settings { $(decoupled: $decoupled,)? ..Settings::new(learning_rate) };
                $type { settings, $($given,)* $($factor: $default,)* $($count: $first,)? step: 0, memory: Memory::new() }
            }
        }

        impl Optimizer for $type {
            common!($name);
            fn remembered(&self) -> usize {
                $memory
            }
            fn validate(&self) -> Result<()> {
                $(is_factor(stringify!($given), self.$given)?;)*
                $(is_factor(stringify!($factor), self.$factor)?;)*
                self.settings.validate()
            }
            fn begin_step(&mut self) {
                self.step += 1;
                $(let $counting = &*self; self.$count = $next;)?
            }
            fn update(&mut self, slot: usize, parameter: &mut Array, gradient: &Array, change: Change) -> Result<()> {
                let ($me, $rate) = (&*self, change.rate);
                let numbers = $numbers;
                let memory = self.memory.of(slot, parameter);
                pass!(update::$rule, parameter, memory, gradient, change.shaping, numbers);
                Ok(())
            }
            fn memory(&self) -> Option<OptimizerMemory> {
                let factor = None$(.or(Some(self.$count)))?;
                Some(OptimizerMemory { step: self.step, factor, arrays: self.memory.arrays() })
            }
            fn restore(&mut self, memory: OptimizerMemory) -> Result<()> {
                self.memory = Memory::from_arrays(memory.arrays)?;
                self.step = memory.step;
                $(self.$count = memory.factor.unwrap_or($first);)?
                Ok(())
            }
        }
    };
}

optimizer! {
    /// Stochastic gradient descent: w ← w − η·g.
    Sgd "sgd" () {}
    remembers 0, sgd |_me, rate| [rate]
}

optimizer! {
    /// Momentum: v ← μ·v + g, w ← w − η·v (Polyak 1964, in PyTorch's form).
    Momentum "momentum" (momentum) {}
    remembers 1, momentum |me, rate| [rate, me.momentum]
}

optimizer! {
    /// Nesterov's momentum: v ← μ·v + g, w ← w − η·(g + μ·v) (Sutskever et al. 2013, in PyTorch's form).
    Nesterov "nesterov" (momentum) {}
    remembers 1, nesterov |me, rate| [rate, me.momentum]
}

optimizer! {
    /// AdaGrad: h ← h + g², w ← w − η·g/(√h + ε) (Duchi, Hazan and Singer 2011); ε = 1e-10.
    AdaGrad "adagrad" () {}
    remembers 1, adaptive |_me, rate| [rate, 1.0, 1.0, 1e-10]
}

optimizer! {
    /// RMSprop: h ← ρ·h + (1 − ρ)·g², w ← w − η·g/(√h + ε) (Tieleman and Hinton 2012); ε = 1e-8.
    RmsProp "rmsprop" () { rho = 0.99 }
    remembers 1, adaptive |me, rate| [rate, me.rho, 1.0 - me.rho, 1e-8]
}

optimizer! {
    /// AdaDelta: h ← ρ·h + (1 − ρ)·g², d = g·√(u + ε)/√(h + ε), w ← w − η·d, u ← ρ·u + (1 − ρ)·d² (Zeiler 2012); ε = 1e-6.
    /// It finds its own scale: η near 1 is usual.
    AdaDelta "adadelta" () { rho = 0.9 }
    remembers 2, adadelta |me, rate| [rate, me.rho, 1.0 - me.rho, 1e-6]
}

optimizer! {
    /// Adam: m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², w ← w − η·m̂/(√v̂ + ε) with m̂ = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ),
    /// which corrects their start at 0 (Kingma and Ba 2014); ε = 1e-8. Weight decay is added to the gradient.
    Adam "adam" () { beta1 = 0.9, beta2 = 0.999 }
    remembers 2, adam |me, rate| adam_numbers(me.beta1, me.beta2, me.step, rate)
}

optimizer! {
    /// AdamW: Adam with the weight decay apart from the gradient, w ← w − η·λ·w first (Loshchilov and Hutter 2017).
    AdamW "adamw" () { beta1 = 0.9, beta2 = 0.999 }
    decoupled true,
    remembers 2, adam |me, rate| adam_numbers(me.beta1, me.beta2, me.step, rate)
}

optimizer! {
    /// AMSGrad: Adam that divides by the largest v so far, so that no step grows because a large gradient is forgotten
    /// (Reddi, Kale and Kumar 2018; v̂ corrected for its start at 0 as in PyTorch).
    AmsGrad "amsgrad" () { beta1 = 0.9, beta2 = 0.999 }
    remembers 3, amsgrad |me, rate| adam_numbers(me.beta1, me.beta2, me.step, rate)
}

optimizer! {
    /// Adamax: m as in Adam, u ← max(β₂·u, |g| + ε), w ← w − η/(1 − β₁ᵗ)·m/u (Kingma and Ba 2014, section 7.1); ε = 1e-8.
    Adamax "adamax" () { beta1 = 0.9, beta2 = 0.999 }
    remembers 2, adamax |me, rate| {
        [rate / correction(me.beta1, me.step), me.beta1, 1.0 - me.beta1, me.beta2, 1e-8]
    }
}

optimizer! {
    /// NAdam: Adam with Nesterov's momentum (Dozat 2016). With μₜ = β₁·(1 − ½·0.96^(0.004·t)) and Πₜ = μ₁·…·μₜ,
    /// w ← w − η·(μₜ₊₁·m/(1 − Πₜ₊₁) + (1 − μₜ)·g/(1 − Πₜ))/(√v̂ + ε), m, v and v̂ as in Adam; ε = 1e-8.
    NAdam "nadam" () { beta1 = 0.9, beta2 = 0.999 }
    counting product from 1.0 by |me| me.product * nadam_momentum(me.beta1, me.step),
    remembers 2, nadam |me, rate| {
        let [_, keep1, add1, keep2, add2, scale, epsilon] = adam_numbers(me.beta1, me.beta2, me.step, rate);
        let [now, next] = [me.step, me.step + 1].map(|step| nadam_momentum(me.beta1, step));
        let ahead = rate * next / (1.0 - me.product * next);
        [ahead, rate * (1.0 - now) / (1.0 - me.product), keep1, add1, keep2, add2, scale, epsilon]
    }
}

optimizer! {
    /// RAdam: Adam that waits until v says something (Liu et al. 2019). With ρ∞ = 2/(1 − β₂) − 1 and
    /// ρₜ = ρ∞ − 2t·β₂ᵗ/(1 − β₂ᵗ), as long as ρₜ ≤ 5: w ← w − η·m̂, then w ← w − η·r·m̂·√(1 − β₂ᵗ)/(√v + ε) with
    /// r² = (ρₜ − 4)(ρₜ − 2)ρ∞/((ρ∞ − 4)(ρ∞ − 2)ρₜ); m, v and m̂ as in Adam; ε = 1e-8.
    RAdam "radam" () { beta1 = 0.9, beta2 = 0.999 }
    remembers 2, adam |me, rate| {
        let corrected = correction(me.beta2, me.step);
        let longest = 2.0 / (1.0 - me.beta2) - 1.0;
        let length = longest - 2.0 * me.step as f64 * (1.0 - corrected) / corrected;
        let rate = rate / correction(me.beta1, me.step);
        // √v·0 + 1 where v is not used yet.
        let [rate, scale, epsilon] = if length > 5.0 {
            let squared = (length - 4.0) * (length - 2.0) * longest / ((longest - 4.0) * (longest - 2.0) * length);
            [rate * (squared * corrected).sqrt(), 1.0, 1e-8]
        } else {
            [rate, 0.0, 1.0]
        };
        [rate, me.beta1, 1.0 - me.beta1, me.beta2, 1.0 - me.beta2, scale, epsilon]
    }
}

optimizer! {
    /// Lion: w ← w − η·sign(β₁·m + (1 − β₁)·g), m ← β₂·m + (1 − β₂)·g, with weight decay apart from the gradient (Chen et
    /// al. 2023). Every number moves by η, so that η is three to ten times smaller than for Adam.
    Lion "lion" () { beta1 = 0.9, beta2 = 0.99 }
    decoupled true,
    remembers 1, lion |me, rate| [rate, me.beta1, 1.0 - me.beta1, me.beta2, 1.0 - me.beta2]
}

/// The numbers of Adam's rule in a step, from 1.
pub(super) fn adam_numbers(beta1: f64, beta2: f64, step: u64, rate: f64) -> [f64; 7] {
    let scale = 1.0 / correction(beta2, step).sqrt();
    [rate / correction(beta1, step), beta1, 1.0 - beta1, beta2, 1.0 - beta2, scale, 1e-8]
}

/// NAdam's momentum in a step, from 1: β₁/2 at first, later β₁.
fn nadam_momentum(beta1: f64, step: u64) -> f64 {
    beta1 * (1.0 - 0.5 * 0.96f64.powf(0.004 * step as f64))
}

macro_rules! factors {
    ($($type:ident)*, betas) => {$(
        impl $type {
            /// With other β₁ and β₂, each from 0 to below 1.
            #[must_use]
            pub fn betas(mut self, beta1: f64, beta2: f64) -> $type {
                (self.beta1, self.beta2) = (beta1, beta2);
                self
            }
        }
    )*};
    ($($type:ident)*, rho) => {$(
        impl $type {
            /// With another ρ, from 0 to below 1.
            #[must_use]
            pub fn rho(mut self, rho: f64) -> $type {
                self.rho = rho;
                self
            }
        }
    )*};
}
factors!(Adam AdamW AmsGrad Adamax NAdam RAdam Lion, betas);
factors!(RmsProp AdaDelta, rho);
