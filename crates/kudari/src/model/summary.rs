//! What a network is made of, in numbers.

use std::fmt;

/// One layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummaryRow {
    /// The layer in the notation.
    pub layer: String,
    /// The shape of one sample's output.
    pub output_shape: Vec<usize>,
    /// Trainable numbers.
    pub parameters: usize,
    /// Multiply-add operations of matrix products for one sample, forward.
    pub multiply_adds: usize,
}

/// A network's layers with their totals. Displays as a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The shape of one sample.
    pub input_shape: Vec<usize>,
    /// The layers in order.
    pub rows: Vec<SummaryRow>,
    /// Trainable numbers of all layers.
    pub parameters: usize,
    /// Multiply-add operations of matrix products for one sample, forward.
    pub multiply_adds: usize,
    /// Bytes of the parameters.
    pub parameter_bytes: usize,
    /// Bytes of all layers' outputs for one sample, which training keeps for the backward pass.
    pub activation_bytes: usize,
}

impl Summary {
    pub(super) fn new(input_shape: Vec<usize>, rows: Vec<SummaryRow>, number_size: usize) -> Summary {
        let parameters = rows.iter().map(|r| r.parameters).sum();
        let outputs: usize = rows.iter().map(|r| r.output_shape.iter().product::<usize>()).sum();
        Summary {
            parameters,
            multiply_adds: rows.iter().map(|r| r.multiply_adds).sum(),
            parameter_bytes: parameters * number_size,
            activation_bytes: (outputs + input_shape.iter().product::<usize>()) * number_size,
            input_shape,
            rows,
        }
    }
}

/// A whole number with commas: 39,760.
pub fn with_commas(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in the unit that suits them.
pub(crate) fn bytes(count: usize) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.iter().find(|u| count >= u.0) {
        Some((unit, name)) => format!("{:.1} {name}", count as f64 / *unit as f64),
        None => format!("{count} bytes"),
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads = ["layer", "output shape", "parameters", "multiply-adds"].map(String::from);
        let mut table = vec![heads, ["input".into(), format!("{:?}", self.input_shape), String::new(), String::new()]];
        for (i, row) in self.rows.iter().enumerate() {
            let shape = format!("{:?}", row.output_shape);
            table.push([
                format!("{i} {}", row.layer),
                shape,
                with_commas(row.parameters as u64),
                with_commas(row.multiply_adds as u64),
            ]);
        }
        table.push(["total".into(), String::new(), with_commas(self.parameters as u64), with_commas(self.multiply_adds as u64)]);
        let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let [a, b, c, d] = [0, 1, 2, 3].map(width);
        for row in &table {
            writeln!(f, "{:<a$}  {:<b$}  {:>c$}  {:>d$}", row[0], row[1], row[2], row[3])?;
        }
        write!(
            f,
            "memory: parameters {}, outputs of all layers {} a sample",
            bytes(self.parameter_bytes),
            bytes(self.activation_bytes)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            [with_commas(0), with_commas(999), with_commas(39760), with_commas(1234567)],
            ["0", "999", "39,760", "1,234,567"]
        );
        assert_eq!([bytes(640), bytes(159040)], ["640 bytes", "155.3 KiB"]);
    }
}
