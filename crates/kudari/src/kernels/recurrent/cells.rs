//! One step of some rows: from the sums to gates and new states, and back.
//!
//! Numbers are taken in groups of lanes into arrays of their own, which the compiler knows to lie apart: a loop over eight
//! slices would be checked for overlaps, or not become vector instructions at all.

use crate::kernels::float::Float;
use crate::kernels::simd::vectorized;

const LANES: usize = 16;

/// A group of lanes from `at` on, zeros beyond the end.
#[inline(always)]
fn load<T: Float>(x: &[T], at: usize) -> [T; LANES] {
    if let Some(lanes) = x[at..].first_chunk() {
        return *lanes;
    }
    let mut lanes = [T::ZERO; LANES];
    lanes.iter_mut().zip(&x[at..]).for_each(|(lane, &x)| *lane = x);
    lanes
}

/// Writes as many of the lanes as there is room for.
#[inline(always)]
fn store<T: Float>(x: &mut [T], at: usize, lanes: [T; LANES]) {
    if let Some(to) = x[at..].first_chunk_mut() {
        *to = lanes;
        return;
    }
    x[at..].iter_mut().zip(lanes).for_each(|(x, lane)| *x = lane);
}

/// The gates of a row, one after the other.
#[inline(always)]
fn parts<T, const GATES: usize>(row: &[T], units: usize) -> [&[T]; GATES] {
    std::array::from_fn(|gate| &row[gate * units..(gate + 1) * units])
}

/// Three gates for writing.
#[inline(always)]
fn three<T>(row: &mut [T], units: usize) -> [&mut [T]; 3] {
    let (first, rest) = row.split_at_mut(units);
    let (second, third) = rest.split_at_mut(units);
    [first, second, third]
}

vectorized! {
    pub(super) fn add[T: Float](to: &mut [T], x: &[T]) {
        to.iter_mut().zip(x).for_each(|(to, &x)| *to = *to + x);
    }
}

vectorized! {
    pub(super) fn tanh[T: Float](states: &mut [T], sums: &[T]) {
        states.iter_mut().zip(sums).for_each(|(h, &a)| *h = a.tanh());
    }
}

vectorized! {
    pub(super) fn relu[T: Float](states: &mut [T], sums: &[T]) {
        // A NaN stays.
        states.iter_mut().zip(sums).for_each(|(h, &a)| *h = if a < T::ZERO { T::ZERO } else { a });
    }
}

vectorized! {
    /// The slopes by the sums from those by the states, which are used up.
    pub(super) fn tanh_back[T: Float](slopes: &mut [T], by_state: &mut [T], states: &[T]) {
        for ((slope, by), &h) in slopes.iter_mut().zip(by_state).zip(states) {
            *slope = *by * (T::ONE - h * h);
            *by = T::ZERO;
        }
    }
}

vectorized! {
    /// The same for ReLU, whose slope at 0 is 0.
    pub(super) fn relu_back[T: Float](slopes: &mut [T], by_state: &mut [T], states: &[T]) {
        for ((slope, by), &h) in slopes.iter_mut().zip(by_state).zip(states) {
            *slope = if h > T::ZERO { *by } else { T::ZERO };
            *by = T::ZERO;
        }
    }
}

vectorized! {
    /// Sums become the gates i, f, g, o; c = f·c' + i·g and h = o·tanh c.
    pub(super) fn lstm[T: Float](gates: &mut [T], old_cells: &[T], cells: &mut [T], states: &mut [T], units: usize) {
        let old = gates.chunks_exact_mut(4 * units).zip(old_cells.chunks_exact(units));
        let new = cells.chunks_exact_mut(units).zip(states.chunks_exact_mut(units));
        for ((row, old), (cells, states)) in old.zip(new) {
            let (input, rest) = row.split_at_mut(units);
            let [forget, candidate, output] = three(rest, units);
            for at in (0..units).step_by(LANES) {
                let (mut i, mut f) = (load(input, at), load(forget, at));
                let (mut g, mut o) = (load(candidate, at), load(output, at));
                let (mut c, mut h) = (load(old, at), [T::ZERO; LANES]);
                for l in 0..LANES {
                    i[l] = i[l].sigmoid();
                    f[l] = f[l].sigmoid();
                    g[l] = g[l].tanh();
                    o[l] = o[l].sigmoid();
                    c[l] = f[l] * c[l] + i[l] * g[l];
                    h[l] = o[l] * c[l].tanh();
                }
                store(input, at, i);
                store(forget, at, f);
                store(candidate, at, g);
                store(output, at, o);
                store(cells, at, c);
                store(states, at, h);
            }
        }
    }
}

