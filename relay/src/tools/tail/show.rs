//! A line an event, for people or for programs. Every text is a stranger's: nothing in it moves the
//! cursor, colours the terminal or turns the writing round.

use std::fmt::Write as _;

use clickstream_event::time::Timestamp;
use serde::Deserialize;

use super::said::Said;

/// How lines are shown.
#[derive(Clone, Copy, Debug)]
pub struct Show {
    json: bool,
    color: bool,
}

/// What a line needs of an event.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Event {
    outcome: String,
    received_at: u64,
    durable_at: Option<u64>,
    delivered_at: Option<u64>,
    r#type: String,
    name: String,
    user_id: String,
    source: String,
    reason: String,
}

#[derive(Deserialize)]
struct Lagged {
    count: u64,
}

const RED: &str = "31";
const GREEN: &str = "32";
const DIM: &str = "2";
const BOLD: &str = "1";

impl Show {
    /// As JSON or for people, who may like colours.
    #[must_use]
    pub fn new(json: bool, color: bool) -> Self {
        Self { json, color }
    }

    /// The line for what was said; none where it is nothing to be shown.
    #[must_use]
    pub fn line(&self, said: &Said) -> Option<String> {
        match &*said.kind {
            "" if self.json => Some(quiet(&said.data, json_escape)),
            "" => {
                // What cannot be read is shown as it came.
                let event: Option<Event> = serde_json::from_str(&said.data).ok();
                let line = event.map(|event| self.event(&event));
                Some(line.unwrap_or_else(|| quiet(&said.data, escape)))
            }
            "lagged" if !self.json => {
                let lagged: Lagged = serde_json::from_str(&said.data).ok()?;
                let words = format!("… {} events were left out", lagged.count);
                Some(self.paint(DIM, &words))
            }
            _ => None,
        }
    }

    fn event(&self, event: &Event) -> String {
        let time = Timestamp::from_ms(i64::try_from(event.received_at).unwrap_or(i64::MAX));
        let time = time.to_string();
        let time = time.split_once('T').map_or(&*time, |(_, time)| time);
        let or_dash = |text: &str| match text {
            "" => "–".to_owned(),
            text => quiet(text, escape),
        };
        let user = match event.user_id.strip_prefix("visitor-") {
            Some(visitor) => format!("visitor {}", visitor.get(..6).unwrap_or(visitor)),
            None => event.user_id.clone(),
        };
        let (mark, end) = match &*event.outcome {
            "rejected" => (RED, quiet(&event.reason, escape)),
            "delivered" => (GREEN, stages(event)),
            _ => (DIM, stages(event)),
        };
        let fields = [
            self.paint(DIM, time),
            padded(&or_dash(&event.r#type), 8),
            self.paint(BOLD, &padded(&or_dash(&event.name), 28)),
            padded(&or_dash(&user), 16),
            padded(&or_dash(&event.source), 12),
            self.paint(mark, &end),
        ];
        fields.join("  ")
    }

    fn paint(&self, code: &str, text: &str) -> String {
        match self.color {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }
}

/// How long each stage took, as far as it was seen.
fn stages(event: &Event) -> String {
    let mut text = event.outcome.clone();
    let durable = event.durable_at;
    if let Some(at) = durable {
        let _ = write!(text, ": durable {}", span(at, event.received_at));
    }
    if let Some(at) = event.delivered_at {
        let since = durable.unwrap_or(event.received_at);
        let sep = if durable.is_some() { "," } else { ":" };
        let _ = write!(text, "{sep} delivered +{}", span(at, since));
    }
    text
}

fn span(end: u64, begin: u64) -> String {
    match end.saturating_sub(begin) {
        ms @ ..1000 => format!("{ms} ms"),
        ms => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
    }
}

fn padded(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length > width {
        let cut: String = text.chars().take(width - 1).collect();
        return format!("{cut}…");
    }
    format!("{text}{}", " ".repeat(width - length))
}

/// The text with what a terminal might obey written out.
fn quiet(text: &str, escape: fn(char) -> String) -> String {
    let mut quiet = String::with_capacity(text.len());
    for c in text.chars() {
        match obeyed(c) {
            true => quiet.push_str(&escape(c)),
            false => quiet.push(c),
        }
    }
    quiet
}

/// Controls, and what changes the direction of writing or is not seen.
fn obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn escape(c: char) -> String {
    format!("\\u{{{:x}}}", u32::from(c))
}

/// The relay's JSON has such characters within texts alone.
fn json_escape(c: char) -> String {
    format!("\\u{:04x}", u32::from(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: &str, data: &str) -> Said {
        Said {
            id: "1".to_owned(),
            kind: kind.to_owned(),
            data: data.to_owned(),
        }
    }

    fn plain(kind: &str, data: &str) -> Option<String> {
        Show::new(false, false).line(&said(kind, data))
    }

    #[test]
    fn an_event_is_a_line() {
        let data = r#"{"outcome":"delivered","receivedAt":1767323046000,"durableAt":1767323046003,
            "deliveredAt":1767323047300,"type":"track","name":"Order Completed","userId":"45","source":"shop"}"#;
        assert_eq!(
            plain("", data).unwrap(),
            "03:04:06.000Z  track     Order Completed               45                shop          \
             delivered: durable 3 ms, delivered +1.2 s"
        );
        let data =
            r#"{"outcome":"rejected","receivedAt":0,"reason":"unknown_type: $.type: is none"}"#;
        assert!(
            plain("", data)
                .unwrap()
                .ends_with("unknown_type: $.type: is none")
        );
        assert_eq!(plain("figures", "{}"), None);
        assert_eq!(
            plain("lagged", r#"{"count":7}"#).unwrap(),
            "… 7 events were left out"
        );
        let coloured = Show::new(false, true).line(&said("", data)).unwrap();
        assert!(coloured.contains("\u{1b}[31munknown_type"), "{coloured}");
    }

    #[test]
    fn a_strangers_text_commands_no_terminal() {
        let name = "\u{1b}]0;owned\u{7}\u{202e}\u{9b}31m\r\n";
        let data = serde_json::json!({"outcome": "stored", "receivedAt": 0, "name": name,
            "userId": name, "type": name, "source": name, "reason": name});
        let data = data.to_string();
        for show in [Show::new(false, false), Show::new(true, true)] {
            let line = show.line(&said("", &data)).unwrap();
            assert!(!line.chars().any(obeyed), "{line:?}");
        }
        let json = Show::new(true, false).line(&said("", &data)).unwrap();
        let again: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(again["name"], name);
        // What is no event is shown as it came, as quietly.
        assert_eq!(plain("", "\u{1b}{").unwrap(), "\\u{1b}{");
    }
}
