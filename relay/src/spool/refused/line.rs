//! One refused event as a line: Firehose's error record ("Data transformation failure", *Handle
//! failure in data transformation*), with a position and a checksum behind.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Refused;

const POSITION: &[u8] = b",\"position\":";
const CHECKSUM: &[u8] = b",\"crc32\":\"";
const END: &[u8] = b"\"}\n";

/// Appends the line of this event, its end included.
pub fn encode(event: &Refused, now_ms: u64, out: &mut Vec<u8>) {
    let start = out.len();
    let head = format!(
        "{{\"attemptsMade\":{},\"arrivalTimestamp\":{},\"errorCode\":{},\"errorMessage\":{},\
         \"attemptEndingTimestamp\":{now_ms},\"rawData\":\"",
        event.attempts,
        event.received_at,
        quoted(&event.code),
        quoted(&event.message),
    );
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(STANDARD.encode(&event.line).as_bytes());
    out.push(b'"');
    out.extend_from_slice(POSITION);
    out.extend_from_slice(event.position.to_string().as_bytes());
    let checksum = crc32fast::hash(out.get(start..).unwrap_or_default());
    out.extend_from_slice(CHECKSUM);
    out.extend_from_slice(format!("{checksum:08x}").as_bytes());
    out.extend_from_slice(END);
}

/// The position that a line says, if it is whole.
pub fn position(line: &[u8]) -> Option<u64> {
    let (line, checksum) = line.strip_suffix(END)?.split_last_chunk::<8>()?;
    let checked = line.strip_suffix(CHECKSUM)?;
    let checksum = u32::from_str_radix(std::str::from_utf8(checksum).ok()?, 16).ok()?;
    if crc32fast::hash(checked) != checksum {
        return None;
    }
    let digits = checked
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit());
    let (before, digits) = checked.split_at(checked.len() - digits.count());
    before.strip_suffix(POSITION)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// A JSON string (RFC 8259, section 7).
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            // Writing to a String cannot fail.
            '\0'..' ' => drop(write!(quoted, "\\u{:04x}", u32::from(character))),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Vec<u8> {
        let event = Refused {
            position: 17,
            received_at: 1_767_322_985_006,
            line: "{\"a\":\"\u{e9}\"}".into(),
            attempts: 12,
            code: "InternalFailure".into(),
            message: "said \"no\"\\\n\u{1}\u{e9}".into(),
        };
        let mut out = Vec::new();
        encode(&event, 1_767_322_999_000, &mut out);
        out
    }

    #[test]
    fn it_is_awss_error_record_in_its_order_with_position_and_checksum_behind() {
        let text = String::from_utf8(line()).unwrap();
        let data = STANDARD.encode("{\"a\":\"\u{e9}\"}");
        let wanted = format!(
            "{{\"attemptsMade\":12,\"arrivalTimestamp\":1767322985006,\"errorCode\":\"InternalFailure\",\
             \"errorMessage\":\"said \\\"no\\\"\\\\\\u000a\\u0001\u{e9}\",\
             \"attemptEndingTimestamp\":1767322999000,\"rawData\":\"{data}\",\"position\":17,\"crc32\":\""
        );
        assert!(text.starts_with(&wanted), "{text}\n{wanted}");
        assert_eq!(text.len(), wanted.len() + 8 + 3);
    }

    #[test]
    fn a_line_is_whole_or_none() {
        let line = line();
        assert_eq!(position(&line), Some(17));
        for cut in 0..line.len() {
            assert_eq!(position(&line[..cut]), None, "{cut}");
        }
        for at in 0..line.len() {
            let mut broken = line.clone();
            broken[at] ^= 1;
            assert_eq!(position(&broken), None, "{at}");
        }
    }
}
