//! A refused event without its secrets: write keys and user tokens are never written down.
//!
//! Refused events break rules, so they are read loosely: strings, brackets and what stands around
//! them. Where even that does not hold, nobody can say what is a key and what a value.

/// The members whose values are secrets, wherever they stand: some SDKs put a key into every event,
/// and who sends a batch to a route for one event has them one level down.
const SECRETS: [&str; 2] = ["writeKey", "userToken"];

/// What stands for a secret.
const REMOVED: &[u8] = b"\"(removed)\"";

/// An event's bytes, read loosely.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Loose {
    /// The bytes as they came but for the secrets; none where secrets cannot be told apart.
    pub bytes: Option<Vec<u8>>,
    /// The event's own write key.
    pub write_key: Option<String>,
}

impl Loose {
    /// Reads `raw`.
    #[must_use]
    pub fn read(raw: &[u8]) -> Self {
        let mut write_key = None;
        let bytes = without_secrets(raw, &mut write_key);
        // From bytes that make no sense no sender is read either.
        let write_key = write_key.filter(|_| bytes.is_some());
        Self { bytes, write_key }
    }
}

fn without_secrets(raw: &[u8], write_key: &mut Option<String>) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(raw.len());
    let mut open = Vec::new();
    let mut before = None;
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        if byte != b'"' {
            bracket(byte, &mut open)?;
            out.push(byte);
            at += 1;
            if !byte.is_ascii_whitespace() {
                before = Some(byte);
            }
            continue;
        }
        // A quote in the middle of something else would turn keys and values inside out.
        if !matches!(before, None | Some(b'{' | b'[' | b',' | b':')) {
            return None;
        }
        let end = string_end(raw, at)?;
        let next = after_space(raw, end);
        if !matches!(raw.get(next), None | Some(b':' | b',' | b'}' | b']')) {
            return None;
        }
        out.extend_from_slice(raw.get(at..end)?);
        before = Some(b'"');
        if raw.get(next) == Some(&b':')
            && let Some(name) = text(raw.get(at..end)?)
            && SECRETS.contains(&&*name)
        {
            let start = after_space(raw, next + 1);
            let value_end = value_end(raw, start)?;
            out.push(b':');
            out.extend_from_slice(REMOVED);
            if name == "writeKey" && open.len() == 1 && write_key.is_none() {
                *write_key = text(raw.get(start..value_end)?);
            }
            at = value_end;
        } else {
            at = end;
        }
    }
    open.is_empty().then_some(out)
}

/// Opens or closes a bracket; none where it closes another one.
fn bracket(byte: u8, open: &mut Vec<u8>) -> Option<()> {
    match byte {
        b'{' => open.push(b'}'),
        b'[' => open.push(b']'),
        b'}' | b']' if open.pop() != Some(byte) => return None,
        _ => {}
    }
    Some(())
}

fn after_space(raw: &[u8], mut at: usize) -> usize {
    while raw.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

/// Past the closing quote of the string at `at`.
fn string_end(raw: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += 1;
        match raw.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 1,
            _ => {}
        }
    }
}

/// Past the value at `at`, which must be one.
fn value_end(raw: &[u8], mut at: usize) -> Option<usize> {
    let mut open = Vec::new();
    loop {
        match *raw.get(at)? {
            b'"' => at = string_end(raw, at)?,
            b',' | b':' | b'}' | b']' if open.is_empty() => return None,
            byte => {
                bracket(byte, &mut open)?;
                at += 1;
                let in_word =
                    |byte: u8| !byte.is_ascii_whitespace() && !b",:{}[]\"".contains(&byte);
                while in_word(byte) && raw.get(at).copied().is_some_and(in_word) {
                    at += 1;
                }
            }
        }
        if open.is_empty() {
            return Some(at);
        }
    }
}

fn text(quoted: &[u8]) -> Option<String> {
    serde_json::from_slice(quoted).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(raw: &str) -> Option<String> {
        let bytes = Loose::read(raw.as_bytes()).bytes;
        bytes.map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn secrets_are_removed_however_they_are_written() {
        for raw in [
            r#"{"writeKey":"sk","a":1}"#,
            r#"{"write\u004bey" : "sk" , "a":1}"#,
            r#"{"userToken":["sk",{"b":"sk"}],"a":1}"#,
            r#"{"userToken":"s\"k,\"sk","a":1}"#,
            r#"{"writeKey":sk,"userToken":"sk"}"#,
            r#"{"writeKey":"sk","writeKey":"sk"}"#,
            r#"{"batch":[{"writeKey":"sk"}]}"#,
        ] {
            let kept = kept(raw).unwrap();
            assert!(!kept.contains("sk") && kept.contains("(removed)"), "{kept}");
        }
    }

    #[test]
    fn the_rest_is_kept_as_it_came() {
        for raw in [
            r#" {"a" : 1e999, "b":"writeKey","c":["userToken"],"\ud800":"\\"} "#,
            r#""text""#,
            "nonsense",
            "",
        ] {
            assert_eq!(kept(raw).as_deref(), Some(raw));
        }
        let no_text = b"{\"a\":\"\xff\"}";
        assert_eq!(Loose::read(no_text).bytes.as_deref(), Some(&no_text[..]));
    }

    #[test]
    fn where_keys_cannot_be_told_from_values_nothing_is_kept() {
        for raw in [
            r#"{"writeKey":"sk"#,
            r#"{"writeKey":}"#,
            r#"{"a":[[},"writeKey":"sk"]"#,
            r#"{"a":x"y, "writeKey":"sk" z"}"#,
            r#"{"a":"b" "writeKey":"sk"}"#,
            r#"{"a":"b"writeKey":"sk"}"#,
            r#"{"a":1"#,
        ] {
            assert_eq!(Loose::read(raw.as_bytes()), Loose::default(), "{raw}");
        }
    }

    #[test]
    fn an_event_says_its_own_key_even_where_it_breaks_a_rule() {
        for (raw, key) in [
            (r#"{"type":"zzz","writeKey":"bk"}"#, Some("bk")),
            ("{\"writeKey\":\"bk\",\"a\":1e999}", Some("bk")),
            (r#"{"a":{"writeKey":"bk"}}"#, None),
            (r#"{"writeKey":7}"#, None),
        ] {
            assert_eq!(
                Loose::read(raw.as_bytes()).write_key.as_deref(),
                key,
                "{raw}"
            );
        }
    }
}
