//! Java's `DateTimeFormatter` patterns, as far as a folder's name needs them.

use super::PrefixError;
use jiff::ZonedDateTime;
use jiff::tz::Offset;

/// The letters that are built.
pub(super) const LETTERS: &str = "G y u Y M L w W d D g H k K h m s S A n N a E e c Q q O X x Z";

/// The letters that AWS refuses outside quotes.
const REFUSED: &str = "CIJPRTUVbfijloprt";

/// A pattern, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    fields: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Field {
    Text(String),
    /// A letter, so many times.
    Letter(char, usize),
}

impl Pattern {
    /// Reads a pattern; `prefix` is the API's name of where it stands.
    pub fn parse(text: &str, prefix: &'static str) -> Result<Self, PrefixError> {
        let invalid = || PrefixError::Value(prefix);
        let mut fields = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if first == '\'' {
                let (quoted, after) = quoted(rest).ok_or_else(invalid)?;
                fields.push(Field::Text(quoted));
                rest = after;
            } else if first.is_ascii_alphabetic() {
                let after = rest.trim_start_matches(first);
                let count = rest.len() - after.len();
                if REFUSED.contains(first) || !width_is_right(first, count) {
                    return Err(invalid());
                }
                if !LETTERS.contains(first) {
                    return Err(PrefixError::Letter {
                        letter: first,
                        prefix,
                    });
                }
                fields.push(Field::Letter(first, count));
                rest = after;
            } else if matches!(first, '{' | '}' | '#' | '[' | ']') {
                return Err(invalid());
            } else {
                fields.push(Field::Text(first.into()));
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
        if fields.is_empty() {
            return Err(invalid());
        }
        Ok(Self { fields })
    }

    /// The pattern's text for a moment.
    pub fn format(&self, time: &ZonedDateTime) -> String {
        let mut out = String::new();
        for field in &self.fields {
            match field {
                Field::Text(text) => out.push_str(text),
                Field::Letter(letter, count) => out.push_str(&letter_text(*letter, *count, time)),
            }
        }
        out
    }
}

/// `'quoted'` to its text, with `''` for a quote, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('\'')?;
    if let Some(after) = rest.strip_prefix('\'') {
        return Some(("'".into(), after));
    }
    let mut out = String::new();
    loop {
        let (before, after) = rest.split_once('\'')?;
        out.push_str(before);
        match after.strip_prefix('\'') {
            Some(after) => {
                out.push('\'');
                rest = after;
            }
            None => return Some((out, after)),
        }
    }
}

/// How often Java takes a letter in a row.
fn width_is_right(letter: char, count: usize) -> bool {
    let most = match letter {
        'd' | 'H' | 'k' | 'K' | 'h' | 'm' | 's' | 'w' => 2,
        'D' => 3,
        'a' | 'W' => 1,
        'M' | 'L' | 'E' | 'Q' | 'q' | 'X' | 'x' | 'Z' | 'e' | 'G' => 5,
        'c' => return matches!(count, 1 | 3..=5),
        'O' => return matches!(count, 1 | 4),
        'S' => 9,
        _ => 19,
    };
    count <= most
}

fn letter_text(letter: char, count: usize, time: &ZonedDateTime) -> String {
    let padded = |value: i64| format!("{value:0count$}");
    match letter {
        'G' => match count {
            1..=3 => "AD",
            4 => "Anno Domini",
            _ => "A",
        }
        .into(),
        'y' | 'u' if count == 2 => format!("{:02}", time.year().rem_euclid(100)),
        'y' | 'u' => padded(time.year().into()),
        'Y' if count == 2 => format!("{:02}", week_of_year(time).0.rem_euclid(100)),
        'Y' => padded(week_of_year(time).0),
        'w' => padded(week_of_year(time).1),
        'W' => padded(week(time, time.day().into())),
        'g' => padded(modified_julian_day(time)),
        'M' | 'L' => name_or_number(count, time.month().into(), month_name(time)),
        'd' => padded(time.day().into()),
        'D' => padded(time.day_of_year().into()),
        'H' => padded(time.hour().into()),
        'k' => padded(if time.hour() == 0 {
            24
        } else {
            time.hour().into()
        }),
        'K' => padded((time.hour() % 12).into()),
        'h' => padded(if time.hour() % 12 == 0 {
            12
        } else {
            (time.hour() % 12).into()
        }),
        'm' => padded(time.minute().into()),
        's' => padded(time.second().into()),
        'S' => {
            let digits = format!("{:09}", time.subsec_nanosecond());
            digits.get(..count).unwrap_or(&digits).to_owned()
        }
        'A' => padded(nano_of_day(time) / 1_000_000),
        'n' => padded(time.subsec_nanosecond().into()),
        'N' => padded(nano_of_day(time)),
        'a' => if time.hour() < 12 { "AM" } else { "PM" }.into(),
        'E' => named(count.max(3), weekday_name(time)),
        'e' | 'c' => {
            let number = i64::from(time.weekday().to_sunday_one_offset());
            name_or_number(count, number, weekday_name(time))
        }
        'Q' | 'q' => {
            let quarter = i64::from((time.month() - 1) / 3 + 1);
            match count {
                1 | 2 => padded(quarter),
                3 => format!("Q{quarter}"),
                4 => format!("{} quarter", ordinal(quarter)),
                _ => quarter.to_string(),
            }
        }
        'X' | 'x' | 'Z' | 'O' => offset(letter, count, time.offset()),
        _ => String::new(),
    }
}

