//! The model's patterns as functions: each holds where the whole text matches.

fn all(text: &str, also: &str) -> bool {
    text.chars()
        .all(|letter| letter.is_ascii_alphanumeric() || also.contains(letter))
}

fn some(text: &str, also: &str) -> bool {
    !text.is_empty() && all(text, also)
}

/// The account and what follows it, of an ARN of this service: `arn:.*:SERVICE:…`. The pattern's
/// `.*` takes anything, so each place where the service could stand is tried.
fn arn(text: &str, service: &str, rest: impl Fn(&str) -> bool) -> bool {
    let Some(after) = text.strip_prefix("arn:") else {
        return false;
    };
    let marker = format!(":{service}:");
    after
        .match_indices(&marker)
        .any(|(at, _)| !after[..at].contains('\n') && rest(&after[at + marker.len()..]))
}

fn account<'a>(text: &'a str, resource: &str) -> Option<&'a str> {
    let (digits, after) = text.split_at_checked(12)?;
    let after = after.strip_prefix(':')?.strip_prefix(resource)?;
    digits
        .bytes()
        .all(|digit| digit.is_ascii_digit())
        .then_some(after)
}

const OF_PATHS: &str = "_+=,.@-/";

/// `[a-zA-Z0-9_.-]+`
pub fn name(text: &str) -> bool {
    some(text, "_.-")
}

/// `[a-zA-Z0-9-]+`
pub fn destination_id(text: &str) -> bool {
    some(text, "-")
}

/// `[0-9]+`
pub fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit())
}

/// `.*`
pub fn one_line(text: &str) -> bool {
    !text.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
}

/// A role's ARN.
pub fn role(text: &str) -> bool {
    arn(text, "iam", |rest| {
        rest.strip_prefix(':')
            .and_then(|rest| account(rest, "role/"))
            .is_some_and(|path| some(path, OF_PATHS))
    })
}

/// A bucket's ARN.
pub fn bucket(text: &str) -> bool {
    arn(text, "s3", |rest| {
        rest.strip_prefix("::")
            .is_some_and(|bucket| (1..=255).contains(&bucket.len()) && some(bucket, "_.-"))
    })
}

fn kms(text: &str, resources: &[&str]) -> bool {
    arn(text, "kms", |rest| {
        let Some((region, rest)) = rest.split_once(':') else {
            return false;
        };
        some(region, "-")
            && resources
                .iter()
                .any(|resource| account(rest, resource).is_some_and(|path| some(path, OF_PATHS)))
    })
}

/// A key's ARN.
pub fn key(text: &str) -> bool {
    kms(text, &["key/"])
}

/// The ARN of a key or of its alias.
pub fn key_or_alias(text: &str) -> bool {
    kms(text, &["key/", "alias/"])
}

/// `[\.\-_/#A-Za-z0-9]*`
pub fn log_group(text: &str) -> bool {
    all(text, ".-_/#")
}

/// `[^:*]*`
pub fn log_stream(text: &str) -> bool {
    !text.contains([':', '*'])
}

/// `^(?!\s*$).+`
pub fn not_blank(text: &str) -> bool {
    one_line(text) && text.chars().any(|letter| !letter.is_whitespace())
}

/// `^$|[a-zA-Z/_]+`
pub fn time_zone(text: &str) -> bool {
    text.chars()
        .all(|letter| letter.is_ascii_alphabetic() || "/_".contains(letter))
}

/// `^$|\.[0-9a-z!\-_.*'()]+`
pub fn extension(text: &str) -> bool {
    let allowed = |letter: char| {
        letter.is_ascii_digit() || letter.is_ascii_lowercase() || "!-_.*'()".contains(letter)
    };
    text.is_empty()
        || text
            .strip_prefix('.')
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(allowed))
}

/// `^[\p{L}\p{Z}\p{N}_.:\/=+\-@%]*$`; letters and numbers as Rust's standard library knows them.
pub fn tag_value(text: &str) -> bool {
    text.chars().all(|letter| {
        letter.is_alphanumeric()
            || "_.:/=+-@%".contains(letter)
            || (letter.is_whitespace() && !letter.is_control())
    })
}

/// The same, not beginning with `aws:`.
pub fn tag_key(text: &str) -> bool {
    !text.starts_with("aws:") && tag_value(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns() {
        assert!(role("arn:aws:iam::000000000000:role/service/firehose"));
        assert!(role("arn:aws-cn:iam::123456789012:role/a"));
        for wrong in [
            "arn:aws:iam::00000000000:role/a",
            "arn:aws:iam::000000000000:role/",
            "arn:aws:iam::000000000000:user/a",
            "aws:iam::000000000000:role/a",
            "arn:aws:iam::000000000000:role/a b",
            "arn:aws:iam::00000000000é:role/a",
        ] {
            assert!(!role(wrong), "{wrong}");
        }
        assert!(bucket("arn:aws:s3:::raw"));
        assert!(bucket("arn:aws:s3:::a_b.c-D"));
        for wrong in [
            "raw",
            "arn:aws:s3:::",
            "arn:aws:s3:::a/b",
            "arn:aws:s3::raw",
        ] {
            assert!(!bucket(wrong), "{wrong}");
        }
        assert!(key("arn:aws:kms:eu-west-1:123456789012:key/ab-cd"));
        assert!(!key("arn:aws:kms:eu-west-1:123456789012:alias/ab"));
        assert!(key_or_alias("arn:aws:kms:eu-west-1:123456789012:alias/ab"));
    }

    #[test]
    fn other_texts() {
        assert!(not_blank(" a ") && !not_blank(" \t") && !not_blank("\n") && !not_blank("a\nb"));
        assert!(time_zone("") && time_zone("America/New_York") && !time_zone("Etc/GMT+3"));
        assert!(extension("") && extension(".json.gz") && !extension("json") && !extension(".J"));
        assert!(tag_key("Kosten stelle") && !tag_key("aws:a") && !tag_value("a\nb"));
        assert!(log_group("/aws/kinesisfirehose/a#1") && !log_group("a b"));
        assert!(log_stream("a b") && !log_stream("a:b"));
    }
}
