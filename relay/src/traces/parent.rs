//! `traceparent`, W3C Trace Context level 1, section 3.2: `00-<trace id>-<span id>-<flags>`, all in
//! lower-case hex.

use http::HeaderMap;

/// The span that a request was sent in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parent {
    pub trace_id: u128,
    pub span_id: u64,
    /// Whether its trace is kept.
    pub sampled: bool,
}

impl Parent {
    /// What the header says; nothing where it is none, given twice, or not to be understood: then a
    /// trace begins here, as the recommendation wants it.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut given = headers.get_all("traceparent").iter();
        let (value, second) = (given.next()?, given.next());
        if second.is_some() {
            return None;
        }
        Self::read(value.to_str().ok()?)
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let version = hex(parts.next()?, 2)?;
        let trace_id = hex(parts.next()?, 32)?;
        let span_id = hex(parts.next()?, 16)?;
        let flags = hex(parts.next()?, 2)?;
        // A later version may say more behind its flags; this one may not, and 255 is none.
        let well_formed = match version {
            0 => parts.next().is_none(),
            255 => false,
            _ => true,
        };
        (well_formed && trace_id != 0 && span_id != 0).then_some(Self {
            trace_id,
            span_id: u64::try_from(span_id).ok()?,
            sampled: flags & 1 == 1,
        })
    }
}

/// So many lower-case hex digits, and nothing else.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let lower = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != digits || !text.bytes().all(lower) {
        return None;
    }
    u128::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;

    #[test]
    fn the_recommendations_own_examples_are_read() {
        for (flags, sampled) in [("01", true), ("00", false), ("03", true)] {
            let text = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}");
            let parent = Parent::read(&text).unwrap();
            assert_eq!(
                (parent.trace_id, parent.span_id, parent.sampled),
                (TRACE, 0x00f0_67aa_0ba9_02b7, sampled)
            );
        }
    }

    #[test]
    fn what_is_not_well_formed_is_no_parent() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        for text in [
            "",
            "00",
            &format!("00-{trace}-{span}"),
            &format!("00-{trace}-{span}-01-more"),
            &format!("ff-{trace}-{span}-01"),
            &format!("00-{}-{span}-01", trace.to_uppercase()),
            &format!("00-{}-{span}-01", "0".repeat(32)),
            &format!("00-{trace}-{}-01", "0".repeat(16)),
            &format!("00-{trace}0-{span}-01"),
            &format!("00-+{}-{span}-01", &trace[1..]),
        ] {
            assert_eq!(Parent::read(text), None, "{text}");
        }
        // A version to come is read as far as it is known.
        assert!(Parent::read(&format!("01-{trace}-{span}-01-more")).is_some());
    }

    #[test]
    fn a_header_given_twice_names_nobody() {
        let mut headers = HeaderMap::new();
        let value = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        headers.append("traceparent", value.parse().unwrap());
        assert!(Parent::of(&headers).is_some());
        headers.append("traceparent", value.parse().unwrap());
        assert_eq!(Parent::of(&headers), None);
    }
}
