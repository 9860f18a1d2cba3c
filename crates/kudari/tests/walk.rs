//! What a face of the library can see and do of a graph: gradients at everything on the way, places, cuts.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use kudari::autograd::{Arrival, Attached, is_recording, set_recording, walk_back};
use kudari::{Array, Variable};

fn parameter(x: f64) -> Variable {
    Variable::parameter(Array::from(x))
}

fn constant(x: f64) -> Variable {
    Variable::constant(Array::from(x))
}

#[test]
fn gradients_are_seen_where_they_arrive() {
    // y = (x·z)², s = y + 3x from x = 2, z = 5: ∂s/∂y = 1, ∂s/∂(xz) = 2xz = 20, ∂s/∂x = 20·5 + 3 = 103, ∂s/∂z = 40.
    let (x, z) = (parameter(2.0), parameter(5.0));
    let product = x.mul(&z).unwrap();
    let y = product.square();
    let s = y.add(x.mul(3.0).unwrap()).unwrap();
    for (name, variable) in [("x", &x), ("product", &product), ("y", &y)] {
        assert!(variable.attached(|| Arc::new(name) as Attached).is_some());
        assert!(variable.attached(|| Arc::new("another") as Attached).unwrap().downcast_ref::<&str>() == Some(&name));
    }
    assert!(constant(1.0).attached(|| Arc::new("nothing") as Attached).is_none());
    let mut seen = Vec::new();
    let mut arrived = |arrival: Arrival<'_>| {
        let name = arrival.attached.get().and_then(|attached| attached.downcast_ref::<&str>().copied());
        seen.push((name, arrival.is_leaf, arrival.gradient.item().unwrap()));
    };
    assert!(walk_back(&[(&s, constant(1.0))], &[], false, &mut arrived).unwrap().is_empty());
    let of = |name: &str| seen.iter().find(|one| one.0 == Some(name)).map(|one| (one.1, one.2));
    assert_eq!([of("x"), of("product"), of("y")], [Some((true, 103.0)), Some((false, 20.0)), Some((false, 1.0))]);
    assert!(seen.contains(&(None, true, 40.0)), "{seen:?}");
}

#[test]
fn gradients_start_where_they_are_given_and_can_be_differentiated_again() {
    let x = parameter(2.0);
    let (square, cube) = (x.square(), x.square().mul(&x).unwrap());
    // 3·∂x²/∂x + 5·∂x³/∂x = 6x + 15x² = 72, and its derivative 6 + 30x = 66.
    let starts = [(&square, constant(3.0)), (&cube, constant(5.0))];
    let first = walk_back(&starts, &[&x], true, &mut |_| {}).unwrap()[0].clone().unwrap();
    let second = walk_back(&[(&first, constant(1.0))], &[&x], false, &mut |_| {}).unwrap()[0].clone().unwrap();
    assert_eq!((first.item().unwrap(), second.item().unwrap(), second.wants_gradient()), (72.0, 66.0, false));
    assert!(walk_back(&starts, &[&parameter(1.0)], false, &mut |_| {}).unwrap()[0].is_none(), "nothing depends on it");
    assert!(walk_back(&starts, &[&constant(1.0)], false, &mut |_| {}).is_err());
    let wrong = Variable::constant(Array::from([1.0, 2.0]));
    assert!(walk_back(&[(&square, wrong)], &[], false, &mut |_| {}).unwrap_err().what().contains("shape [2]"));
}

#[test]
fn a_graph_that_was_cut_ends_there() {
    let w = parameter(3.0);
    let mut states = vec![constant(1.0)];
    for _ in 0..4 {
        let next = states.last().unwrap().mul(&w).unwrap();
        states.push(next);
    }
    // h₄ = w⁴ of h₂ = w², cut at h₂: ∂h₄/∂w with h₂ = 9 fixed is 2·w·9 = 54; whole it is 4w³ = 108.
    let gradient = |of: &Variable| {
        let mut sum = 0.0;
        walk_back(&[(of, constant(1.0))], &[], false, &mut |a| sum += if a.is_leaf { a.gradient.item().unwrap() } else { 0.0 })
            .unwrap();
        sum
    };
    assert_eq!((gradient(&states[4]), states[4].sources().len()), (108.0, 2));
    states[2].cut();
    assert_eq!((gradient(&states[4]), states[2].creator(), states[1].creator()), (54.0, None, None));
    assert_eq!((gradient(&states[2]), states[2].item().unwrap(), states[3].creator()), (0.0, 9.0, Some("mul")));
    // The variable alone: what it was computed from keeps its own history.
    let (a, w) = (parameter(2.0), parameter(5.0));
    let b = a.mul(&w).unwrap();
    let c = b.square();
    c.cut_here();
    assert_eq!((c.creator(), b.creator(), gradient(&b)), (None, Some("mul"), 7.0));
}

#[test]
fn recording_stays_switched() {
    assert!(is_recording() && set_recording(false));
    assert!(!parameter(1.0).square().wants_gradient() && !set_recording(true));
    assert!(parameter(1.0).square().wants_gradient());
}

#[test]
fn places_that_a_variable_alone_keeps_are_its_own() {
    let names = |of: &Variable| {
        let mut names = Vec::new();
        of.attached_to_own(&mut |attached| names.extend(attached.downcast_ref::<&str>().copied()));
        names.sort_unstable();
        names
    };
    let named = |variable: Variable, name: &'static str| {
        variable.attached(|| Arc::new(name) as Attached);
        variable
    };
    let x = named(parameter(2.0), "x");
    let y = named(x.square(), "y");
    let z = named(y.exp(), "z");
    assert_eq!((names(&z), names(&y), names(&x)), (vec!["z"], vec![], vec![]), "others hold x and y too");
    drop(y);
    assert_eq!(names(&z), ["y", "z"]);
    drop(x);
    assert_eq!(names(&z), ["x", "y", "z"]);
    let again = z.clone();
    assert!(names(&z).is_empty());
    drop(again);
    assert_eq!(names(&z).len(), 3);
}

#[test]
fn memory_that_cannot_be_had_unwinds_with_its_size() {
    let row = Array::zeros(&[1 << 24, 1], kudari::DType::F32).unwrap();
    // 2⁴⁸ numbers of 4 bytes: more than any machine lends.
    let product = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| row.matmul(&row.transpose())));
    let missing = *product.unwrap_err().downcast::<kudari::OutOfMemory>().unwrap();
    assert!(missing.bytes >= 1 << 50 && missing.to_string().contains("MB"), "{missing:?}");
}
