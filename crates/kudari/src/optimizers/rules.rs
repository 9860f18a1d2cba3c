//! The optimizers.

use super::{GradientShaping, Optimizer, Settings};
use crate::array::Array;
use crate::error::{Error, Result};
use crate::kernels::float::with_float;
use crate::kernels::update;

/// The optimizer's memory: for every parameter `N` arrays of its shape, zero at first.
#[derive(Debug, Clone)]
struct Memory<const N: usize>(Vec<Option<[Array; N]>>);

impl<const N: usize> Memory<N> {
    fn new() -> Self {
        Memory(Vec::new())
    }

    /// The arrays of parameter `slot`; anew if the parameter changed its type or shape.
    fn of(&mut self, slot: usize, parameter: &Array) -> &mut [Array; N] {
        if self.0.len() <= slot {
            self.0.resize(slot + 1, None);
        }
        let fits = |arrays: &[Array; N]| arrays.iter().all(|a| a.shape() == parameter.shape() && a.dtype() == parameter.dtype());
        let place = &mut self.0[slot];
        if !place.as_ref().is_some_and(fits) {
            *place = None;
        }
        place.get_or_insert_with(|| std::array::from_fn(|_| parameter.full_like(0.0)))
    }
}

/// Runs the body with the parameter's and gradient's numbers as slices of one type.
macro_rules! with_slices {
    ($parameter:ident, $gradient:ident, $type:ident, |$p:ident, $g:ident| $body:expr) => {{
        if $parameter.shape() != $gradient.shape() || $parameter.dtype() != $gradient.dtype() {
            return Err(misfit($parameter, $gradient));
        }
        let gradient = $gradient.contiguous();
        with_float!($parameter.dtype(), $type => {
            let $g = gradient.contiguous_slice::<$type>().unwrap_or(&[]);
            let $p = $parameter.make_mut::<$type>();
            $body
        }, else return Err(misfit($parameter, $gradient)));
        Ok(())
    }};
}

