//! An object: its name, and the bytes of one record in it.

use crate::config::StreamConfig;
use crate::disk_name::escape_into;
use jiff::ZonedDateTime;
use std::fmt::Write;

/// Appends a delivered record and its delimiter to an object's bytes.
pub fn data_line(data: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(data);
    out.push(b'\n');
}

/// The part of a key after the prefix, as S3 has it: `clickstream-1-2026-01-02-03-04-05-<uuid>`.
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
    out.push_str(config.extension());
    out
}

/// How long [`suffix`] is in bytes: name, version, time, UUID, extension.
pub(crate) fn suffix_length(config: &StreamConfig) -> usize {
    let mut extension = String::new();
    escape_into(config.extension(), true, &mut extension);
    format!("{}-{}-", config.name, config.version).len() + 20 + 36 + extension.len()
}

/// A version 4 UUID as text.
#[cfg(feature = "server")]
pub(crate) fn uuid(random: [u8; 16]) -> String {
    let mut out = String::new();
    uuid_into(random, &mut out);
    out
}

/// A version 4 UUID of the random bytes given.
fn uuid_into(mut bytes: [u8; 16], out: &mut String) {
    bytes[6] = bytes[6] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    hyphenated_into(bytes, out);
}

/// Appends a UUID as text (RFC 9562), of whatever version its bytes say.
pub fn hyphenated_into(bytes: [u8; 16], out: &mut String) {
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        let _ = write!(out, "{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Compression;

    #[test]
    fn a_name_ends_in_the_compressions_extension_or_the_one_given() {
        let mut config = StreamConfig::clickstream(crate::PartitionBy::User);
        let time = jiff::Timestamp::UNIX_EPOCH.to_zoned_datetime(jiff::tz::TimeZone::UTC);
        let stem = "clickstream-1-1970-01-01-00-00-00-07070707-0707-4707-8707-070707070707";
        for (compression, given, end) in [
            (Compression::Uncompressed, "", ""),
            (Compression::Gzip, "", ".gz"),
            (Compression::Zip, "", ".zip"),
            (Compression::Snappy, "", ".snappy"),
            (Compression::HadoopSnappy, "", ".snappy"),
            (Compression::Gzip, ".json.gz", ".json.gz"),
            (Compression::Uncompressed, ".a*b", ".a%2Ab"),
        ] {
            config.compression = compression;
            config.file_extension = given.into();
            let mut name = String::new();
            escape_into(&suffix(&config, &time, [7; 16]), true, &mut name);
            assert_eq!(name, format!("{stem}{end}"));
            assert_eq!(name.len(), suffix_length(&config));
        }
        for right in [
            "",
            ".json",
            ".a!b-c_d.e*'()",
            &format!(".{}", "a".repeat(127)),
        ] {
            assert!(StreamConfig::is_file_extension(right), "{right}");
        }
        for wrong in [
            ".",
            "json",
            ".JSON",
            ".a/b",
            ".a b",
            &format!(".{}", "a".repeat(128)),
        ] {
            assert!(!StreamConfig::is_file_extension(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_uuid_of_the_bytes_given() {
        let mut out = String::new();
        uuid_into([0xFF; 16], &mut out);
        assert_eq!(out, "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
