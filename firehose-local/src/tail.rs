//! `firehose-local tail`: what a running server delivers, as it does.

use serde_json::Value;
use std::io::Write;
use std::thread;
use std::time::Duration;

/// How often the server is asked.
const PAUSE: Duration = Duration::from_millis(500);

/// Prints objects and failed records until there is no server, no reader, or `rounds` are over.
pub fn run(url: &str, rounds: Option<u32>, out: &mut dyn Write) -> anyhow::Result<()> {
    let base = url.trim_end_matches('/');
    let mut number = 0;
    let mut round = 0;
    loop {
        let state = ask(&format!("{base}/state?after={number}"))
            .map_err(|error| anyhow::anyhow!("no firehose-local answers at {base}: {error}"))?;
        for line in lines(&state) {
            if writeln!(out, "{line}").is_err() {
                // Whoever read this has gone.
                return Ok(());
            }
        }
        out.flush()?;
        number = state["number"].as_u64().unwrap_or(number);
        round += 1;
        if rounds.is_some_and(|rounds| round >= rounds) {
            return Ok(());
        }
        thread::sleep(PAUSE);
    }
}

fn ask(url: &str) -> anyhow::Result<Value> {
    let text = ureq::get(url).call()?.body_mut().read_to_string()?;
    Ok(serde_json::from_str(&text)?)
}

/// A state's entries as lines, the oldest first.
fn lines(state: &Value) -> Vec<String> {
    let entries = |name: &str| state[name].as_array().cloned().unwrap_or_default();
    let objects = entries("objects").into_iter().rev().map(|one| {
        format!(
            "{} {} {}/{} {} records {} bytes",
            time(&one["at_ms"]),
            plain(&one["stream"]),
            plain(&one["bucket"]),
            plain(&one["key"]),
            one["records"],
            one["bytes"]
        )
    });
    let errors = entries("errors").into_iter().rev().map(|one| {
        format!(
            "{} {} failed: {}: {}",
            time(&one["at_ms"]),
            plain(&one["stream"]),
            plain(&one["message"]),
            plain(&one["payload"])
        )
    });
    objects.chain(errors).collect()
}

fn time(ms: &Value) -> String {
    let ms = ms.as_i64().unwrap_or_default();
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |time| time.to_string())
}

/// A text on one line, with nothing in it that a terminal would obey.
fn plain(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    text.chars()
        .flat_map(|letter| {
            let control = letter.is_control()
                || matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
            let escaped = control.then(|| letter.escape_unicode());
            let kept = (!control).then_some(letter);
            kept.into_iter().chain(escaped.into_iter().flatten())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_terminal_is_told_nothing_by_a_payload() {
        let state = json!({
            "objects": [
                {"at_ms": 2000, "stream": "s", "bucket": "raw", "key": "b", "records": 2, "bytes": 9},
                {"at_ms": 1000, "stream": "s", "bucket": "raw", "key": "a", "records": 1, "bytes": 4},
            ],
            "errors": [{"at_ms": 0, "stream": "s", "message": "no", "payload": "\u{1B}[2Ja\nb\u{202E}"}],
        });
        assert_eq!(
            lines(&state),
            [
                "1970-01-01T00:00:01Z s raw/a 1 records 4 bytes",
                "1970-01-01T00:00:02Z s raw/b 2 records 9 bytes",
                r"1970-01-01T00:00:00Z s failed: no: \u{1b}[2Ja\u{a}b\u{202e}",
            ]
        );
    }
}
