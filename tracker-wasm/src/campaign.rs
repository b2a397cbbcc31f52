//! Which campaign led to a page: what its address says. No browser in here.

use clickstream_event::{
    text::{split, word},
    write,
};

/// Our names of a campaign's members, and the parameters that say them.
const MEMBERS: [(&str, &str); 5] = [
    ("name", "utm_campaign"),
    ("source", "utm_source"),
    ("medium", "utm_medium"),
    ("term", "utm_term"),
    ("content", "utm_content"),
];

/// Parameters in which networks of advertisements put the id of a click.
const CLICK_IDS: &str = "gclid gbraid wbraid dclid fbclid msclkid ttclid twclid li_fat_id yclid \
    epik ScCid rdt_cid";

/// The campaign of an address as JSON (`clickstream_event::context::Campaign`); empty where it names
/// none. Without `clicks` the ids of advertisements' networks are passed over. `decode` gives a text
/// without its percent signs, where they are right.
pub fn of(url: &str, clicks: bool, decode: &dyn Fn(&str) -> Option<String>) -> String {
    let query = split(split(url, b'#').0, b'?').1;
    let json = |value: &str| {
        let decoded = decode(&spaced(value)).unwrap_or_else(|| value.to_owned());
        write::string(&decoded).unwrap_or_default()
    };
    let mut campaign = String::from("{");
    for (name, said_by) in MEMBERS {
        if let Some(value) = parameter(query, said_by) {
            write::member(&mut campaign, name, &json(value));
        }
    }
    let network = word(CLICK_IDS, &mut |name| parameter(query, name).is_some());
    if let Some(name) = network.filter(|_| clicks) {
        let mut click = String::from("{");
        write::member(&mut click, "name", &json(name));
        let value = parameter(query, name).unwrap_or_default();
        write::member(&mut click, "value", &json(value));
        click.push('}');
        write::member(&mut campaign, "clickId", &click);
    }
    if campaign.len() == 1 {
        return String::new();
    }
    campaign.push('}');
    campaign
}

/// The last value of a parameter, if it has one that is not empty.
pub fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let (mut rest, mut found) = (query, None);
    while !rest.is_empty() {
        let (pair, after) = split(rest, b'&');
        let (known, value) = split(pair, b'=');
        if known == name && !value.is_empty() {
            found = Some(value);
        }
        rest = after;
    }
    found
}

/// Spaces in the place of plus signs.
pub fn spaced(value: &str) -> String {
    let (mut rest, mut spaced) = (value, String::new());
    loop {
        let (part, after) = split(rest, b'+');
        spaced.push_str(part);
        if part.len() == rest.len() {
            return spaced;
        }
        spaced.push(' ');
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `decodeURIComponent`.
    fn decode(text: &str) -> Option<String> {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'%' => {
                    let mut digit = || char::from(rest.next()?).to_digit(16);
                    let (high, low) = (digit()?, digit()?);
                    u8::try_from(high * 16 + low).unwrap()
                }
                byte => byte,
            });
        }
        String::from_utf8(bytes).ok()
    }

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
            (
                "?utm_term=+a++b+&utm_source=first&utm_source=last&fbclid=f&gclid=g&gclid=",
                r#"{"source":"last","term":" a  b ","clickId":{"name":"gclid","value":"g"}}"#,
            ),
            ("https://s.example/?utm_source=&utm_else=1&clid=2", ""),
            ("https://s.example/#?utm_source=a", ""),
            ("", ""),
        ] {
            assert_eq!(of(url, true, &decode), campaign, "{url}");
        }
    }

    #[test]
    fn a_network_s_id_is_passed_over_where_it_is_not_allowed() {
        assert_eq!(
            of("/?gclid=a&utm_source=b", false, &decode),
            r#"{"source":"b"}"#
        );
    }
}
