//! What is usually predicted.

use super::column::{Column, Kind};
use super::read::Table;

/// Names that columns to be predicted go by.
const TARGETS: &[&str] = &["target", "class", "label", "y", "outcome", "output"];
/// What is often predicted, as a name or as the last word of one, what is surer first.
const OFTEN: &[&str] = &[
    "species",
    "diagnosis",
    "survived",
    "churn",
    "churned",
    "quality",
    "price",
    "cost",
    "salary",
    "sales",
    "value",
    "rating",
    "score",
    "grade",
    "result",
];
/// What says when or which, as a name or as the last word of one: known before, and nothing to predict.
const NEVER: &[&str] = &[
    "id",
    "ids",
    "uuid",
    "key",
    "index",
    "row",
    "no",
    "nr",
    "number",
    "year",
    "month",
    "week",
    "day",
    "date",
    "time",
    "hour",
    "minute",
    "timestamp",
    "latitude",
    "longitude",
    "lat",
    "lon",
    "zip",
    "zipcode",
    "postcode",
];

/// The column that is predicted where nobody says which, of those that can be, which are numbers and categories: one named target, class,
/// label, y (but not beside x and z, where it is a coordinate), outcome or output; else one whose name is or ends in a word for what is
/// often predicted, such as species, price or quality; else the last whose name is or ends in no word for a time, a place or a
/// number of rows, and whose values are no whole numbers that rise from row to row; else the last.
pub fn usual_target(table: &Table) -> Option<&Column> {
    let columns = table.columns();
    let can_be = |column: &&Column| matches!(column.kind(), Kind::Number | Kind::Category);
    let is_named = |column: &Column, name: &str| column.name().eq_ignore_ascii_case(name);
    let is_place = ["x", "y", "z"].iter().all(|name| columns.iter().any(|column| is_named(column, name)));
    let mut names = TARGETS.iter().filter(|name| **name != "y" || !is_place);
    let named = names.find_map(|name| columns.iter().filter(can_be).find(|column| is_named(column, name)));
    let often = || OFTEN.iter().find_map(|word| columns.iter().filter(can_be).find(|column| last_word(column.name()) == *word));
    let last = || {
        let means_something = |column: &&Column| !NEVER.contains(&&last_word(column.name())[..]) && !column.counts_rows();
        columns.iter().rev().filter(can_be).find(means_something)
    };
    named.or_else(often).or_else(last).or_else(|| columns.iter().rev().find(can_be))
}

/// The last word of a name in small letters: `id` of `order_id`, `Order ID` and `orderId`.
fn last_word(name: &str) -> String {
    let part = name.rsplit(|c: char| !c.is_alphanumeric()).find(|part| !part.is_empty()).unwrap_or(name);
    // A capital after a small letter begins a word.
    let letters: Vec<char> = part.chars().collect();
    let begins = (1..letters.len()).rev().find(|&i| letters[i].is_uppercase() && letters[i - 1].is_lowercase());
    letters[begins.unwrap_or(0)..].iter().flat_map(|c| c.to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual(header: &str) -> String {
        let width = header.split(',').count();
        let row = |row: usize| (0..width).map(|i| ((row * 7 + i) % 5).to_string()).collect::<Vec<_>>().join(",");
        let text: String = (0..30).map(|i| row(i) + "\n").collect();
        let table = Table::from_bytes("t", format!("{header}\n{text}").as_bytes()).unwrap();
        usual_target(&table).unwrap().name().to_string()
    }

    #[test]
    fn names_tell_what_is_predicted() {
        for (header, target) in [
            ("a,Class,b", "Class"),
            ("a,y,b", "y"),
            ("carat,price,x,y,z", "price"),
            ("species,island,bill length,sex,year", "species"),
            ("median_income,median_house_value,ocean_proximity", "median_house_value"),
            ("a,b,sale_date", "b"),
            ("a,b,OrderId", "b"),
            ("a,house price,Year", "house price"),
            ("a,b", "b"),
            ("id,year", "year"),
        ] {
            assert_eq!(usual(header), target, "{header}");
        }
    }

    #[test]
    fn numbers_of_rows_are_not_predicted() {
        let text: String = (0..30).map(|i| format!("{},{i}\n", i % 7)).collect();
        let table = Table::from_bytes("t", format!("a,nth\n{text}").as_bytes()).unwrap();
        assert_eq!(usual_target(&table).unwrap().name(), "a");
    }
}
