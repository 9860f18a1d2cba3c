//! How much a network relies on each column of a table.

use super::evaluate::evaluate;
use super::losses::Loss;
use crate::array::{Array, DType, Stream};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::model::Network;

/// How often each column is shuffled.
const SHUFFLES: u64 = 5;
/// At most so many rows, times columns and shuffles, go through the network …
const MOST_ROWS: usize = 5_000_000;
/// … and at least so many rows if there are as many: fewer would say nothing.
const LEAST_ROWS: usize = 200;

/// What [`permutation_importance`] finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Importance {
    /// The loss with all columns as they are.
    pub loss: f64,
    /// The number of rows that it was measured on.
    pub rows: usize,
    /// Every column, the most important first.
    pub columns: Vec<ColumnImportance>,
}

/// How much one column matters.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnImportance {
    /// Its name.
    pub column: String,
    /// What shuffling it adds to the loss, the mean over the shuffles. About 0 or below: the network does not rely on it.
    pub added: f64,
    /// The standard deviation of that over the shuffles.
    pub deviation: f64,
}

/// Permutation importance: what is added to the loss when the values of one column are shuffled between the rows, so that they no longer
/// belong to them; the mean over five shuffles by the seed. `columns` are names with the numbers of inputs that they are, in the order of
/// the inputs; those of one column are shuffled together. Columns that say the same share their importance: the network may read either. Of
/// many rows a part is taken, so that about five million go through the network at most. Source: L. Breiman, "Random forests", Machine Learning 45
/// (2001).
///
/// # Errors
///
/// Columns that do not have as many inputs as samples have numbers, no samples, or a network that does not fit the data.
pub fn permutation_importance(
    network: &Network,
    data: &Dataset,
    loss: &Loss,
    columns: &[(&str, usize)],
    seed: u64,
) -> Result<Importance> {
    let width: usize = data.sample_shape().iter().product();
    let inputs: usize = columns.iter().map(|column| column.1).sum();
    if inputs != width || data.is_empty() {
        let found = format!("{} samples of {width} numbers, columns of {inputs}", data.len());
        return Err(Error::shape(format!("{}: {found}", data.name())).help("every number of a sample belongs to one column"));
    }
    let stream = Stream::new(seed, "permutation importance");
    let most = (MOST_ROWS / (columns.len().max(1) * SHUFFLES as usize)).max(LEAST_ROWS);
    let mut rows: Vec<i64> = (0..data.len() as i64).collect();
    if rows.len() > most {
        rows = stream.part(0).permutation(rows.len()).to_vec::<i64>()?;
        rows.truncate(most);
        rows.sort_unstable();
    }
    let batch = data.batch(&rows)?;
    let values = batch.x.array().to_dtype(DType::F64).to_vec::<f64>()?;
    let shape = batch.x.shape().to_vec();
    let measure = |values: Vec<f64>| -> Result<f64> {
        let x = Array::from_vec(values, &shape)?;
        let shuffled =
            Dataset::from_arrays(data.name(), x, batch.t.clone(), data.classes().to_vec())?.with_dtype(data.dtype())?;
        Ok(evaluate(network, &shuffled, loss)?.loss)
    };
    let plain = measure(values.clone())?;
    let mut found = Vec::new();
    let mut from = 0;
    for (number, &(column, inputs)) in columns.iter().enumerate() {
        let own = from..from + inputs;
        from += inputs;
        let stream = stream.part(1 + number as u64);
        let mut added = Vec::new();
        for shuffle in 0..SHUFFLES {
            let order = stream.part(shuffle).permutation(rows.len()).to_vec::<i64>()?;
            let mut shuffled = values.clone();
            for (row, &other) in shuffled.chunks_exact_mut(width.max(1)).zip(&order) {
                let other = other as usize * width;
                if let (Some(cells), Some(others)) = (row.get_mut(own.clone()), values.get(other + own.start..other + own.end)) {
                    cells.copy_from_slice(others);
                }
            }
            added.push(measure(shuffled)? - plain);
        }
        let mean = added.iter().sum::<f64>() / SHUFFLES as f64;
        let squares: f64 = added.iter().map(|a| (a - mean) * (a - mean)).sum();
        let deviation = (squares / (SHUFFLES - 1) as f64).sqrt();
        found.push(ColumnImportance { column: column.to_string(), added: mean, deviation });
    }
    // Stable: columns that matter alike stay in their order.
    found.sort_by(|a, b| b.added.total_cmp(&a.added));
    Ok(Importance { loss: plain, rows: rows.len(), columns: found })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::Layer;
    use crate::model::NetworkOptions;

    /// y = 2a, and b, c have no weight: shuffling a adds the mean of (2a − 2a')² over pairs of different rows' values, about 4·2·variance of a.
    #[test]
    fn only_what_is_read_matters() {
        let mut network = Network::new("linear(1)", &[3], &NetworkOptions { double: true, ..Default::default() }).unwrap();
        network
            .set_arrays(&[("0.weight".into(), Array::from([[2.0, 0.0, 0.0]])), ("0.bias".into(), Array::from([0.0]))])
            .unwrap();
        let count = 500;
        let x: Vec<f64> = (0..count).flat_map(|i| [(i % 10) as f64, (i % 7) as f64, (i % 3) as f64]).collect();
        let t: Vec<f64> = (0..count).map(|i| 2.0 * (i % 10) as f64).collect();
        let [x, t] = [Array::from_vec(x, &[count, 3]).unwrap(), Array::from_vec(t, &[count, 1]).unwrap()];
        let data = Dataset::from_arrays("t", x, t, Vec::new()).unwrap().with_dtype(DType::F64).unwrap();
        let loss = Loss::named("mean_squared_error").unwrap();
        let found = permutation_importance(&network, &data, loss, &[("b and c are two inputs", 1), ("rest", 2)], 1).unwrap();
        assert_eq!((found.loss, found.rows), (0.0, count));
        assert_eq!((found.columns[0].column.as_str(), found.columns[1].added), ("b and c are two inputs", 0.0));
        let expected = 4.0 * 2.0 * 8.25;
        assert!((found.columns[0].added / expected - 1.0).abs() < 0.1, "{found:?}");
        assert!(found.columns[0].deviation > 0.0 && found.columns[0].deviation < 0.2 * expected);
        // The same at every time, and other shuffles for other seeds.
        let again =
            |seed| permutation_importance(&network, &data, loss, &[("b and c are two inputs", 1), ("rest", 2)], seed).unwrap();
        assert_eq!(again(1), found);
        assert!(again(2) != found);
        assert!(permutation_importance(&network, &data, loss, &[("a", 1)], 1).is_err());
    }

    /// A category's inputs move together: y = a·b of two inputs of one column, whose shuffle keeps pairs.
    #[test]
    fn inputs_of_one_column_stay_together() {
        let mut network = Network::new("linear(1)", &[2], &NetworkOptions { double: true, ..Default::default() }).unwrap();
        // a − b is 0 in every row, and stays so if both are shuffled alike.
        network.set_arrays(&[("0.weight".into(), Array::from([[1.0, -1.0]])), ("0.bias".into(), Array::from([0.0]))]).unwrap();
        let x = Array::from_vec((0..100).flat_map(|i| [i as f64, i as f64]).collect(), &[100, 2]).unwrap();
        let t = Array::from_vec(vec![0.0; 100], &[100, 1]).unwrap();
        let data = Dataset::from_arrays("t", x, t, Vec::new()).unwrap().with_dtype(DType::F64).unwrap();
        let loss = Loss::named("mean_squared_error").unwrap();
        let of = |columns: &[(&str, usize)]| permutation_importance(&network, &data, loss, columns, 1).unwrap().columns[0].added;
        assert_eq!(of(&[("both", 2)]), 0.0);
        assert!(of(&[("one", 1), ("other", 1)]) > 100.0);
    }
}
