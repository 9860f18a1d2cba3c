//! The values of Parquet files as the text that a CSV file would hold.

use std::fmt::Debug;

use ::parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use ::parquet::schema::types::ColumnDescriptor;
use half::f16;

use super::super::cell::{days_before, month_lengths};

/// What the numbers or bytes of a column stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Numbers, or bytes of text.
    Itself,
    /// Whole numbers from 0.
    Unsigned,
    /// Days since 1970-01-01.
    Date,
    /// Time since 1970-01-01 in shares of a second, so many in one.
    Timestamp(i64),
    /// Time of day in shares of a second.
    Time(i64),
    /// Whole numbers to be divided by this power of ten.
    Decimal(i32),
    /// Numbers in 16 bits.
    Half,
    /// Sixteen bytes that name something.
    Uuid,
    /// Something else, which stands in no table.
    Unknown,
}

impl Meaning {
    /// What a column says of itself, in the new way or in the old one.
    pub(super) fn of(column: &ColumnDescriptor) -> Meaning {
        let shares = |unit: &TimeUnit| match unit {
            TimeUnit::MILLIS => 1_000,
            TimeUnit::MICROS => 1_000_000,
            TimeUnit::NANOS => 1_000_000_000,
        };
        match column.logical_type_ref() {
            Some(LogicalType::Timestamp(time)) => return Meaning::Timestamp(shares(&time.unit)),
            Some(LogicalType::Time(time)) => return Meaning::Time(shares(&time.unit)),
            Some(LogicalType::Float16) => return Meaning::Half,
            Some(LogicalType::Uuid) => return Meaning::Uuid,
            _ => {}
        }
        match column.converted_type() {
            ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64 => Meaning::Unsigned,
            ConvertedType::DATE => Meaning::Date,
            ConvertedType::TIMESTAMP_MILLIS => Meaning::Timestamp(1_000),
            ConvertedType::TIMESTAMP_MICROS => Meaning::Timestamp(1_000_000),
            ConvertedType::TIME_MILLIS => Meaning::Time(1_000),
            ConvertedType::TIME_MICROS => Meaning::Time(1_000_000),
            ConvertedType::DECIMAL => Meaning::Decimal(column.type_scale()),
            ConvertedType::INTERVAL | ConvertedType::BSON => Meaning::Unknown,
            // Bytes of one length that nothing is said of are keys or sums.
            _ if column.physical_type() == Type::FIXED_LEN_BYTE_ARRAY => Meaning::Unknown,
            _ => Meaning::Itself,
        }
    }
}

/// A whole number; `None` where its meaning cannot be written.
pub(super) fn of_whole(value: i64, meaning: Meaning) -> Option<String> {
    match meaning {
        Meaning::Itself => Some(value.to_string()),
        Meaning::Unsigned => Some((value as u64).to_string()),
        Meaning::Date => Some(date(value)),
        Meaning::Timestamp(shares) => {
            let day = 86_400 * shares;
            Some(format!("{} {}", date(value.div_euclid(day)), time(value.rem_euclid(day), shares)))
        }
        Meaning::Time(shares) => Some(time(value, shares)),
        Meaning::Decimal(scale) => decimal(value.into(), scale),
        Meaning::Half | Meaning::Uuid | Meaning::Unknown => None,
    }
}

/// A number in the fewest digits that say which it is, always with a point or an exponent; nothing where it is none.
pub(super) fn of_float<T: Debug + Into<f64> + Copy>(value: T) -> String {
    if value.into().is_nan() { String::new() } else { format!("{value:?}") }
}

/// A number in two bytes.
pub(super) fn of_half(bytes: &[u8]) -> Option<String> {
    Some(of_float(f16::from_le_bytes(bytes.try_into().ok()?).to_f32()))
}

/// The old form of timestamps: nanoseconds of the day in two parts, the lower first, and the Julian day, of which 2,440,588 is 1970-01-01.
pub(super) fn of_int96(parts: &[u32]) -> Option<String> {
    let [low, high, day] = parts.try_into().ok()?;
    let nanoseconds = i64::try_from(u64::from(high) << 32 | u64::from(low)).ok()?;
    Some(format!("{} {}", date(i64::from(day) - 2_440_588), time(nanoseconds, 1_000_000_000)))
}

