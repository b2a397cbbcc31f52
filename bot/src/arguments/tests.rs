//! Every argument that can be wrong is explained.

use super::*;

fn plan(line: &str) -> Result<Plan, Impossible> {
    let words = std::iter::once("clickstream-bot").chain(line.split_whitespace());
    Arguments::try_parse_from(words).unwrap().plan()
}

fn direct(line: &str) -> Direct {
    match plan(line).unwrap() {
        Plan::Direct(direct) => direct,
        Plan::Browse(_) => panic!("{line} browses"),
    }
}

fn impossible(line: &str) -> String {
    plan(line).unwrap_err().to_string()
}

#[test]
fn ten_actions_two_seconds_browse_the_demo() {
    let Plan::Browse(browse) = plan("10 2").unwrap() else {
        panic!()
    };
    assert_eq!(browse.count, Some(10));
    assert_eq!(browse.pace, Pace::Pause(std::time::Duration::from_secs(2)));
    assert_eq!(browse.url.as_str(), DEMO);
    assert_eq!(browse.visitors, 1);
}

#[test]
fn without_a_count_it_goes_on() {
    assert_eq!(direct("--direct").count, None);
    let Plan::Browse(browse) = plan("").unwrap() else {
        panic!()
    };
    assert_eq!(browse.count, None);
    assert_eq!(browse.pace, Pace::Pause(std::time::Duration::from_secs(2)));
}

#[test]
fn to_implies_direct_and_a_seed_fixes_the_trial_runs_clock() {
    assert_eq!(direct("10 2 --to stdout").start, None);
    let fixed = direct("10 2 --to stdout --seed 1").start.unwrap();
    assert_eq!(fixed.to_string(), "2026-01-01T00:00:00.000Z");
    assert_eq!(direct("10 --direct --seed 1").start, None);
    assert_eq!(
        direct("10 --to stdout --start 2026-01-02T03:04:05Z")
            .start
            .unwrap()
            .to_string(),
        "2026-01-02T03:04:05.000Z"
    );
}

#[test]
fn the_demos_key_is_known_on_loopback_only() {
    for here in ["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9"] {
        assert_eq!(direct(&format!("1 --to {here}")).write_key, DEMO_KEY);
    }
    assert!(impossible("1 --to http://relay.example").contains("--write-key"));
    assert!(impossible("1 --direct --url http://shop.example").contains("--write-key"));
    assert_eq!(
        direct("1 --to http://relay.example --write-key k").write_key,
        "k"
    );
    assert!(impossible("1 --direct --write-key=").contains("empty"));
}

#[test]
fn what_cannot_be_done_is_explained() {
    for (line, says) in [
        ("0 2", "COUNT is 0"),
        ("-5 2", "COUNT is -5"),
        ("10 -1", "PAUSE_SECONDS is -1"),
        ("10 inf", "PAUSE_SECONDS is inf"),
        ("10 NaN", "PAUSE_SECONDS is NaN"),
        ("10 2 --direct --rate 5", "give one of them"),
        ("10 --direct --rate 0", "--rate is 0"),
        ("10 --direct --users 0", "such as --users 5"),
        ("10 --users 0", "--users is 0"),
        ("10 --visitors 0", "such as --visitors 5"),
        ("10 --direct --without-user-id 11", "more than COUNT 10"),
        ("--direct --without-user-id 1", "needs COUNT"),
        ("10 2 --without-user-id 1", "add --direct"),
        ("10 2 --print-status", "add --direct"),
        ("10 2 --start 2026-01-01T00:00:00Z", "add --direct"),
        ("10 --rate 5", "add --direct"),
        ("10 --direct --visitors 3", "--users"),
        ("10 --direct --patience -1", "--patience is -1"),
        ("10 --to https://relay.example", "http://"),
        ("10 --url ftp://shop.example", "http://"),
    ] {
        let text = impossible(line);
        assert!(text.contains(says), "{line}: {text}");
    }
}

#[test]
fn what_is_no_number_time_or_address_is_explained_by_name() {
    for (line, name, example) in [
        ("ten 2", "'[COUNT]'", "such as 10"),
        ("1.5 2", "'[COUNT]'", "a whole number"),
        ("10 soon", "'[PAUSE_SECONDS]'", "such as 2 or 0.5"),
        ("10 2 --start tomorrow", "--start", "2026-01-02T03:04:05Z"),
        ("10 2 --to nowhere", "--to", "stdout, or"),
        ("10 2 --url nonsense", "--url", DEMO),
        ("10 2 --seed x", "--seed", "such as 7"),
        ("10 2 --seed -1", "--seed", "from 0"),
        ("10 2 --users 4294967296", "--users", "to 4294967295"),
        ("10 2 --users -1", "--users", "such as 100"),
        ("10 2 --visitors many", "--visitors", "such as 5"),
        ("10 --rate fast", "--rate", "such as 50"),
        ("10 --without-user-id -1", "--without-user-id", "such as 3"),
        ("10 --patience none", "--patience", "such as 60"),
    ] {
        let words = std::iter::once("clickstream-bot").chain(line.split_whitespace());
        let text = Arguments::try_parse_from(words).unwrap_err().to_string();
        assert!(text.contains(name), "{line}: {text}");
        assert!(text.contains(example), "{line}: {text}");
    }
}
