//! Numbers as jq 1.6 prints them, because a number becomes a folder's name.

/// The text that jq 1.6 prints for a JSON number: through an `f64`, shortest digits that read
/// back, and an exponent only where jq writes one.
pub(crate) fn print(json: &str) -> String {
    let value: f64 = json.parse().unwrap_or(0.0);
    print_f64(value)
}

/// As [`print`], for a number that is one already.
pub(crate) fn print_f64(value: f64) -> String {
    if value.is_nan() {
        return "null".into();
    }
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
    ];

    #[test]
    fn as_jq_1_6_prints_them() {
        for (json, printed) in MEASURED {
            assert_eq!(print(json), *printed, "{json}");
        }
    }
}
