//! Prefixes evaluated at known moments.

use super::*;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

/// 2 January 2026, 03:04:05.006 UTC: a Friday.
const MOMENT: i64 = 1_767_323_045_006;

fn at(prefix: &str, which: Which, ms: i64, zone: &str) -> String {
    let time = Timestamp::from_millisecond(ms)
        .unwrap()
        .to_zoned_datetime(TimeZone::get(zone).unwrap());
    let mut values = Values::default();
    values.push("45");
    let facts = Facts {
        time: &time,
        names: &["userId".to_owned()],
        values: &values,
        error_output_type: "processing-failed",
    };
    Prefix::parse(prefix, which)
        .unwrap()
        .evaluate(&facts, &mut || [7; 16])
        .key
}

fn data(prefix: &str) -> String {
    at(prefix, Which::Data, MOMENT, "UTC")
}

#[test]
fn a_prefix_without_expressions_gets_the_date() {
    assert_eq!(data(""), "2026/01/02/03/");
    assert_eq!(data("legacy"), "legacy2026/01/02/03/");
    assert_eq!(data("legacy/"), "legacy/2026/01/02/03/");
    assert_eq!(
        at("errors-", Which::Error, MOMENT, "UTC"),
        "errors-processing-failed/2026/01/02/03/"
    );
}

#[test]
fn a_prefix_with_any_expression_gets_nothing() {
    assert_eq!(data("u=!{partitionKeyFromQuery:userId}/"), "u=45/");
    assert_eq!(
        at(
            "e/!{firehose:error-output-type}/",
            Which::Error,
            MOMENT,
            "UTC"
        ),
        "e/processing-failed/"
    );
    assert_eq!(data("a!{timestamp:yyyy}b"), "a2026b");
}

#[test]
fn patterns_are_javas() {
    for (pattern, text) in [
        ("yyyy/MM/dd/HH", "2026/01/02/03"),
        ("yy", "26"),
        ("y-M-d", "2026-1-2"),
        ("uuuu", "2026"),
        ("MMM", "Jan"),
        ("MMMM", "January"),
        ("MMMMM", "J"),
        ("LL", "01"),
        ("D", "2"),
        ("DDD", "002"),
        ("kk KK hh a", "03 03 03 AM"),
        ("mm:ss", "04%3A05"),
        ("SSS", "006"),
        ("SSSSSSSSS", "006000000"),
        ("n", "6000000"),
        ("A", "11045006"),
        ("N", "11045006000000"),
        ("E", "Fri"),
        ("EEEE", "Friday"),
        ("e", "6"),
        ("Q", "1"),
        ("QQ", "01"),
        ("QQQ", "Q1"),
        ("QQQQ", "1st quarter"),
        ("X", "Z"),
        ("x", "+00"),
        ("xx", "+0000"),
        ("xxx", "+00%3A00"),
        ("O", "GMT"),
        ("OOOO", "GMT"),
        ("G", "AD"),
        ("GGGG", "Anno Domini"),
        ("GGGGG", "A"),
        ("YYYY-ww", "2026-01"),
        ("YY w W", "26 1 1"),
        ("c", "6"),
        ("ccc", "Fri"),
        ("g", "61042"),
        ("Z", "+0000"),
        ("'year'yyyy", "year2026"),
        ("''yyyy", "%272026"),
        ("'it''s'", "it%27s"),
        ("yyyy年", "2026年"),
    ] {
        assert_eq!(
            data(&format!("!{{timestamp:{pattern}}}")),
            text,
            "{pattern}"
        );
    }
}

#[test]
fn midnight_and_noon_in_all_four_clocks() {
    let midnight = MOMENT - 11_045_006;
    let clocks = "!{timestamp:HH kk KK hh a}";
    assert_eq!(at(clocks, Which::Data, midnight, "UTC"), "00 24 00 12 AM");
    let noon = midnight + 12 * 3_600_000;
    assert_eq!(at(clocks, Which::Data, noon, "UTC"), "12 12 00 12 PM");
}

#[test]
fn the_zone_moves_the_date() {
    let date = "!{timestamp:yyyy-MM-dd HH XXX}";
    assert_eq!(
        at(date, Which::Data, MOMENT, "America/New_York"),
        "2026-01-01 22 -05%3A00"
    );
    assert_eq!(
        at(date, Which::Data, MOMENT, "Asia/Kolkata"),
        "2026-01-02 08 +05%3A30"
    );
    let offsets = "!{timestamp:x_xxx_O_OOOO}";
    assert_eq!(
        at(offsets, Which::Data, MOMENT, "Asia/Kolkata"),
        "+0530_+05%3A30_GMT+5%3A30_GMT+05%3A30"
    );
    assert_eq!(
        at(offsets, Which::Data, MOMENT, "America/New_York"),
        "-05_-05%3A00_GMT-5_GMT-05%3A00"
    );
    let offsets = "!{timestamp:X_XX_Z_ZZZZ}";
    assert_eq!(
        at(offsets, Which::Data, MOMENT, "Asia/Tokyo"),
        "+09_+0900_+0900_GMT+09%3A00"
    );
}

/// As `DateTimeFormatter` prints them for the US: the week with 1 January in it is the first.
#[test]
fn weeks_begin_on_sunday_and_belong_to_one_year() {
    const DAY: i64 = 86_400_000;
    let week = "!{timestamp:YYYY-ww W}";
    for (days_after_friday, text) in [
        (-6, "2025-52 4"), // Saturday, 27 December 2025
        (-5, "2026-01 5"), // Sunday, 28 December 2025
        (-2, "2026-01 5"), // 31 December 2025
        (-1, "2026-01 1"), // Thursday, 1 January 2026
        (1, "2026-01 1"),
        (2, "2026-02 2"),   // Sunday, 4 January
        (360, "2027-01 5"), // Monday, 28 December 2026: Friday is in 2027
    ] {
        let moment = MOMENT + days_after_friday * DAY;
        assert_eq!(
            at(week, Which::Data, moment, "UTC"),
            text,
            "{days_after_friday}"
        );
    }
}

#[test]
fn what_java_has_no_form_for_is_refused() {
    for pattern in ["cc", "OO", "WW", "www", "aa", "GGGGGG", "ddd"] {
        let prefix = format!("!{{timestamp:{pattern}}}");
        assert_eq!(
            Prefix::parse(&prefix, Which::Data),
            Err(PrefixError::Value("Prefix")),
            "{pattern}"
        );
    }
}

#[test]
fn random_strings_differ_in_one_prefix() {
    let prefix = Prefix::parse(
        "!{firehose:random-string}/!{firehose:random-string}",
        Which::Data,
    )
    .unwrap();
    let time = Timestamp::UNIX_EPOCH.to_zoned_datetime(TimeZone::UTC);
    let facts = Facts {
        time: &time,
        names: &[],
        values: &Values::default(),
        error_output_type: "",
    };
    let mut next = 0_u8;
    let evaluated = prefix.evaluate(&facts, &mut || {
        next += 1;
        [next; 16]
    });
    let (first, second) = evaluated.key.split_once('/').unwrap();
    assert_ne!(first, second);
    for text in [first, second] {
        assert_eq!(text.len(), 11);
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}

proptest! {
    /// Nothing that is given as a prefix ends the process.
    #[test]
    fn any_text_is_read_or_refused(text in "(!\\{|timestamp:|firehose:|[a-zA-Z'{}:/]|\u{e9}){0,12}") {
        if let Ok(prefix) = Prefix::parse(&text, Which::Data) {
            prefix.least_characters();
        }
    }
}
