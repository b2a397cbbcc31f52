//! Texts, and numbers as texts: what ids may be.

/// A JSON string's text.
pub(crate) fn text_of(value: &str) -> Option<String> {
    serde_json::from_str(value).ok()
}

/// A JSON string's text or a number's decimal text: `45.0` and `4.5e1` are `45`. Exact,
/// digit by digit: a float between would give somebody else's id to a long one.
pub(crate) fn scalar(value: &str) -> Option<String> {
    if value.starts_with('"') {
        return text_of(value);
    }
    let (sign, size) = match value.strip_prefix('-') {
        Some(size) => ("-", size),
        None => ("", value),
    };
    if !size.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (mantissa, exponent) = size.split_once(['e', 'E']).unwrap_or((size, "0"));
    let exponent: i32 = exponent.parse().ok()?;
    if exponent.abs() > LARGEST_EXPONENT {
        return None;
    }
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = format!("{whole}{fraction}");
    let point = i32::try_from(whole.len()).ok()? + exponent;
    if point < 1 {
        let zeros = usize::try_from(1 - point).ok()?;
        digits.insert_str(0, &"0".repeat(zeros));
    }
    let point = usize::try_from(point.max(1)).ok()?;
    while digits.len() < point {
        digits.push('0');
    }
    let (whole, fraction) = digits.split_at_checked(point)?;
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let text = match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    };
    Some(if text == "0" {
        text
    } else {
        format!("{sign}{text}")
    })
}

/// A number with a larger exponent is nobody's id, and would be many digits.
const LARGEST_EXPONENT: i32 = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_its_decimal_text_exactly() {
        for (number, text) in [
            ("45", "45"),
            ("45.0", "45"),
            ("4.5e1", "45"),
            ("45.50", "45.5"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("-7", "-7"),
            ("0.5e-2", "0.005"),
            ("1e3", "1000"),
            ("12345678901234567.0", "12345678901234567"),
            ("9007199254740993e0", "9007199254740993"),
            ("0.99999999999999999", "0.99999999999999999"),
        ] {
            assert_eq!(scalar(number).as_deref(), Some(text), "{number}");
        }
        for odd in [
            "1e31",
            "1e-31",
            "1e99999999999",
            "true",
            "null",
            "[1]",
            "{}",
        ] {
            assert_eq!(scalar(odd), None, "{odd}");
        }
    }
}
