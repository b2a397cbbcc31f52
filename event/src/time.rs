//! Timestamps (ISO 8601, UTC) and the correction of a client's clock.

use std::fmt;

use crate::limits::{FUTURE_MS, QUEUED_MS};

/// A moment, in microseconds since 1970-01-01T00:00:00Z, within the years 0 to 9999.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct Timestamp(i64);

/// 0000-01-01T00:00:00Z.
const FIRST: i64 = -62_167_219_200_000_000;
/// 9999-12-31T23:59:59.999999Z.
const LAST: i64 = 253_402_300_799_999_999;
/// 2000-01-01T00:00:00Z: whatever says it is older has an unset clock.
const YEAR_2000: Timestamp = Timestamp(946_684_800_000_000);

impl Timestamp {
    /// The moment so many milliseconds after 1970; beyond the years 0 to 9999 their ends.
    #[must_use]
    pub fn from_ms(ms: i64) -> Self {
        Self(ms.saturating_mul(1000).clamp(FIRST, LAST))
    }

    /// Milliseconds since 1970, rounded down.
    #[must_use]
    pub fn ms(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Reads `2026-01-02T03:04:05.006Z`: any number of fractional digits (kept to the
    /// microsecond) or none, `Z` or an offset `+01:00`. Nothing else is a time here.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let number = |from: usize, to: usize| -> Option<i64> {
            let digits = bytes.get(from..to)?;
            digits.iter().try_fold(0_i64, |sum, digit| {
                digit
                    .is_ascii_digit()
                    .then(|| sum * 10 + i64::from(digit - b'0'))
            })
        };
        let is = |at: usize, allowed: &[u8]| bytes.get(at).is_some_and(|b| allowed.contains(b));
        if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
            return None;
        }
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        // 60 is a leap second: taken as the one before it, as everybody's clocks do.
        if !(1..=12).contains(&month)
            || !(1..=days_in(year, month)).contains(&day)
            || hour > 23
            || minute > 59
            || second > 60
        {
            return None;
        }
        let mut at = 19;
        let mut micros = 0;
        if is(at, b".,") {
            at += 1;
            let mut unit = 100_000;
            let start = at;
            while let Some(digit) = bytes.get(at).filter(|b| b.is_ascii_digit()) {
                micros += i64::from(digit - b'0') * unit;
                unit /= 10;
                at += 1;
            }
            if at == start {
                return None;
            }
        }
        let offset_minutes = if is(at, b"Zz") && bytes.len() == at + 1 {
            0
        } else if is(at, b"+-") && is(at + 3, b":") && bytes.len() == at + 6 {
            let (hours, minutes) = (number(at + 1, at + 3)?, number(at + 4, at + 6)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let size = hours * 60 + minutes;
            if is(at, b"-") { -size } else { size }
        } else {
            return None;
        };
        let seconds = days_before(year, month, day) * 86_400
            + hour * 3_600
            + (minute - offset_minutes) * 60
            + second.min(59);
        Some(Self((seconds * 1_000_000 + micros).clamp(FIRST, LAST)))
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, counted in eras of 400 years
/// whose years begin in March, so that the leap day comes last.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The date so many days after 0000-01-01, until the year 9999: the reverse of [`days_before`], without a
/// division by what is no constant (C. Neri, L. Schneider, "Euclidean affine functions and their
/// application to calendar algorithms", 2022).
fn date_of(days: u32) -> (u32, u32, u32) {
    // From 1 March of the year -400 on, so that the leap day comes last.
    let quarters = 4 * (days + DAYS_BEFORE_0000) + 3;
    let century = quarters / 146_097;
    let in_century = (quarters % 146_097) | 3;
    let product = u64::from(in_century) * 2_939_745;
    let (year_of_century, rest) = ((product >> 32) as u32, product as u32);
    let day_of_year = rest / 2_939_745 / 4;
    let months = 2_141 * day_of_year + 197_913;
    let (month, day) = (months >> 16, (months & 0xffff) / 2_141 + 1);
    // January and February end the year that began in March.
    let next = u32::from(day_of_year >= 306);
    let year = 100 * century + year_of_century + next - 400;
    (year, month - 12 * next, day)
}

/// From 1 March of the year -400 to 0000-01-01.
const DAYS_BEFORE_0000: u32 = 146_097 - 60;

impl Timestamp {
    /// Appends `2026-01-02T03:04:05.006Z`; six fractional digits where the moment has them.
    pub fn append(self, out: &mut Vec<u8>) {
        // Within the years 0 to 9999, so it fits.
        let since_0000 = u64::try_from(self.0 - FIRST).unwrap_or(0);
        let (seconds, micros) = (since_0000 / 1_000_000, (since_0000 % 1_000_000) as u32);
        let (days, second) = ((seconds / 86_400) as u32, (seconds % 86_400) as u32);
        let (year, month, day) = date_of(days);
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        for (place, number) in [
            (0, year / 100),
            (2, year % 100),
            (5, month),
            (8, day),
            (11, second / 3_600),
            (14, second / 60 % 60),
            (17, second % 60),
            (20, micros / 10_000),
            (22, micros / 100 % 100),
            (24, micros % 100),
        ] {
            text[place..place + 2].copy_from_slice(&PAIRS[number as usize]);
        }
        let millis = micros % 1000 == 0;
        if millis {
            text[23] = b'Z';
        }
        let length = if millis { 24 } else { 27 };
        out.extend_from_slice(text.get(..length).unwrap_or_default());
    }

    /// Reads a time that stands in the very form that [`Timestamp::append`] writes with three
    /// fractional digits, so that its text can stay.
    pub(crate) fn as_written(text: &str) -> Option<Self> {
        let bytes: &[u8; 24] = text.as_bytes().try_into().ok()?;
        // One test at the end instead of one for each digit.
        let mut all_digits = true;
        let mut pair = |at: usize| -> i64 {
            let digits = [
                bytes[at].wrapping_sub(b'0'),
                bytes[at + 1].wrapping_sub(b'0'),
            ];
            all_digits &= digits[0] < 10 && digits[1] < 10;
            i64::from(digits[0]) * 10 + i64::from(digits[1])
        };
        let (year, month, day) = (pair(0) * 100 + pair(2), pair(5), pair(8));
        let (hour, minute, second) = (pair(11), pair(14), pair(17));
        let (centis, last) = (pair(20), bytes[22].wrapping_sub(b'0'));
        let marks = [4, 7, 10, 13, 16, 19, 23].map(|at: usize| bytes[at]);
        let form = all_digits && last < 10 && marks == *b"--T::.Z";
        if !form
            || !(1..=12).contains(&month)
            || !(1..=days_in(year, month)).contains(&day)
            || hour > 23
            || minute > 59
            || second > 59
        {
            return None;
        }
        let seconds = days_before(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
        Some(Self(
            (seconds * 1000 + centis * 10 + i64::from(last)) * 1000,
        ))
    }
}

/// The numbers below a hundred as two digits.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

impl fmt::Display for Timestamp {
    /// As [`Timestamp::append`].
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(27);
        self.append(&mut text);
        formatter.write_str(&String::from_utf8_lossy(&text))
    }
}

/// The three times of an event and whether its clock can be believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Times {
    /// When it happened by the client's clock (or the arrival, if it did not say).
    pub original: Timestamp,
    /// When it happened by ours.
    pub timestamp: Timestamp,
    /// Before 2000, over 5 minutes ahead, sent before it happened, queued over 30 days, or
    /// a time that could not be read.
    pub suspect: bool,
}

impl Times {
    /// Corrects the client's clock by Segment's formula ("Spec: Common Fields"):
    /// `timestamp = receivedAt − max(0, sentAt − originalTimestamp)`, and without `sentAt`
    /// the event's own time.
    #[must_use]
    pub fn correct(
        original: Option<Timestamp>,
        sent_at: Option<Timestamp>,
        received_at: Timestamp,
    ) -> Self {
        let Some(original) = original else {
            return Self {
                original: received_at,
                timestamp: received_at,
                suspect: false,
            };
        };
        let ahead = original.0 - received_at.0 > FUTURE_MS * 1000;
        let mut suspect = original < YEAR_2000 || ahead;
        let timestamp = match sent_at {
            None => original,
            Some(sent_at) => {
                let waited = sent_at.0 - original.0;
                suspect |= !(0..=QUEUED_MS * 1000).contains(&waited);
                Timestamp((received_at.0 - waited.max(0)).clamp(FIRST, LAST))
            }
        };
        Self {
            original,
            timestamp,
            suspect,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn reads_the_forms_that_clients_send() {
        for (text, written) in [
            ("2026-01-02T03:04:05.006Z", "2026-01-02T03:04:05.006Z"),
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"),
            (
                "2026-01-02T03:04:05.123456+00:00",
                "2026-01-02T03:04:05.123456Z",
            ),
            ("2026-01-02T03:04:05.123+00:00", "2026-01-02T03:04:05.123Z"),
            ("2026-01-02T03:04:05.1-02:30", "2026-01-02T05:34:05.100Z"),
            ("2024-02-29T23:59:60Z", "2024-02-29T23:59:59.000Z"),
            ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
            (
                "2026-01-02T03:04:05.123456789Z",
                "2026-01-02T03:04:05.123456Z",
            ),
        ] {
            assert_eq!(at(text).to_string(), written);
        }
    }

    #[test]
    fn anything_else_is_no_time() {
        for text in [
            "",
            "now",
            "1767323045006",
            "2026-01-02",
            "2026-01-02T03:04:05",
            "2026-13-02T03:04:05Z",
            "2026-02-29T03:04:05Z",
            "2026-01-02T24:04:05Z",
            "2026-01-02T03:04:05.Z",
            "2026-01-02T03:04:05+0100",
            "2026-01-02T03:04:05Zulu",
            "2026-01-02T03:04:05é",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_wrong_clock_is_corrected_by_the_time_it_waited() {
        let received = at("2026-01-02T12:00:00.000Z");
        let times = Times::correct(
            Some(at("2026-01-02T03:00:00.000Z")),
            Some(at("2026-01-02T03:00:10.000Z")),
            received,
        );
        assert_eq!(times.timestamp, at("2026-01-02T11:59:50.000Z"));
        assert!(!times.suspect);
    }

    #[test]
    fn clocks_that_cannot_be_right_are_suspect() {
        let received = at("2026-01-02T12:00:00.000Z");
        for (original, sent) in [
            ("1999-12-31T23:59:59Z", None),
            ("2026-01-02T12:05:00.001Z", None),
            ("2026-01-02T11:00:00Z", Some("2026-01-02T10:59:59Z")),
            ("2025-11-01T11:00:00Z", Some("2026-01-02T11:00:00Z")),
        ] {
            let times = Times::correct(Some(at(original)), sent.map(at), received);
            assert!(times.suspect, "{original}");
        }
        let edge = Times::correct(Some(at("2026-01-02T12:05:00Z")), None, received);
        assert!(!edge.suspect);
    }

    #[test]
    fn every_day_of_ten_thousand_years_has_its_date() {
        let first = days_before(0, 1, 1);
        for day in 0..=3_652_424 {
            let (year, month, of_month) = date_of(day);
            let (year, month) = (i64::from(year), i64::from(month));
            let days = i64::from(of_month);
            assert!((1..=12).contains(&month) && (1..=days_in(year, month)).contains(&days));
            assert_eq!(days_before(year, month, days), first + i64::from(day));
        }
        assert_eq!(date_of(3_652_424), (9999, 12, 31));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(micros in FIRST..=LAST) {
            let moment = Timestamp(micros);
            prop_assert_eq!(Timestamp::parse(&moment.to_string()), Some(moment));
        }

        #[test]
        fn a_text_that_can_stay_is_the_one_that_would_be_written(
            text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9][.,][0-9]{3}[Zz]",
            place in 0..24_usize,
            other in proptest::option::weighted(0.3, "[ -~]"),
        ) {
            let mut text = text;
            text.replace_range(place..place + usize::from(other.is_some()), other.as_deref().unwrap_or(""));
            let stays = Timestamp::parse(&text).filter(|moment| moment.to_string() == text);
            prop_assert_eq!(Timestamp::as_written(&text), stays);
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = Timestamp::parse(&text);
        }
    }
}
