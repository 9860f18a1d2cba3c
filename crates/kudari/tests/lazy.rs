//! Layers that take the sizes of their inputs from the first input: they must be the layers that have the sizes given.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

use kudari::array::Stream;
use kudari::check::check_network;
use kudari::functions::{Conv2dOptions, RecurrentActivation, mean_squared_error};
use kudari::layers::{
    Activation, BatchNorm, Checkpoint, Conv2d, ConvTranspose2d, Dropout, Flatten, GroupNorm, Gru, Initializer, Layer, LayerNorm,
    Linear, Lstm, MaxPool2d, Module, MultiHeadAttention, PRelu, Parameter, Path, Positions, RecurrentLayers, Residual, RmsNorm,
    Rnn, Sequential, parameter_count, set_seed,
};
use kudari::model::Network;
use kudari::optimizers::{Lbfgs, Momentum, Optimizer};
use kudari::{Array, DType, Result, Variable, inference};

type Made = Result<Box<dyn Module>>;

/// A layer with the sizes given or left out, and the shape of a batch.
struct Case {
    make: fn(lazy: bool) -> Made,
    batch: &'static [usize],
}

fn boxed(layer: impl Module + 'static) -> Made {
    Ok(Box::new(layer))
}

fn grouped() -> Conv2dOptions {
    Conv2dOptions { groups: 2, padding: [1, 0], ..Conv2dOptions::default() }
}

fn layers() -> RecurrentLayers {
    RecurrentLayers { layers: 2, both: true, ..RecurrentLayers::default() }
}

fn relu() -> Activation {
    Activation::new("relu").unwrap()
}

const HE: Initializer = Initializer::He;

const CASES: &[Case] = &[
    Case { make: |lazy| boxed(if lazy { Linear::lazy(3) } else { Linear::new(5, 3) }), batch: &[2, 5] },
    Case {
        make: |lazy| boxed(if lazy { Linear::try_lazy(3, HE, false)? } else { Linear::try_new(5, 3, HE, false)? }),
        batch: &[2, 4, 5],
    },
    Case { make: |lazy| boxed(if lazy { Conv2d::lazy(4, 3) } else { Conv2d::new(2, 4, 3) }), batch: &[2, 2, 5, 6] },
    Case {
        make: |lazy| {
            boxed(if lazy {
                Conv2d::try_lazy(4, [3, 1], grouped(), HE, true)?
            } else {
                Conv2d::try_new(6, 4, [3, 1], grouped(), HE, true)?
            })
        },
        batch: &[1, 6, 3, 3],
    },
    Case {
        make: |lazy| {
            let (kernel, steps) = ([2, 3], [[2, 1], [0, 1]]);
            boxed(if lazy {
                ConvTranspose2d::try_lazy(4, kernel, steps, HE, true)?
            } else {
                ConvTranspose2d::try_new(3, 4, kernel, steps, HE, true)?
            })
        },
        batch: &[2, 3, 4, 3],
    },
    Case { make: |lazy| boxed(if lazy { BatchNorm::lazy()? } else { BatchNorm::new(3)? }), batch: &[4, 3, 2, 2] },
    Case { make: |lazy| boxed(if lazy { LayerNorm::lazy(2)? } else { LayerNorm::new(&[2, 3])? }), batch: &[4, 2, 3] },
    Case { make: |lazy| boxed(if lazy { RmsNorm::lazy()? } else { RmsNorm::new(3)? }), batch: &[4, 2, 3] },
    Case { make: |lazy| boxed(if lazy { GroupNorm::lazy(2)? } else { GroupNorm::new(2, 6)? }), batch: &[2, 6, 3] },
    Case { make: |lazy| boxed(if lazy { PRelu::lazy()? } else { PRelu::new(Some(3))? }), batch: &[2, 3, 2] },
    Case { make: |lazy| boxed(if lazy { Lstm::lazy(3, &layers())? } else { Lstm::new(4, 3, &layers())? }), batch: &[2, 5, 4] },
    Case { make: |lazy| boxed(if lazy { Gru::lazy(3, &layers())? } else { Gru::new(4, 3, &layers())? }), batch: &[2, 5, 4] },
    Case {
        make: |lazy| {
            let tanh = RecurrentActivation::Tanh;
            boxed(if lazy { Rnn::lazy(3, tanh, &layers())? } else { Rnn::new(4, 3, tanh, &layers())? })
        },
        batch: &[2, 5, 4],
    },
    Case {
        make: |lazy| {
            boxed(if lazy {
                MultiHeadAttention::lazy(2, true, HE, true)?
            } else {
                MultiHeadAttention::new(6, 2, true, HE, true)?
            })
        },
        batch: &[2, 3, 6],
    },
    Case { make: |lazy| boxed(if lazy { Positions::lazy()? } else { Positions::new(3, 4)? }), batch: &[2, 3, 4] },
    // Layers of layers, some of which are joined in one pass.
    Case {
        make: |lazy| {
            let conv = |channels, filters| if lazy { Conv2d::lazy(filters, 3) } else { Conv2d::new(channels, filters, 3) };
            let linear = |inputs, outputs| if lazy { Linear::lazy(outputs) } else { Linear::new(inputs, outputs) };
            let pool = MaxPool2d { size: [2; 2], stride: [2; 2], padding: [0; 2] };
            let body = Sequential::new().with(linear(8, 5)).with(relu()).with(linear(5, 4));
            let checkpoint = Checkpoint::new(Sequential::new().with(linear(4, 7)));
            let residual = Residual::with_shortcut(body, Sequential::new().with(linear(8, 4)));
            let pictures = Sequential::new().with(conv(1, 3)).with(relu()).with(pool).with(conv(3, 2)).with(relu());
            boxed(Sequential::new().with(pictures).with(Flatten).with(residual).with(checkpoint))
        },
        batch: &[2, 1, 10, 10],
    },
];

