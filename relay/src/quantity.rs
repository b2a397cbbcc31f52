//! Sizes (`1GiB`) and times (`0.5` seconds) as people write them, on a command line and in a file.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A number of bytes, written `1GiB`, `500KiB`, `4MiB`, `1GB` or plainly `1048576`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// A length of time, written in seconds; fractions are welcome (`0.25`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub Duration);

/// Why a size or a time could not be read; says what would have been right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuantity {
    /// Not a size.
    #[error("write a size in bytes or with a unit, such as 64MiB or 1GiB")]
    Size,
    /// Not a time.
    #[error("write seconds from 0 to 31622400 (a year), such as 10 or 0.5")]
    Seconds,
}

/// Unit names with their bytes; the binary ones first, because they are what disks and limits use.
const UNITS: [(&str, u64); 8] = [
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("b", 1),
];

const YEAR: f64 = 366.0 * 86_400.0;

impl FromStr for Size {
    type Err = InvalidQuantity;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim().to_ascii_lowercase();
        let (number, unit) = UNITS
            .iter()
            .find_map(|(name, bytes)| Some((text.strip_suffix(name)?, *bytes)))
            .unwrap_or((&text, 1));
        let number: u64 = number.trim().parse().map_err(|_| InvalidQuantity::Size)?;
        number
            .checked_mul(unit)
            .map(Self)
            .ok_or(InvalidQuantity::Size)
    }
}

impl FromStr for Seconds {
    type Err = InvalidQuantity;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let number = text.strip_suffix('s').unwrap_or(text).trim_end();
        Self::from_number(number.parse().map_err(|_| InvalidQuantity::Seconds)?)
    }
}

impl Seconds {
    fn from_number(seconds: f64) -> Result<Self, InvalidQuantity> {
        if (0.0..=YEAR).contains(&seconds) {
            Ok(Self(Duration::from_secs_f64(seconds)))
        } else {
            Err(InvalidQuantity::Seconds)
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, bytes) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
            if self.0 >= bytes && self.0.is_multiple_of(bytes) {
                return write!(f, "{}{name}", self.0 / bytes);
            }
        }
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_secs_f64())
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Size;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size such as \"1GiB\", or a number of bytes")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Size, E> {
                text.parse().map_err(E::custom)
            }
            fn visit_i64<E: Error>(self, bytes: i64) -> Result<Size, E> {
                let bytes = u64::try_from(bytes).map_err(|_| InvalidQuantity::Size);
                bytes.map(Size).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Bytes)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Time;
        impl Visitor<'_> for Time {
            type Value = Seconds;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("seconds, such as 10 or 0.5")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Seconds, E> {
                text.parse().map_err(E::custom)
            }
            fn visit_f64<E: Error>(self, seconds: f64) -> Result<Seconds, E> {
                Seconds::from_number(seconds).map_err(E::custom)
            }
            fn visit_i64<E: Error>(self, seconds: i64) -> Result<Seconds, E> {
                let seconds = u32::try_from(seconds).map_err(|_| InvalidQuantity::Seconds);
                let seconds = seconds.map(f64::from).and_then(Seconds::from_number);
                seconds.map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_and_without_units() {
        for (text, bytes) in [
            ("1GiB", 1 << 30),
            ("500 KiB", 500 << 10),
            ("4mib", 4 << 20),
            ("1GB", 1_000_000_000),
            ("1048576", 1 << 20),
            ("12b", 12),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for text in ["", "GiB", "1.5GiB", "-1", "99999999999TiB", "1XB"] {
            assert_eq!(text.parse::<Size>(), Err(InvalidQuantity::Size), "{text}");
        }
    }

    #[test]
    fn seconds_may_be_fractions_but_not_nonsense() {
        assert_eq!("0.25".parse(), Ok(Seconds(Duration::from_millis(250))));
        assert_eq!("10s".parse(), Ok(Seconds(Duration::from_secs(10))));
        for text in ["", "-1", "NaN", "inf", "1e30", "soon"] {
            assert_eq!(
                text.parse::<Seconds>(),
                Err(InvalidQuantity::Seconds),
                "{text}"
            );
        }
    }

    #[test]
    fn a_size_is_shown_in_its_largest_whole_unit() {
        assert_eq!(Size(1 << 30).to_string(), "1GiB");
        assert_eq!(Size(500 << 10).to_string(), "500KiB");
        assert_eq!(Size(1_000).to_string(), "1000");
    }
}
