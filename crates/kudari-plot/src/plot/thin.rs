//! Long lines: of tens of thousands of points, those that can be seen.

/// A line whose x grows and that has many points a pixel, with only the first, lowest, highest and last point of every half
/// pixel column: it looks the same. Other lines and short ones are given back as they are; gaps remain gaps.
pub(crate) fn thinned(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    const COLUMNS_PER_PIXEL: f64 = 2.0;
    let falls = |pair: &[(f64, f64)]| pair[1].0 < pair[0].0;
    let grows = !points.windows(2).any(falls);
    let Some(last) = points.last().filter(|_| grows) else { return points };
    let wide = (last.0 - points[0].0) * COLUMNS_PER_PIXEL;
    // NaN places, too, keep a line as it is.
    if !(points.len() as f64 > 4.0 * wide && points.len() > 1000) {
        return points;
    }
    let column = |point: &(f64, f64)| (point.1.is_finite(), (point.0 * COLUMNS_PER_PIXEL).floor());
    let mut kept = Vec::new();
    for group in points.chunk_by(|a, b| column(a) == column(b)) {
        let by_height = |&a: &usize, &b: &usize| group[a].1.total_cmp(&group[b].1);
        let (lowest, highest) = ((0..group.len()).min_by(by_height), (0..group.len()).max_by(by_height));
        let mut chosen = [0, lowest.unwrap_or(0), highest.unwrap_or(0), group.len() - 1];
        chosen.sort_unstable();
        kept.extend(
            chosen.iter().enumerate().filter(|(i, place)| *i == 0 || chosen[i - 1] != **place).map(|(_, place)| group[*place]),
        );
    }
    kept
}