fn misfit(parameter: &Array, gradient: &Array) -> Error {
    Error::shape(format!(
        "a parameter of shape {:?} ({}) with a gradient of shape {:?} ({})",
        parameter.shape(),
        parameter.dtype(),
        gradient.shape(),
        gradient.dtype()
    ))
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

/// Stochastic gradient descent: w ← w − η·g.
#[derive(Debug, Clone)]
pub struct Sgd {
    settings: Settings,
}

impl Sgd {
    /// With learning rate η.
    pub fn new(learning_rate: f64) -> Sgd {
        Sgd { settings: Settings::new(learning_rate) }
    }
}

impl Optimizer for Sgd {
    common!("sgd");
    fn update(&mut self, _: usize, parameter: &mut Array, gradient: &Array, shaping: GradientShaping) -> Result<()> {
        let rate = self.settings.learning_rate;
        with_slices!(parameter, gradient, T, |p, g| update::sgd::<T>(p, g, shaping.0, rate))
    }
}

macro_rules! momentum {
    ($(#[$doc:meta])* $type:ident $name:literal $nesterov:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $type {
            settings: Settings,
            momentum: f64,
            memory: Memory<1>,
        }

        impl $type {
            /// With learning rate η and momentum μ.
            pub fn new(learning_rate: f64, momentum: f64) -> $type {
                $type { settings: Settings::new(learning_rate), momentum, memory: Memory::new() }
            }
        }

        impl Optimizer for $type {
            common!($name);
            fn remembered(&self) -> usize {
                1
            }
            fn update(&mut self, slot: usize, parameter: &mut Array, gradient: &Array, shaping: GradientShaping) -> Result<()> {
                let (rate, momentum) = (self.settings.learning_rate, self.momentum);
                let [v] = self.memory.of(slot, parameter);
                with_slices!(parameter, gradient, T, |p, g| {
                    update::momentum::<T>(p, v.make_mut::<T>(), g, shaping.0, rate, momentum, $nesterov)
                })
            }
        }
    };
}
momentum!(
    /// Momentum: v ← μ·v + g, w ← w − η·v (Polyak 1964, in PyTorch's form).
    Momentum "momentum" false
);
momentum!(
    /// Nesterov's momentum: v ← μ·v + g, w ← w − η·(g + μ·v) (Sutskever et al. 2013, in PyTorch's form).
    Nesterov "nesterov" true
);

/// AdaGrad: h ← h + g², w ← w − η·g/(√h + ε) (Duchi, Hazan and Singer 2011); ε = 1e-10.
#[derive(Debug, Clone)]
pub struct AdaGrad {
    settings: Settings,
    memory: Memory<1>,
}

impl AdaGrad {
    /// With learning rate η.
    pub fn new(learning_rate: f64) -> AdaGrad {
        AdaGrad { settings: Settings::new(learning_rate), memory: Memory::new() }
    }
}

impl Optimizer for AdaGrad {
    common!("adagrad");
    fn remembered(&self) -> usize {
        1
    }
    fn update(&mut self, slot: usize, parameter: &mut Array, gradient: &Array, shaping: GradientShaping) -> Result<()> {
        let rate = self.settings.learning_rate;
        let [h] = self.memory.of(slot, parameter);
        with_slices!(parameter, gradient, T, |p, g| {
            update::adaptive::<T>(p, h.make_mut::<T>(), g, shaping.0, rate, [1.0, 1.0], 1e-10)
        })
    }
}

/// RMSprop: h ← ρ·h + (1 − ρ)·g², w ← w − η·g/(√h + ε) (Tieleman and Hinton 2012); ε = 1e-8.
#[derive(Debug, Clone)]
pub struct RmsProp {
    settings: Settings,
    rho: f64,
    memory: Memory<1>,
}

impl RmsProp {
    /// With learning rate η and ρ = 0.99.
    pub fn new(learning_rate: f64) -> RmsProp {
        RmsProp { settings: Settings::new(learning_rate), rho: 0.99, memory: Memory::new() }
    }

    /// With another ρ.
    #[must_use]
    pub fn rho(mut self, rho: f64) -> RmsProp {
        self.rho = rho;
        self
    }
}

impl Optimizer for RmsProp {
    common!("rmsprop");
    fn remembered(&self) -> usize {
        1
    }
    fn update(&mut self, slot: usize, parameter: &mut Array, gradient: &Array, shaping: GradientShaping) -> Result<()> {
        let (rate, rho) = (self.settings.learning_rate, self.rho);
        let [h] = self.memory.of(slot, parameter);
        with_slices!(parameter, gradient, T, |p, g| {
            update::adaptive::<T>(p, h.make_mut::<T>(), g, shaping.0, rate, [rho, 1.0 - rho], 1e-8)
        })
    }
}

macro_rules! adam {
    ($(#[$doc:meta])* $type:ident $name:literal $decoupled:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $type {
            settings: Settings,
            beta1: f64,
            beta2: f64,
            step: u64,
            memory: Memory<2>,
        }

        impl $type {
            /// With learning rate η, β₁ = 0.9, β₂ = 0.999 and ε = 1e-8.
            pub fn new(learning_rate: f64) -> $type {
                $type { settings: Settings::new(learning_rate), beta1: 0.9, beta2: 0.999, step: 0, memory: Memory::new() }
            }

            /// With other β₁ and β₂.
            #[must_use]
            pub fn betas(mut self, beta1: f64, beta2: f64) -> $type {
                (self.beta1, self.beta2) = (beta1, beta2);
                self
            }
        }

        impl Optimizer for $type {
            common!($name);
            fn remembered(&self) -> usize {
                2
            }
            fn begin_step(&mut self) {
                self.step += 1;
            }
            fn update(&mut self, slot: usize, parameter: &mut Array, gradient: &Array, shaping: GradientShaping) -> Result<()> {
                let decay = shaping.0.decay;
                let numbers = update::Adam {
                    rate: self.settings.learning_rate,
                    beta1: self.beta1,
                    beta2: self.beta2,
                    epsilon: 1e-8,
                    decoupled_decay: if $decoupled { decay } else { 0.0 },
                    step: self.step,
                };
                let shaping = update::Shaping { decay: if $decoupled { 0.0 } else { decay }, ..shaping.0 };
                let [m, v] = self.memory.of(slot, parameter);
                with_slices!(parameter, gradient, T, |p, g| {
                    update::adam::<T>(p, m.make_mut::<T>(), v.make_mut::<T>(), g, shaping, numbers)
                })
            }
        }
    };
}
adam!(
    /// Adam: m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², w ← w − η·m̂/(√v̂ + ε) with m̂, v̂ corrected for their start at 0
    /// (Kingma and Ba 2014). Weight decay is added to the gradient.
    Adam "adam" false
);
adam!(
    /// AdamW: Adam with the weight decay apart from the gradient, w ← w − η·λ·w first (Loshchilov and Hutter 2017).
    AdamW "adamw" true
);