/// In which week a day lies, of the year or the month whose day it is by that number: weeks begin
/// on Sunday, and the first one has the first day in it (Java's `WeekFields` for the US).
fn week(time: &ZonedDateTime, day: i64) -> i64 {
    let weekday = i64::from(time.weekday().to_sunday_zero_offset());
    let first_weekday = (weekday - (day - 1)).rem_euclid(7);
    (day - 1 + first_weekday) / 7 + 1
}

/// The year that a week belongs to, and its number there.
fn week_of_year(time: &ZonedDateTime) -> (i64, i64) {
    let year = i64::from(time.year());
    let left = i64::from(time.days_in_year() - time.day_of_year());
    let to_saturday = 6 - i64::from(time.weekday().to_sunday_zero_offset());
    match left < to_saturday {
        // The next year's first day is in it.
        true => (year + 1, 1),
        false => (year, week(time, time.day_of_year().into())),
    }
}

/// Days since 17 November 1858.
fn modified_julian_day(time: &ZonedDateTime) -> i64 {
    let local = time.timestamp().as_second() + i64::from(time.offset().seconds());
    local.div_euclid(86_400) + 40_587
}

fn nano_of_day(time: &ZonedDateTime) -> i64 {
    let seconds = i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60;
    (seconds + i64::from(time.second())) * 1_000_000_000 + i64::from(time.subsec_nanosecond())
}

fn name_or_number(count: usize, number: i64, name: &str) -> String {
    match count {
        1 | 2 => format!("{number:0count$}"),
        _ => named(count, name),
    }
}

/// Three letters, the whole name, or its first letter.
fn named(count: usize, name: &str) -> String {
    let length = match count {
        3 => 3,
        4 => name.len(),
        _ => 1,
    };
    name.get(..length).unwrap_or(name).to_owned()
}

fn ordinal(quarter: i64) -> &'static str {
    match quarter {
        1 => "1st",
        2 => "2nd",
        3 => "3rd",
        _ => "4th",
    }
}

fn month_name(time: &ZonedDateTime) -> &'static str {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let index = usize::try_from(time.month() - 1).unwrap_or(0);
    NAMES.get(index).copied().unwrap_or_default()
}

fn weekday_name(time: &ZonedDateTime) -> &'static str {
    const NAMES: [&str; 7] = [
        "Sunday",
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
    ];
    let index = usize::try_from(time.weekday().to_sunday_zero_offset()).unwrap_or(0);
    NAMES.get(index).copied().unwrap_or_default()
}

/// `X` writes `Z` for UTC, `Z` and `x` never do, `O` writes `GMT`; 1 to 5 letters choose the form.
fn offset(letter: char, count: usize, offset: Offset) -> String {
    let seconds = offset.seconds();
    if letter == 'X' && seconds == 0 {
        return "Z".into();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes) = (seconds.abs() / 3600, seconds.abs() / 60 % 60);
    match (letter, count) {
        ('X' | 'x', 1) if minutes == 0 => format!("{sign}{hours:02}"),
        ('O', 1) if seconds == 0 => "GMT".into(),
        ('O', 1) if minutes == 0 => format!("GMT{sign}{hours}"),
        ('O', 1) => format!("GMT{sign}{hours}:{minutes:02}"),
        ('X' | 'x', 3 | 5) => format!("{sign}{hours:02}:{minutes:02}"),
        ('Z' | 'O', 4) if seconds == 0 => "GMT".into(),
        ('Z' | 'O', 4) => format!("GMT{sign}{hours:02}:{minutes:02}"),
        ('Z', 5) if seconds == 0 => "Z".into(),
        ('Z', 5) => format!("{sign}{hours:02}:{minutes:02}"),
        _ => format!("{sign}{hours:02}{minutes:02}"),
    }
}
