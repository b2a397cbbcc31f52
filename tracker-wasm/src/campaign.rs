//! Which campaign led to a page: what its address says. No browser in here.

use clickstream_event::{
    context::{Campaign, ClickId},
    text::split,
    write,
};

/// Parameters in which networks of advertisements put the id of a click.
const CLICK_IDS: [&str; 13] = [
    "gclid",
    "gbraid",
    "wbraid",
    "dclid",
    "fbclid",
    "msclkid",
    "ttclid",
    "twclid",
    "li_fat_id",
    "yclid",
    "epik",
    "ScCid",
    "rdt_cid",
];

/// The campaign of an address as JSON; empty where it names none. Without `clicks` the ids of
/// advertisements' networks are passed over.
pub fn of(url: &str, clicks: bool) -> String {
    let query = split(split(url, b'#').0, b'?').1;
    let mut found: [Option<String>; 5] = Default::default();
    let mut click = None;
    for pair in query.as_bytes().split(|byte| *byte == b'&') {
        let pair = std::str::from_utf8(pair).unwrap_or_default();
        let (name, value) = split(pair, b'=');
        if value.is_empty() {
            continue;
        }
        let known = ["campaign", "source", "medium", "term", "content"];
        if let Some(utm) = name.strip_prefix("utm_") {
            let place = known.iter().position(|known| *known == utm);
            if let Some(place) = place.and_then(|place| found.get_mut(place)) {
                *place = Some(decoded(value));
            }
        } else if clicks && let Some(known) = CLICK_IDS.iter().find(|known| **known == name) {
            click = Some((*known, decoded(value)));
        }
    }
    let [name, source, medium, term, content] = &found;
    let campaign = Campaign {
        name: name.as_deref(),
        source: source.as_deref(),
        medium: medium.as_deref(),
        term: term.as_deref(),
        content: content.as_deref(),
        click_id: click.as_ref().map(|(name, value)| ClickId { name, value }),
    };
    let none = click.is_none() && found.iter().all(Option::is_none);
    if none {
        return String::new();
    }
    write::object(&campaign).unwrap_or_default()
}

/// A parameter's value without its percent signs; as it stands where they are none.
fn decoded(value: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                match (digit(rest.next()), digit(rest.next())) {
                    (Some(high), Some(low)) => (high * 16 + low) as u8,
                    _ => return value.to_owned(),
                }
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).unwrap_or_else(|_| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_is_what_the_address_says() {
        for (url, campaign) in [
            (
                "https://s.example/a?utm_source=news+letter&utm_medium=e%2Dmail&utm_campaign=%C3%BCber&utm_term=t&utm_content=c",
                r#"{"name":"über","source":"news letter","medium":"e-mail","term":"t","content":"c"}"#,
            ),
            (
                "https://s.example/?q=1&gclid=Cj0-K&x",
                r#"{"clickId":{"name":"gclid","value":"Cj0-K"}}"#,
            ),
            (
                "https://s.example/?utm_source=a%&utm_medium=%ff&fbclid=",
                r#"{"source":"a%","medium":"%ff"}"#,
            ),
            ("https://s.example/?utm_source=&utm_else=1&clid=2", ""),
            ("https://s.example/#?utm_source=a", ""),
            ("", ""),
        ] {
            assert_eq!(of(url, true), campaign, "{url}");
        }
    }

    #[test]
    fn a_network_s_id_is_passed_over_where_it_is_not_allowed() {
        assert_eq!(of("/?gclid=a&utm_source=b", false), r#"{"source":"b"}"#);
    }
}
