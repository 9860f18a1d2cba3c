//! Numerical differentiation: the figures of ACCEPTANCE section B.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use kudari::check::{Difference, Numerical, check_network, numerical_derivative, numerical_gradient};
use kudari::functions::softmax_cross_entropy;
use kudari::model::{Network, NetworkOptions};
use kudari::{Array, DType, Error, ErrorKind, Variable};

fn central(h: f64) -> Numerical {
    Numerical::new().difference(Difference::Central).step(h)
}

#[test]
fn differences_give_what_a_plain_loop_gives_digit_for_digit() {
    let f = |x: f64| x * x + 4.0 * 4.0;
    for (h, expected) in [
        (1e-4, 6.00000000000378),
        (1e-1, 5.9999999999999964),
        (1e-5, 6.000000000128124),
        (1e-8, 5.99999978589949),
        (1e-10, 6.000000496442226),
        (1e-12, 6.000533403494046),
        (1e-15, 7.105427357601001),
    ] {
        assert_eq!(central(h).derivative(f, 3.0).value, expected, "h = {h}");
    }
    let forward = Numerical::new().difference(Difference::Forward).step(1e-4);
    assert_eq!(forward.derivative(f, 3.0).value, 6.000099999994291);
    let parabola = |x: f64| 0.01 * (x * x) + 0.1 * x;
    assert_eq!(central(1e-4).derivative(parabola, 5.0).value, 0.1999999999990898);
    assert_eq!(central(1e-4).derivative(parabola, 10.0).value, 0.2999999999986347);
}

#[test]
fn a_step_that_vanishes_is_said_to_have_lost_all_digits() {
    let estimate = central(1e-49).derivative(|x| x * x, 3.0);
    assert!(estimate.value == 0.0 && estimate.lost && estimate.error.is_infinite());
    let x = Array::from([3.0, 0.0]);
    assert!(central(1e-49).gradient(|x| Ok(x.sum_of_squares()), &x).unwrap().lost);
}

#[test]
fn gradients_of_functions_of_arrays_of_any_shape() {
    let f = |x: &Array| Ok(x.sum_of_squares());
    let of = |x: Array| central(1e-4).gradient(f, &x).unwrap().values.to_f64_vec();
    assert_eq!(of(Array::from([3.0, 4.0])), [6.00000000000378, 7.999999999999119]);
    assert_eq!(of(Array::from([0.0, 2.0])), [0.0, 4.000000000004]);
    assert_eq!(of(Array::from([3.0, 0.0])), [6.000000000012662, 0.0]);
    let near = |got: Vec<f64>, expected: &[f64]| {
        assert!(got.len() == expected.len() && got.iter().zip(expected).all(|(g, e)| (g - e).abs() < 1e-9), "{got:?}");
    };
    near(of(Array::from([[1.0], [2.0], [3.0]])), &[2.0, 4.0, 6.0]);
    near(of(Array::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])), &[2.0, 4.0, 6.0, 8.0, 10.0, 12.0]);
    // Integers are converted exactly.
    near(of(Array::from([3i64, 4])), &[6.0, 8.0]);
    near(numerical_gradient(f, &Array::from([[1.0, 2.0]]).transpose()).unwrap().to_f64_vec(), &[2.0, 4.0]);
}

#[test]
fn the_caller_s_array_stays_as_it_is_also_when_the_function_fails() {
    let x = Array::from([[0.1, 0.2], [0.3, 1e-300]]);
    let before = x.copy();
    let mut calls = 0;
    let outcome = Numerical::new().gradient(
        |_| {
            calls += 1;
            if calls == 7 { Err(Error::new(ErrorKind::Value, "planted")) } else { Ok(1.0) }
        },
        &x,
    );
    assert!(outcome.is_err() && x.same_as(&before) && calls == 7);
    numerical_gradient(|x| Ok(x.sum_of_squares()), &x).unwrap();
    assert!(x.same_as(&before));
}

/// Exact derivatives by the formulas.
#[test]
fn the_automatic_step_finds_ten_digits_and_the_error_estimate_holds() {
    type Case = (fn(f64) -> f64, fn(f64) -> f64, f64);
    let cases: [Case; 5] = [
        (f64::exp, f64::exp, 1.0),
        (f64::sin, f64::cos, 100.0),
        (f64::ln, f64::recip, 0.7),
        (|x| x.powi(3), |x| 3.0 * x * x, -2.0),
        (f64::tanh, |x| 1.0 - x.tanh().powi(2), 0.3),
    ];
    for (f, exact, x) in cases {
        let estimate = numerical_derivative(f, x);
        let error = (estimate.value - exact(x)).abs();
        assert!(error <= 1e-9 * exact(x).abs().max(1.0), "{x}: {estimate:?}");
        assert!(error <= 10.0 * estimate.error + 1e-15, "{x}: {error} {estimate:?}");
    }
}

#[test]
fn a_whole_network_is_checked_and_left_as_it_was() {
    let options = NetworkOptions { seed: 3, double: true, ..NetworkOptions::default() };
    let mut net = Network::new("linear(5) tanh linear(4) sigmoid linear(3)", &[4], &options).unwrap();
    let before = kudari::layers::Layer::arrays(&net);
    let x = Variable::constant(kudari::array::Stream::new(1, "x").normal(&[6, 4], 0.0, 1.0, DType::F64).unwrap());
    let t = Array::from([0i64, 1, 2, 0, 1, 2]);
    let loss = |net: &Network| softmax_cross_entropy(&net.forward(&x)?, &t);
    let report = check_network(&mut net, loss, None, 0, 1e-6).unwrap();
    assert!(report.passed && report.checked == 25 + 24 + 15 && report.max_relative_error < 1e-7, "{report:?}");
    assert_eq!(check_network(&mut net, loss, Some(10), 0, 1e-6).unwrap().checked, 10);
    let after = kudari::layers::Layer::arrays(&net);
    assert!(before.iter().zip(&after).all(|(a, b)| a.0 == b.0 && a.1.same_as(&b.1)));
}