fn batch(shape: &[usize], dtype: DType) -> Variable {
    Variable::constant(Stream::new(3, "x").uniform(shape, -1.0, 1.0, dtype).unwrap())
}

fn assert_same(a: &dyn Layer, b: &dyn Layer, what: &str) {
    let (a, b) = (a.arrays(), b.arrays());
    assert_eq!(a.len(), b.len(), "{what}");
    for ((name, a), (other, b)) in a.iter().zip(&b) {
        assert!(name == other && a.dtype() == b.dtype() && a.same_as(b), "{what}: {name} {a} is not {other} {b}");
    }
}

#[test]
fn a_lazy_layer_becomes_the_layer_with_its_sizes_given() {
    for case in CASES {
        let x = batch(case.batch, DType::F32);
        let seeded = |lazy: bool| {
            set_seed(5);
            (case.make)(lazy).unwrap()
        };
        let (lazy, sized) = (seeded(true), seeded(false));
        let what = sized.notation();
        assert_eq!(lazy.notation(), what);
        assert_eq!(lazy.parameter_names(), sized.parameter_names());
        assert!(parameter_count(&lazy) < parameter_count(&sized), "{what}");
        let shape = sized.output_shape(&case.batch[1..]).unwrap();
        assert_eq!(lazy.output_shape(&case.batch[1..]).unwrap(), shape, "{what}");
        // The first forward, within inference or a training step, gives the numbers of the thread's seed.
        let y = inference(|| lazy.forward(&x)).unwrap();
        assert!(y.array().same_as(inference(|| sized.forward(&x)).unwrap().array()), "{what}");
        assert_eq!(y.shape()[1..], shape);
        assert_same(&lazy, &sized, &what);
        assert_eq!(parameter_count(&lazy), parameter_count(&sized));
        let [a, b] = [&lazy, &sized].map(|layer| layer.forward(&x).unwrap());
        assert!(a.array().same_as(b.array()), "{what}");
        assert_same(&lazy, &sized, &what);
        let [a, b] = [&a, &b].map(|y| (y * y).sum().backward().unwrap());
        let gradients = |layer: &dyn Layer, of: &kudari::autograd::Gradients| {
            let mut all = Vec::new();
            layer.visit(&Path::ROOT, &mut |_, p| all.push(of.get(p.variable()).unwrap().to_f64_vec()));
            all
        };
        assert_eq!(gradients(&lazy, &a), gradients(&sized, &b), "{what}");
        // Sizes stay as they are.
        let mut other = case.batch.to_vec();
        other[1..].iter_mut().for_each(|size| *size += 1);
        assert!(lazy.forward(&batch(&other, DType::F32)).is_err(), "{what}");
    }
}

