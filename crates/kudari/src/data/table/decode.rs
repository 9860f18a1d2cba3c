//! What inputs stand for: the way back from numbers to cells.

use super::features::Feature;
use super::preparation::Preparation;

impl Preparation {
    /// The columns that are read, each with the number of inputs that it becomes; they follow each other in this order.
    pub fn widths(&self) -> impl Iterator<Item = (&str, usize)> {
        self.features.iter().map(|feature| (feature.column(), feature.width()))
    }

    /// The cells that a row's inputs stand for, with the names of their columns; empty where a value was missing or a category unknown. Numbers
    /// have gone through f32, so that their last digits may be others than in the file.
    pub fn cells(&self, inputs: &[f64]) -> Vec<(String, String)> {
        let mut rest = inputs;
        let cell = |feature: &Feature| {
            let (own, behind) = rest.split_at(feature.width().min(rest.len()));
            rest = behind;
            (feature.column().to_string(), decoded(feature, own))
        };
        self.features.iter().map(cell).collect()
    }
}

fn decoded(feature: &Feature, inputs: &[f64]) -> String {
    match feature {
        Feature::Numbers(numbers) if numbers.gaps && inputs.last().is_some_and(|&gap| gap > 0.5) => String::new(),
        Feature::Numbers(numbers) => {
            let scaled = if numbers.deviation > 0.0 { inputs.first().copied().unwrap_or(0.0) } else { 0.0 };
            let number = scaled * numbers.deviation + numbers.mean;
            if numbers.date { date(number.round()) } else { shortest(number) }
        }
        Feature::Categories(categories) => {
            let place = inputs.iter().position(|&input| input > 0.5);
            place.and_then(|place| categories.levels.get(place)).cloned().unwrap_or_default()
        }
    }
}

/// In six digits, without zeros at the end: more would show the rounding of f32.
fn shortest(number: f64) -> String {
    let rounded: f64 = format!("{number:.5e}").parse().unwrap_or(number);
    // What is left of a zero after scaling and back.
    if rounded.abs() < 1e-12 { "0".to_string() } else { rounded.to_string() }
}

/// Year, month and day of a day counted from the first of January 1970, in the Gregorian calendar.
fn date(days: f64) -> String {
    if !(-719_162.0..=2_932_896.0).contains(&days) {
        return shortest(days);
    }
    // The year is taken to begin in March, so that the leap day is its last: 400 years have 146,097 days.
    let from_march = days as i64 + 719_468;
    let (era, day) = (from_march / 146_097, from_march % 146_097);
    let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = 400 * era + year_of_era + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::super::Table;
    use super::super::cell;
    use super::*;

    #[test]
    fn inputs_become_the_cells_again() {
        let text = "age,city,when,y\n20.5,Rome,2024-01-01,1.5\n,Oslo,2024-02-29,2.5\n1e-7,Bern,1969-12-31,3.5\n1234.75,,1999-12-31,9.5\n";
        let table = Table::from_bytes("t", text.as_bytes()).unwrap();
        let features: Vec<String> = ["age", "city", "when"].map(str::to_string).to_vec();
        let preparation = Preparation::learn(&table, &[0, 1, 2, 3], &["y"], &features).unwrap();
        assert_eq!(preparation.widths().collect::<Vec<_>>(), [("age", 2), ("city", 3), ("when", 1)]);
        let x = preparation.inputs_of(&table, &[0, 1, 2, 3]).unwrap().to_f64_vec();
        let rows = x.chunks(6).map(|row| preparation.cells(row).into_iter().map(|cell| cell.1).collect::<Vec<_>>());
        let rows: Vec<Vec<String>> = rows.collect();
        assert_eq!(rows[0], ["20.5", "Rome", "2024-01-01"]);
        assert_eq!(rows[1], ["", "Oslo", "2024-02-29"]);
        assert_eq!(rows[2][1..], ["Bern".to_string(), "1969-12-31".to_string()]);
        assert_eq!(rows[3], ["1234.75", "", "1999-12-31"]);
        // Too few inputs are no reason to fail.
        assert_eq!(preparation.cells(&[]).len(), 3);
    }

    /// Every day of the years that can be read is the one that was read.
    #[test]
    fn days_become_their_dates() {
        for day in (-719_162..=2_932_896).step_by(13) {
            assert_eq!(cell::date(&date(f64::from(day))), Some(f64::from(day)), "{}", date(f64::from(day)));
        }
        assert_eq!([date(-719_162.0), date(2_932_896.0), date(1e9)], ["0001-01-01", "9999-12-31", "1000000000"]);
    }
}
