//! An object's name as Firehose gives it: `STREAM-VERSION-yyyy-MM-dd-HH-mm-ss-UUID`.

/// A name that is one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

/// `yyyy-MM-dd-HH-mm-ss`.
const TIME: &str = "0000-00-00-00-00-00";
const UUID: &str = "00000000-0000-0000-0000-000000000000";

impl Name {
    /// Reads a name; none when it is another kind of file, or packed.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (head, _) = split(name, UUID, |byte| byte.is_ascii_hexdigit())?;
        split(head, TIME, |byte| byte.is_ascii_digit())?;
        Some(Self(name.to_owned()))
    }

    /// All of it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The day, UTC: `yyyy-MM-dd`.
    #[must_use]
    pub fn day(&self) -> &str {
        let start = self.0.len() - UUID.len() - 1 - TIME.len();
        &self.0[start..start + 10]
    }

    /// The UUID.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0[self.0.len() - UUID.len()..]
    }

    /// The same with another UUID, of the kind that is made of a hash (version 8, RFC 9562).
    #[must_use]
    pub fn with_id(&self, mut id: [u8; 16]) -> Self {
        id[6] = id[6] & 0x0f | 0x80;
        id[8] = id[8] & 0x3f | 0x80;
        let mut text = self.0[..self.0.len() - UUID.len()].to_owned();
        firehose_local::hyphenated_into(id, &mut text);
        Self(text)
    }
}

/// What is before the last part and a hyphen, where that part looks like `form`: digits where
/// it has `0`.
fn split<'a>(name: &'a str, form: &str, digit: fn(&u8) -> bool) -> Option<(&'a str, &'a str)> {
    let (head, part) = name.split_at_checked(name.len().checked_sub(form.len())?)?;
    let fits = part.bytes().zip(form.bytes());
    let fits = fits.map(|(byte, form)| match form {
        b'0' => digit(&byte),
        _ => byte == form,
    });
    let head = head.strip_suffix('-').filter(|head| !head.is_empty())?;
    fits.into_iter().all(|fits| fits).then_some((head, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "click-stream-1-2026-01-02-03-04-05-0c1ee5d7-6bb4-4bd9-a0e2-2dd1b7d5a5d3";

    #[test]
    fn what_firehose_names_is_read_and_nothing_else() {
        let name = Name::parse(NAME).unwrap();
        assert_eq!(name.day(), "2026-01-02");
        assert_eq!(name.id(), "0c1ee5d7-6bb4-4bd9-a0e2-2dd1b7d5a5d3");
        for other in [
            "",
            "part-00000.parquet",
            &format!("{NAME}.gz"),
            &NAME[1 + NAME.len() - 56..],
            &NAME.replace("01-02-03", "01-0x-03"),
            &NAME.replace("0c1ee5d7", "0c1ee5dé"),
        ] {
            assert_eq!(Name::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_name_with_another_id_is_a_name_of_the_same_day() {
        let name = Name::parse(NAME).unwrap().with_id([0xff; 16]);
        let text = "click-stream-1-2026-01-02-03-04-05-ffffffff-ffff-8fff-bfff-ffffffffffff";
        assert_eq!(Name::parse(text), Some(name));
    }
}