#[test]
fn a_seed_gives_the_same_numbers_before_and_after_the_first_use() {
    for case in CASES {
        for dtype in [DType::F32, DType::F64] {
            let x = batch(case.batch, dtype);
            let [mut sized, mut before, mut after, mut inferred] =
                [false, true, true, true].map(|lazy| (case.make)(lazy).unwrap());
            let what = sized.notation();
            // A conversion before, and one after the numbers are drawn.
            for layer in [&mut sized, &mut before, &mut after, &mut inferred] {
                layer.convert(dtype).unwrap();
            }
            sized.initialize(7).unwrap();
            before.initialize(7).unwrap();
            inferred.initialize(7).unwrap();
            inferred.infer_sizes(&case.batch[1..]).unwrap();
            assert_same(&inferred, &sized, &what);
            before.forward(&x).unwrap();
            after.forward(&x).unwrap();
            after.initialize(7).unwrap();
            assert_same(&after, &sized, &what);
            sized.forward(&x).unwrap();
            assert_same(&before, &sized, &what);

            let [mut sized, mut lazy] = [false, true].map(|lazy| (case.make)(lazy).unwrap());
            for layer in [&mut sized, &mut lazy] {
                layer.initialize(9).unwrap();
                layer.convert(DType::F64).unwrap();
            }
            lazy.infer_sizes(&case.batch[1..]).unwrap();
            assert_same(&lazy, &sized, &what);
        }
    }
}

#[test]
fn loaded_numbers_bring_their_sizes() {
    for case in CASES {
        let x = batch(case.batch, DType::F32);
        let (mut lazy, sized) = ((case.make)(true).unwrap(), (case.make)(false).unwrap());
        // What was saved before the first use can be loaded before the first use.
        lazy.set_arrays(&lazy.arrays()).unwrap();
        lazy.set_arrays(&sized.arrays()).unwrap();
        assert_same(&lazy, &sized, &sized.notation());
        assert!(lazy.forward(&x).unwrap().array().same_as(sized.forward(&x).unwrap().array()));
        // But not into a layer that knows its sizes.
        let unused = (case.make)(true).unwrap();
        assert!(lazy.set_arrays(&unused.arrays()).is_err());
        lazy.initialize(3).unwrap();
        let mut fresh = (case.make)(false).unwrap();
        fresh.initialize(3).unwrap();
        assert_same(&lazy, &fresh, &sized.notation());
    }
    let mut weight = Linear::lazy(2).weight().clone();
    weight.set_initial(Array::from([[1.0f32, 2.0], [3.0, 4.0]])).unwrap();
    weight.initialize(1).unwrap();
    assert_eq!(weight.array().to_f64_vec(), [1.0, 2.0, 3.0, 4.0]);
}

#[derive(Layer)]
struct Net {
    l1: Linear,
    norm: BatchNorm,
    l2: Linear,
}

impl Net {
    fn lazy(seed: u64) -> Net {
        let mut net = Net { l1: Linear::lazy(4), norm: BatchNorm::lazy().unwrap(), l2: Linear::lazy(1) };
        net.initialize(seed).unwrap();
        net
    }
    fn sized(seed: u64) -> Net {
        let mut net = Net { l1: Linear::new(3, 4), norm: BatchNorm::new(4).unwrap(), l2: Linear::new(4, 1) };
        net.initialize(seed).unwrap();
        net
    }
    fn forward(&self, x: &Variable) -> Result<Variable> {
        self.l2.forward(&self.norm.forward(&self.l1.forward(x)?)?.tanh())
    }
}