/// Bytes: text in UTF-8, or what else they mean; `None` where they are neither.
pub(super) fn of_bytes(bytes: &[u8], meaning: Meaning) -> Option<String> {
    match meaning {
        Meaning::Itself => std::str::from_utf8(bytes).ok().map(str::to_string),
        Meaning::Decimal(scale) => {
            // The most significant byte is the first, and holds the sign.
            let sign = if bytes.first()? & 0x80 == 0 { 0 } else { -1 };
            let value = bytes.iter().fold(sign, |value: i128, &byte| value << 8 | i128::from(byte));
            (bytes.len() <= 16).then(|| decimal(value, scale))?
        }
        Meaning::Uuid => {
            let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            let parts = [bytes.get(..4)?, bytes.get(4..6)?, bytes.get(6..8)?, bytes.get(8..10)?, bytes.get(10..)?];
            Some(parts.map(hex).join("-"))
        }
        _ => None,
    }
}

/// `value / 10^scale`, with all its digits.
fn decimal(value: i128, scale: i32) -> Option<String> {
    // Sixteen bytes hold no more digits.
    let scale = usize::try_from(scale).ok().filter(|&scale| scale <= 38)?;
    let sign = if value < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, rest) = digits.split_at(digits.len() - scale);
    Some(if rest.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") })
}

/// The date so many days after 1970-01-01, in the calendar of today also for days before it.
fn date(days: i64) -> String {
    // From the first day of the year 1 on; 400 years have 146,097 days.
    let days = days + 719_162;
    let mut year = (days * 400).div_euclid(146_097) + 1;
    while days_before(year) > days {
        year -= 1;
    }
    while days_before(year + 1) <= days {
        year += 1;
    }
    let (mut day, mut month) = (days - days_before(year), 1);
    for length in month_lengths(year) {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}", day + 1)
}

/// A time of day: `17:30:15`, and of shares of a second no more digits than there are.
fn time(shares: i64, in_second: i64) -> String {
    let (seconds, rest) = (shares.div_euclid(in_second), shares.rem_euclid(in_second));
    let whole = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if rest == 0 {
        return whole;
    }
    let digits = format!("{:0width$}", rest, width = in_second.ilog10() as usize);
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Days from Python's `datetime.date.toordinal() - 719163`.
    #[test]
    fn dates_and_times_are_written() {
        assert_eq!([date(0), date(-1), date(11_016), date(11_017)], ["1970-01-01", "1969-12-31", "2000-02-29", "2000-03-01"]);
        assert_eq!([date(-719_162), date(2_932_896)], ["0001-01-01", "9999-12-31"]);
        assert_eq!([date(2_932_897), date(19_723), date(20_088)], ["10000-01-01", "2024-01-01", "2024-12-31"]);
        let at = |value, shares| of_whole(value, Meaning::Timestamp(shares)).unwrap();
        assert_eq!([at(0, 1000), at(-1, 1000)], ["1970-01-01 00:00:00", "1969-12-31 23:59:59.999"]);
        assert_eq!(at(1_709_314_215_250_000_000, 1_000_000_000), "2024-03-01 17:30:15.25");
        assert!(at(i64::MIN, 1000).starts_with('-') && at(i64::MAX, 1_000_000).len() > 20);
        assert_eq!(of_int96(&[0, 0, 2_440_588]).unwrap(), "1970-01-01 00:00:00");
        assert_eq!(of_whole(45_015_000, Meaning::Time(1000)).unwrap(), "12:30:15");
    }

    #[test]
    fn numbers_keep_their_digits() {
        let decimal_of = |value, scale| decimal(value, scale).unwrap();
        assert_eq!([decimal_of(5, 2), decimal_of(-12_345, 2), decimal_of(7, 0)], ["0.05", "-123.45", "7"]);
        assert_eq!(decimal_of(i128::MIN, 38), "-1.70141183460469231731687303715884105728");
        assert_eq!((decimal(1, 39), decimal(1, -1)), (None, None));
        assert_eq!(of_bytes(&[0xff, 0x85], Meaning::Decimal(1)).unwrap(), "-12.3");
        assert_eq!((of_bytes(&[1; 17], Meaning::Decimal(1)), of_bytes(&[], Meaning::Decimal(1))), (None, None));
        assert_eq!([of_float(0.1f32), of_float(1.0f64), of_float(f64::NAN)].map(|t| t), ["0.1", "1.0", ""]);
        assert_eq!((of_half(&[0, 0x3e]), of_half(&[0])), (Some("1.5".to_string()), None));
        assert_eq!(of_whole(-1, Meaning::Unsigned).unwrap(), "18446744073709551615");
        assert_eq!(of_bytes(&[0xff], Meaning::Itself), None);
        assert_eq!(of_bytes(&[0x12; 16], Meaning::Uuid).unwrap(), "12121212-1212-1212-1212-121212121212");
    }
}
