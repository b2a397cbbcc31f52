//! Numbers as jq 1.6 prints them, because a number becomes a folder's name.

/// A JSON number that every way of reading takes for the same integer, and that is printed as it
/// is written: at most 15 digits, so that it is exact as an `f64`, and no minus zero.
pub(crate) fn plain_integer(json: &[u8]) -> Option<isize> {
    let (negative, digits) = match json {
        [b'-', b'0'] => return None,
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 15 {
        return None;
    }
    let mut value: i64 = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(digit - b'0');
    }
    isize::try_from(if negative { -value } else { value }).ok()
}

/// The text that jq 1.6 prints for a JSON number: through an `f64`, shortest digits that read
/// back, and an exponent only where jq writes one.
pub(crate) fn print(json: &str) -> String {
    let value: f64 = json.parse().unwrap_or(0.0);
    // jq has no infinity: it prints the largest number instead.
    let value = value.clamp(f64::MIN, f64::MAX);
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    if exponent <= -5 || exponent >= count + 15 {
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        return format!(
            "{sign}{mantissa}e{exponent_sign}{:02}",
            exponent.unsigned_abs()
        );
    }
    format!("{sign}{}", plain(&digits, exponent))
}

/// Digits with the point after the first one moved by `exponent`, written without exponent.
fn plain(digits: &str, exponent: i32) -> String {
    let Ok(point) = usize::try_from(exponent + 1) else {
        let zeros = usize::try_from(-(exponent + 1)).unwrap_or(0);
        return format!("0.{}{digits}", "0".repeat(zeros));
    };
    if point == 0 {
        return format!("0.{digits}");
    }
    match digits.split_at_checked(point) {
        Some((whole, "")) => whole.to_owned(),
        Some((whole, fraction)) => format!("{whole}.{fraction}"),
        None => format!("{digits}{}", "0".repeat(point - digits.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::print;

    /// Each pair was printed by jq 1.6 (`echo NUMBER | jq .`).
    const MEASURED: &[(&str, &str)] = &[
        ("0", "0"),
        ("45", "45"),
        ("45.0", "45"),
        ("1e3", "1000"),
        ("1.10", "1.1"),
        ("9007199254740993", "9007199254740992"),
        ("100000000000000000000", "1e+20"),
        ("-0", "-0"),
        ("1E400", "1.7976931348623157e+308"),
        ("-1E400", "-1.7976931348623157e+308"),
        ("1e16", "1e+16"),
        ("1e17", "1e+17"),
        ("12345678901234567890", "12345678901234567000"),
        ("1e-4", "0.0001"),
        ("1e-5", "1e-05"),
        ("1.5e-7", "1.5e-07"),
        ("0.00001234", "1.234e-05"),
        ("123.456", "123.456"),
        ("1e15", "1000000000000000"),
        ("1.5e300", "1.5e+300"),
        ("5e-324", "5e-324"),
        ("0.1", "0.1"),
        ("-45.50", "-45.5"),
        ("2.5e-5", "2.5e-05"),
        ("0.0001", "0.0001"),
        ("3.0e0", "3"),
        ("12e16", "1.2e+17"),
        ("12e15", "12000000000000000"),
    ];

    #[test]
    fn as_jq_1_6_prints_them() {
        for (json, printed) in MEASURED {
            assert_eq!(print(json), *printed, "{json}");
        }
    }
}