#[test]
fn training_is_the_same_from_the_first_step() {
    let (x, t) = (batch(&[5, 3], DType::F32), Array::from([[0.0f32], [1.0], [0.5], [-1.0], [0.25]]));
    let train = |mut net: Net| {
        // Frozen before it has numbers; named in a pattern.
        assert_eq!(net.freeze("l1.*").unwrap(), 2);
        let mut momentum = Momentum::new(0.1, 0.9).group("l2.bias", |s| s.learning_rate = 0.05);
        for step in 0..6 {
            if step == 3 {
                net.unfreeze("l1.weight").unwrap();
            }
            let loss = mean_squared_error(&net.forward(&x).unwrap(), &t).unwrap();
            let gradients = loss.backward().unwrap();
            assert_eq!(gradients.get(net.l1.weight().variable()).is_some(), step >= 3);
            momentum.step(&mut net, &gradients).unwrap();
        }
        assert!(net.l1.bias().unwrap().is_frozen());
        net
    };
    let (lazy, sized) = (train(Net::lazy(2)), train(Net::sized(2)));
    assert_same(&lazy, &sized, "after training");
    // An optimizer has nothing to move in a layer that was not used.
    let mut unused = Net::lazy(2);
    let gradients = mean_squared_error(&sized.forward(&x).unwrap(), &t).unwrap().backward().unwrap();
    Momentum::new(0.1, 0.9).step(&mut unused, &gradients).unwrap();
    assert_eq!(unused.l1.weight().array().shape(), [4, 0]);
    unused.forward(&x).unwrap();
    let fresh = Net::sized(2);
    fresh.forward(&x).unwrap();
    assert_same(&unused, &fresh, "after a step without gradients");
}

#[test]
fn whoever_counts_parameters_first_computes_a_loss() {
    let (x, t) = (batch(&[5, 3], DType::F64), batch(&[5, 1], DType::F64).into_array());
    let loss = |net: &Net| mean_squared_error(&net.forward(&x)?, &t);
    let [mut lazy, mut sized] = [Net::lazy(4), Net::sized(4)];
    let [a, b] = [&mut lazy, &mut sized].map(|net| check_network(net, loss, None, 1, 1e-6).unwrap());
    assert!(a.passed && b.passed && a.checked == b.checked && a.checked == 12 + 4 + 8 + 5, "{} {}", a.checked, b.checked);
    assert_same(&lazy, &sized, "after the check");
    let [mut lazy, mut sized] = [Net::lazy(4), Net::sized(4)];
    for net in [&mut lazy, &mut sized] {
        net.convert(DType::F64).unwrap();
    }
    let [a, b] = [&mut lazy, &mut sized].map(|net| Lbfgs::new(1.0).strong_wolfe().step_with(net, loss).unwrap());
    assert_eq!(a, b);
    assert_same(&lazy, &sized, "after lbfgs");
    assert!(loss(&lazy).unwrap().item().unwrap() < a);
}

#[test]
fn a_network_gets_its_sizes_from_the_shape_of_a_sample() {
    let layers = |lazy: bool| {
        let linear = |inputs, outputs| if lazy { Linear::lazy(outputs) } else { Linear::new(inputs, outputs) };
        Sequential::new().with(linear(6, 4)).with(relu()).with(Dropout::new(0.5).unwrap()).with(linear(4, 2))
    };
    let mut lazy = Network::from_layers(layers(true), &[6]).unwrap();
    let mut sized = Network::from_layers(layers(false), &[6]).unwrap();
    assert_eq!((lazy.summary().parameters, lazy.output_shape()), (6 * 4 + 4 + 4 * 2 + 2, vec![2]));
    lazy.initialize(8).unwrap();
    sized.initialize(8).unwrap();
    assert_same(&lazy, &sized, "a network");
}

#[test]
fn a_clone_before_the_first_use_draws_the_same_numbers() {
    let layer = Linear::lazy(3);
    let (clone, x) = (layer.clone(), batch(&[1, 2], DType::F32));
    layer.forward(&x).unwrap();
    clone.forward(&x).unwrap();
    assert_same(&layer, &clone, "clones");
    assert_ne!(layer.weight().variable().identity_number(), clone.weight().variable().identity_number());
    let copy = layer.clone();
    assert_same(&layer, &copy, "a clone of what was made");
}

/// Whichever thread is first, all compute with the same variable.
#[test]
fn threads_that_come_first_at_once_share_one_parameter() {
    for round in 0..20 {
        let mut layer = Linear::lazy(64);
        layer.initialize(round).unwrap();
        let x = batch(&[1, 100], DType::F32);
        let found: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        layer.forward(&x).unwrap();
                        layer.weight().variable().identity_number()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(found.iter().all(|f| f.is_some() && *f == found[0]), "{found:?}");
    }
}