vectorized! {
    /// The slopes by the sums; `by_state` is used up, `by_cell` goes from the cells after the step to those before it.
    pub(super) fn lstm_back[T: Float](
        slopes: &mut [T],
        by_state: &mut [T],
        by_cell: &mut [T],
        gates: &[T],
        cells: [&[T]; 2],
        units: usize,
    ) {
        let by = by_state.chunks_exact_mut(units).zip(by_cell.chunks_exact_mut(units));
        let known = gates.chunks_exact(4 * units).zip(cells[0].chunks_exact(units)).zip(cells[1].chunks_exact(units));
        for ((slopes, (by_state, by_cell)), ((gates, old), new)) in slopes.chunks_exact_mut(4 * units).zip(by).zip(known) {
            let [input, forget, candidate, output] = parts(gates, units);
            let (by_input, rest) = slopes.split_at_mut(units);
            let [by_forget, by_candidate, by_output] = three(rest, units);
            for at in (0..units).step_by(LANES) {
                let (mut i, mut f) = (load(input, at), load(forget, at));
                let (mut g, mut o) = (load(candidate, at), load(output, at));
                let (old, new) = (load(old, at), load(new, at));
                let (dh, mut dc) = (load(by_state, at), load(by_cell, at));
                for l in 0..LANES {
                    let t = new[l].tanh();
                    let d = dc[l] + dh[l] * o[l] * (T::ONE - t * t);
                    dc[l] = d * f[l];
                    let (di, dg) = (d * g[l], d * i[l]);
                    i[l] = di * i[l] * (T::ONE - i[l]);
                    f[l] = d * old[l] * f[l] * (T::ONE - f[l]);
                    g[l] = dg * (T::ONE - g[l] * g[l]);
                    o[l] = dh[l] * t * o[l] * (T::ONE - o[l]);
                }
                store(by_input, at, i);
                store(by_forget, at, f);
                store(by_candidate, at, g);
                store(by_output, at, o);
                store(by_cell, at, dc);
                store(by_state, at, [T::ZERO; LANES]);
            }
        }
    }
}

vectorized! {
    /// Sums and products with the state become the gates r, z, n; h = (1 − z)·n + z·h'. What r was multiplied by is kept.
    pub(super) fn gru[T: Float](gates: &mut [T], products: &[T], kept: &mut [T], old: &[T], states: &mut [T], units: usize) {
        let rows = gates.chunks_exact_mut(3 * units).zip(products.chunks_exact(3 * units)).zip(kept.chunks_exact_mut(units));
        for ((((row, products), kept), old), states) in rows.zip(old.chunks_exact(units)).zip(states.chunks_exact_mut(units)) {
            let [reset, update, candidate] = three(row, units);
            let [to_reset, to_update, to_candidate] = parts(products, units);
            for at in (0..units).step_by(LANES) {
                let (mut r, mut z, mut n) = (load(reset, at), load(update, at), load(candidate, at));
                let (pr, pz, q) = (load(to_reset, at), load(to_update, at), load(to_candidate, at));
                let mut h = load(old, at);
                for l in 0..LANES {
                    r[l] = (r[l] + pr[l]).sigmoid();
                    z[l] = (z[l] + pz[l]).sigmoid();
                    n[l] = (n[l] + r[l] * q[l]).tanh();
                    h[l] = (T::ONE - z[l]) * n[l] + z[l] * h[l];
                }
                store(reset, at, r);
                store(update, at, z);
                store(candidate, at, n);
                store(kept, at, q);
                store(states, at, h);
            }
        }
    }
}

vectorized! {
    /// The slopes by the sums and by the products with the state; `by_state` goes from the states after the step to the share
    /// of those before it that does not go through the products. `known` is what r was multiplied by, and the states before.
    pub(super) fn gru_back[T: Float](
        slopes: &mut [T],
        by_products: &mut [T],
        by_state: &mut [T],
        gates: &[T],
        known: [&[T]; 2],
        units: usize,
    ) {
        let by = slopes.chunks_exact_mut(3 * units).zip(by_products.chunks_exact_mut(3 * units)).zip(by_state.chunks_exact_mut(units));
        let known = gates.chunks_exact(3 * units).zip(known[0].chunks_exact(units)).zip(known[1].chunks_exact(units));
        for (((slopes, by_products), by_state), ((gates, kept), old)) in by.zip(known) {
            let [reset, update, candidate] = parts(gates, units);
            let [by_reset, by_update, by_candidate] = three(slopes, units);
            let [by_pr, by_pz, by_q] = three(by_products, units);
            for at in (0..units).step_by(LANES) {
                let (mut r, mut z, mut n) = (load(reset, at), load(update, at), load(candidate, at));
                let (mut q, old, mut dh) = (load(kept, at), load(old, at), load(by_state, at));
                for l in 0..LANES {
                    let dn = dh[l] * (T::ONE - z[l]) * (T::ONE - n[l] * n[l]);
                    let dz = dh[l] * (old[l] - n[l]) * z[l] * (T::ONE - z[l]);
                    let dr = dn * q[l] * r[l] * (T::ONE - r[l]);
                    dh[l] = dh[l] * z[l];
                    q[l] = dn * r[l];
                    (r[l], z[l], n[l]) = (dr, dz, dn);
                }
                store(by_reset, at, r);
                store(by_update, at, z);
                store(by_candidate, at, n);
                store(by_pr, at, r);
                store(by_pz, at, z);
                store(by_q, at, q);
                store(by_state, at, dh);
            }
        }
    }
}
