//! What stands in one cell.

/// Texts that mean that there is no value, in lower case.
const MISSING: &[&str] = &["", "na", "n/a", "nan", "null", "none", "nil", "-", "--", "?", "#n/a", "missing"];

/// Whether a cell says that there is no value.
pub(super) fn is_missing(text: &str) -> bool {
    // Most cells are numbers, and none of these begins with a digit.
    text.len() <= 8
        && !text.as_bytes().first().is_some_and(u8::is_ascii_digit)
        && MISSING.iter().any(|missing| missing.eq_ignore_ascii_case(text))
}

/// How numbers are written in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decimal {
    /// 1234.5
    Point,
    /// 1234,5
    Comma,
}

/// Larger numbers are none: their squares, which a deviation is made of, would be infinite.
const LARGEST: f64 = 1e100;

/// A number up to [`LARGEST`], or `None`.
pub(super) fn number(text: &str, decimal: Decimal) -> Option<f64> {
    // Rust reads words for infinity and NaN, which no column of numbers holds.
    if !text.starts_with(|c: char| c.is_ascii_digit() || "+-.,".contains(c)) {
        return None;
    }
    let parsed = match decimal {
        Decimal::Point => text.parse(),
        Decimal::Comma if text.contains('.') => return None,
        Decimal::Comma => text.replacen(',', ".", 1).parse(),
    };
    parsed.ok().filter(|x: &f64| x.abs() <= LARGEST)
}

/// Days since the first of January 1970 of a date as year-month-day (with `-` or `/`) or day.month.year, with a time of day
/// behind it or not: `2024-03-01`, `2024/3/1 17:30`, `01.03.2024`, `2024-03-01T17:30:15Z`.
pub(super) fn date(text: &str) -> Option<f64> {
    let (day, time) = match text.split_once(['T', ' ']) {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    let parts = |sign: char| -> Option<[i64; 3]> {
        let mut parts = day.split(sign);
        let mut next = || parts.next().filter(|p| p.len() <= 4 && p.bytes().all(|b| b.is_ascii_digit()))?.parse().ok();
        let found = [next()?, next()?, next()?];
        parts.next().is_none().then_some(found)
    };
    let [year, month, day] =
        parts('-').or_else(|| parts('/')).or_else(|| parts('.').map(|[day, month, year]| [year, month, day]))?;
    let lengths = month_lengths(year);
    let length = *lengths.get(usize::try_from(month).ok()?.checked_sub(1)?)?;
    if !(1..=length).contains(&day) || !(1..=9999).contains(&year) {
        return None;
    }
    let months: i64 = lengths[..month as usize - 1].iter().sum();
    // 719,162 days from the first of January of the year 1 to that of 1970.
    let days = (days_before(year) + months + day - 1 - 719_162) as f64;
    match time {
        None => Some(days),
        Some(time) => Some(days + time_of_day(time.trim_end_matches('Z'))?),
    }
}

/// Days from the first of January of the year 1 to that of another.
pub(super) fn days_before(year: i64) -> i64 {
    let before = year - 1;
    before * 365 + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400)
}

/// How many days each month of a year has.
pub(super) fn month_lengths(year: i64) -> [i64; 12] {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

/// Hours, minutes and perhaps seconds as a share of the day.
fn time_of_day(text: &str) -> Option<f64> {
    let mut parts = text.split(':').map(|p| p.parse::<f64>().ok().filter(|x| (0.0..60.0).contains(x)));
    let (hours, minutes) = (parts.next()??, parts.next()??);
    let seconds = match parts.next() {
        Some(seconds) => seconds?,
        None => 0.0,
    };
    (hours < 24.0 && parts.next().is_none()).then_some((hours * 3600.0 + minutes * 60.0 + seconds) / 86_400.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_both_ways_of_writing() {
        let point = |text| number(text, Decimal::Point);
        assert_eq!([point("1.5"), point("-3e2"), point("+7"), point(".5")], [Some(1.5), Some(-300.0), Some(7.0), Some(0.5)]);
        assert_eq!([point("inf"), point("nan"), point("1e101"), point("1,5"), point("0x10"), point("-")], [None; 6]);
        let comma = |text| number(text, Decimal::Comma);
        assert_eq!([comma("1,5"), comma("12"), comma("1.5"), comma("1,2,3")], [Some(1.5), Some(12.0), None, None]);
        assert!(is_missing("NaN") && is_missing("") && is_missing("N/A") && !is_missing("0") && !is_missing("no"));
    }

    /// Days from a calendar: 2000-03-01 is day 11,017 of Unix time, 1969-12-31 day −1.
    #[test]
    fn dates_are_days() {
        assert_eq!(date("1970-01-01"), Some(0.0));
        assert_eq!(date("1969-12-31"), Some(-1.0));
        assert_eq!([date("2000-03-01"), date("2000/3/1"), date("01.03.2000")], [Some(11_017.0); 3]);
        assert_eq!(date("2000-03-01T12:00:00Z"), Some(11_017.5));
        assert_eq!(date("2000-03-01 06:00"), Some(11_017.25));
        for wrong in
            ["2001-02-29", "2000-13-01", "2000-00-10", "2000-1", "1-2-3-4", "2000-03-01 25:00", "1.5", "x-y-z", "", "0-1-1"]
        {
            assert_eq!(date(wrong), None, "{wrong}");
        }
    }
}
