//! A profile as a table, for people and for programs.

use serde_json::{Value, json};

use super::{Allocations, Pass, Peak, Profile, Row};
use crate::model::{bytes, with_commas};

/// Rows of the table; what took less time is summed up.
const MOST_ROWS: usize = 24;
/// The table is at most so many characters wide.
const WIDTH: usize = 100;
const HEADS: [&str; 9] = ["function", "pass", "layer", "calls", "time", "share", "GFLOP/s", "GB/s", "blocks"];
/// The column of layers, whose names are cut where the table would become too wide.
const LAYER: usize = 2;
/// Columns of words; those behind hold numbers, which stand to the right.
const WORDS: usize = 3;

impl Pass {
    /// The word in the table.
    fn word(self) -> &'static str {
        match self {
            Pass::Forward => "forward",
            Pass::Backward => "backward",
            Pass::Update => "update",
            Pass::Part => "",
        }
    }
}

impl Profile {
    /// The profile as a table of at most 100 columns: a line for each function of each layer, the longest first, with what
    /// it reached of the machine's peak.
    pub fn table(&self, peak: &Peak) -> String {
        let mut lines = vec![HEADS.map(String::from)];
        let (shown, others) = self.rows.split_at(MOST_ROWS.min(self.rows.len()));
        lines.extend(shown.iter().map(|row| self.line(row)));
        if !others.is_empty() {
            lines.push(self.line_of_others(others));
        }
        let words = |name: &str| [name.to_string(), String::new(), String::new()];
        let outside = self.outside();
        lines.push(line(words("outside of these"), [String::new(), time(outside), percent(self.share(outside))]));
        let calls = self.rows.iter().map(|row| row.calls).sum();
        let mut all = line(words("all"), [with_commas(calls), time(self.seconds), percent(self.share(self.seconds))]);
        all[8] = with_commas(self.allocations.blocks);
        lines.push(all);
        let mut best = line(words("the machine's peak"), Default::default());
        (best[6], best[7]) = (rate(Some(peak.gigaflops)), rate(Some(peak.gigabytes_per_second)));
        lines.push(best);
        format!("{}{}\n{}", aligned(lines), peak.in_words(), self.memory_in_words())
    }

    fn line(&self, row: &Row) -> [String; 9] {
        let words = [row.name.to_string(), row.pass.word().to_string(), row.layer.clone()];
        let mut line = line(words, [with_commas(row.calls), time(row.seconds), percent(self.share(row.seconds))]);
        line[6..].clone_from_slice(&[
            rate(row.gigaflops()),
            rate(row.gigabytes_per_second()),
            with_commas(row.allocations.blocks),
        ]);
        line
    }

    fn line_of_others(&self, others: &[Row]) -> [String; 9] {
        let seconds = others.iter().map(|row| row.seconds).sum();
        let blocks = others.iter().map(|row| row.allocations.blocks).sum();
        let calls = others.iter().map(|row| row.calls).sum();
        let words = [format!("{} others", others.len()), String::new(), String::new()];
        let mut line = line(words, [with_commas(calls), time(seconds), percent(self.share(seconds))]);
        line[8] = with_commas(blocks);
        line
    }

    fn memory_in_words(&self) -> String {
        let words = |asked: Allocations| match asked.blocks {
            0 => "none".to_string(),
            1 => format!("1 block, {}", bytes(asked.bytes as usize)),
            blocks => format!("{} blocks, {}", with_commas(blocks), bytes(asked.bytes as usize)),
        };
        let all = format!("memory asked of the system: {}", words(self.allocations));
        match self.updates {
            0 => all,
            _ => format!("{all}; after the first update: {}", words(self.after_first_update)),
        }
    }

    /// The profile as JSON, with every row.
    pub fn json(&self, peak: &Peak) -> Value {
        let allocations = |asked: Allocations| json!({"blocks": asked.blocks, "bytes": asked.bytes});
        let rows = self.rows.iter().map(|row| {
            json!({
                "name": row.name,
                "pass": if row.pass == Pass::Part { "part" } else { row.pass.word() },
                "layer": row.layer,
                "calls": row.calls,
                "seconds": row.seconds,
                "share": self.share(row.seconds),
                "operations": row.operations,
                "bytes": row.bytes,
                "gigaflops": row.gigaflops(),
                "gigabytes_per_second": row.gigabytes_per_second(),
                "allocations": allocations(row.allocations),
            })
        });
        json!({
            "seconds": self.seconds,
            "outside_seconds": self.outside(),
            "updates": self.updates,
            "threads": self.threads,
            "peak": {"gigaflops": peak.gigaflops, "gigabytes_per_second": peak.gigabytes_per_second},
            "allocations": allocations(self.allocations),
            "allocations_after_first_update": allocations(self.after_first_update),
            "rows": rows.collect::<Vec<_>>(),
        })
    }
}