#[test]
fn what_cannot_be_inferred_is_told() {
    let error = |result: Result<Variable>| result.unwrap_err().what().to_string();
    let zeros = |shape: &[usize]| Variable::constant(Array::zeros(shape, DType::F32).unwrap());
    assert_eq!(error(Linear::lazy(3).forward(&zeros(&[2, 0]))), "linear(3): a parameter: shape [3, ?] cannot become [3, 0]");
    assert_eq!(error(Linear::lazy(3).forward(&zeros(&[]))), "linear: x [], W [3, 0], b [3]");
    let conv = Conv2d::lazy(3, 2);
    assert!(error(conv.forward(&zeros(&[2, 3]))).starts_with("conv(3,2) takes samples of shape [channels, height, width]"));
    let groups = Conv2d::try_lazy(4, [1; 2], Conv2dOptions { groups: 2, ..Conv2dOptions::default() }, HE, true).unwrap();
    assert_eq!(error(groups.forward(&zeros(&[1, 3, 2, 2]))), "conv(4,1,groups=2): 2 groups for 3 channels and 4 filters");
    assert!(groups.output_shape(&[3, 2, 2]).is_err() && groups.output_shape(&[2, 2, 2]).is_ok());
    let net = Sequential::new().with(relu()).with(GroupNorm::lazy(2).unwrap());
    assert_eq!(error(net.forward(&zeros(&[1, 3]))), "layer 1.groupnorm(2): groupnorm(2): 2 groups of 3 channels");
    let net = Sequential::new().with(Flatten).with(MultiHeadAttention::lazy(2, false, HE, true).unwrap());
    assert_eq!(net.infer_sizes(&[3, 3]).unwrap_err().what(), "layer 1.attention(2): attention: 2 heads for places of 9 numbers");
    // An error leaves the sizes open.
    let layer = LayerNorm::lazy(2).unwrap();
    assert!(layer.forward(&zeros(&[4, 0, 3])).is_err() && layer.forward(&zeros(&[4, 2, 3])).is_ok());

    let mut layer = Linear::lazy(3);
    let arrays = |weight: &[usize]| [("weight", weight), ("bias", &[3])].map(|(n, s)| (n.to_string(), zeros(s).into_array()));
    assert_eq!(
        layer.set_arrays(&arrays(&[4, 2])).unwrap_err().what(),
        "parameter weight has shape [3, ?], the given one [4, 2] of f32"
    );
    assert!(layer.set_arrays(&arrays(&[3])).is_err() && layer.set_arrays(&arrays(&[3, 2])).is_ok());
    assert!(layer.set_arrays(&arrays(&[3, 4])).is_err());

    let small = Parameter::lazy(&[2, 0], Initializer::LeCun).unwrap();
    assert!(
        small.infer_sizes(&[3, 3]).is_err() && small.infer_sizes(&[2]).is_err() && small.infer_sizes(&[2, usize::MAX]).is_err()
    );
    let mut open = Parameter::lazy(&[0, 0], Initializer::LeCun).unwrap();
    assert!(open.set_array(Array::zeros(&[3, 0], DType::F32).unwrap()).is_err() && !open.has_sizes());
    assert!(open.set_array(Array::zeros(&[3, 2], DType::F32).unwrap()).is_ok() && open.has_sizes());
    assert!(Parameter::lazy(&[0; 9], HE).is_err() && LayerNorm::lazy(usize::MAX).is_err() && LayerNorm::lazy(0).is_err());
    for zero in [
        Linear::try_lazy(0, HE, true).is_err(),
        Conv2d::try_lazy(0, [1; 2], Conv2dOptions::default(), HE, true).is_err(),
        Conv2d::try_lazy(1, [1, 0], Conv2dOptions::default(), HE, true).is_err(),
        ConvTranspose2d::try_lazy(1, [1; 2], [[0; 2]; 2], HE, true).is_err(),
        GroupNorm::lazy(0).is_err(),
        MultiHeadAttention::lazy(0, true, HE, true).is_err(),
        Lstm::lazy(0, &RecurrentLayers::default()).is_err(),
    ] {
        assert!(zero);
    }
}
