//! An object: its name, the bytes of one record in it, and names that a disk reads right.

use crate::config::StreamConfig;
use jiff::ZonedDateTime;
use std::fmt::Write;

/// Appends a delivered record and its delimiter to an object's bytes.
pub fn data_line(data: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(data);
    out.push(b'\n');
}

/// The part of a key after the prefix: `clickstream-1-2026-01-02-03-04-05-<uuid>`.
pub(crate) fn suffix(config: &StreamConfig, time: &ZonedDateTime, random: [u8; 16]) -> String {
    let mut out = format!("{}-{}-", config.name, config.version);
    let _ = write!(
        out,
        "{:04}-{:02}-{:02}-{:02}-{:02}-{:02}-",
        time.year(),
        time.month(),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    );
    uuid_into(random, &mut out);
    out
}

/// A version 4 UUID of the random bytes given.
fn uuid_into(mut bytes: [u8; 16], out: &mut String) {
    bytes[6] = bytes[6] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        let _ = write!(out, "{byte:02x}");
    }
}

/// The longest name of a file or folder that the usual disks take, in bytes.
pub(crate) const LONGEST_NAME: usize = 255;

/// Appends text with `%XX` for what a disk, or a reader of `key=value` folders, would take for
/// something else. `%` itself is among them, so that no two values share a folder. In a literal
/// part of a prefix `/` and `=` keep their meaning.
pub(crate) fn escape_into(text: &str, literal: bool, out: &mut String) {
    for (at, character) in text.char_indices() {
        let last = at + character.len_utf8() == text.len();
        let plain = match character {
            '/' | '=' => literal,
            '\0'..='\x1F' | '\x7F' => false,
            '"' | '#' | '%' | '\'' | '*' | ':' | '?' | '\\' | '{' | '[' | ']' | '^' | '<' | '>'
            | '|' => false,
            // At the ends: Windows drops them, and `..` must never climb.
            '.' | ' ' => literal || !(last || at == 0),
            _ => true,
        };
        if plain {
            out.push(character);
        } else {
            let _ = write!(out, "%{:02X}", u32::from(character));
        }
    }
}

/// Makes a whole key safe to join to a folder: no segment is empty, `.` or `..`.
pub(crate) fn settle(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    for (number, segment) in key.split('/').enumerate() {
        if number > 0 {
            out.push('/');
        }
        out.push_str(match segment {
            "" => "%2F",
            "." => "%2E",
            ".." => "%2E%2E",
            other => other,
        });
    }
    out
}