/// A line without what was reached of the peak.
fn line([function, pass, layer]: [String; 3], [calls, time, share]: [String; 3]) -> [String; 9] {
    [function, pass, layer, calls, time, share, String::new(), String::new(), String::new()]
}

fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

fn rate(value: Option<f64>) -> String {
    match value {
        None => "-".to_string(),
        Some(value) if value < 99.95 => format!("{value:.1}"),
        Some(value) => format!("{value:.0}"),
    }
}

/// A time in three digits.
fn time(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s < 0.9995e-3 => (s * 1e6, "µs"),
        s if s < 0.9995 => (s * 1e3, "ms"),
        s => (s, "s"),
    };
    let digits = [9.995, 99.95].iter().filter(|&&limit| value < limit).count();
    format!("{value:.digits$} {unit}")
}

fn aligned(mut lines: Vec<[String; 9]>) -> String {
    let widest = |lines: &[[String; 9]], column: usize| lines.iter().map(|l| l[column].chars().count()).max().unwrap_or(0);
    let others: usize = (0..HEADS.len()).filter(|&column| column != LAYER).map(|column| widest(&lines, column)).sum();
    let room = WIDTH.saturating_sub(others + 2 * (HEADS.len() - 1)).max(HEADS[LAYER].len());
    for line in &mut lines {
        if line[LAYER].chars().count() > room {
            line[LAYER] = line[LAYER].chars().take(room - 1).chain(['…']).collect();
        }
    }
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().enumerate().map(|(column, cell)| {
            let width = widest(&lines, column);
            if column < WORDS { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DType;

    fn row(name: &'static str, pass: Pass, layer: &str, seconds: f64) -> Row {
        let allocations = Allocations { blocks: 3, bytes: 4096 };
        let layer = layer.to_string();
        Row { name, pass, layer, calls: 100_000, seconds, operations: 1e9, bytes: 0.0, allocations }
    }

    /// Numbers from the rows: 1e9 operations in half a second are 2 GFLOP/s, 0.5 of 4 seconds 12.5 %.
    #[test]
    fn the_table_is_aligned_fits_and_sums_up() {
        let long = "12.conv(128,3,stride=2,padding=1,dilation=2,groups=8)";
        let mut rows = vec![row("softmax_cross_entropy", Pass::Backward, long, 0.5)];
        rows.extend((0..30).map(|_| row("linear", Pass::Forward, "0.linear(50)", 0.1)));
        let asked = Allocations { blocks: 40, bytes: 1 << 20 };
        let profile = Profile {
            seconds: 4.0,
            rows,
            updates: 2,
            threads: 1,
            allocations: asked,
            after_first_update: Allocations::default(),
            events: Vec::new(),
            spans: 0,
        };
        let peak = Peak { gigaflops: 123.45, gigabytes_per_second: 10.0, dtype: DType::F32, copied: 64 << 20 };
        let table = profile.table(&peak);
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{table}");
        let first: Vec<&str> = lines[1].split_whitespace().collect();
        assert_eq!(first[..2], ["softmax_cross_entropy", "backward"]);
        assert!(first[2].starts_with("12.conv(128") && first[2].ends_with('…'), "{table}");
        assert_eq!(first[3..], ["100,000", "500", "ms", "12.5%", "2.0", "-", "3"]);
        let words = |name: &str| -> Vec<&str> {
            let line = lines.iter().find(|line| line.starts_with(name)).unwrap();
            line[name.len()..].split_whitespace().collect()
        };
        assert_eq!(words("7 others"), ["700,000", "700", "ms", "17.5%", "21"]);
        assert_eq!(words("outside of these"), ["500", "ms", "12.5%"]);
        assert_eq!(words("all"), ["3,100,000", "4.00", "s", "100.0%", "40"]);
        assert_eq!(words("the machine's peak"), ["123", "10.0"]);
        assert!(table.ends_with("memory asked of the system: 40 blocks, 1.0 MiB; after the first update: none"), "{table}");
    }

    #[test]
    fn times_have_three_digits() {
        let cases = [(0.0, "0.00 µs"), (1.5e-6, "1.50 µs"), (9.996e-6, "10.0 µs"), (0.0123, "12.3 ms"), (0.9996, "1.00 s")];
        assert_eq!(cases.map(|(seconds, _)| time(seconds)), cases.map(|(_, text)| text));
        assert_eq!((time(123.4), rate(Some(99.97)), rate(Some(9.0))), ("123 s".into(), "100".into(), "9.0".into()));
    }
}
