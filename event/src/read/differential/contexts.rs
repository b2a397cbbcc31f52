//! The context that a body's events share.

use super::same;

/// A context is read once for all events that it stands in, or what is before its visit's numbers;
/// what follows is each event's own.
#[test]
fn a_context_that_stands_again_is_read_as_the_first_time() {
    let context = r#"{"userAgent":"M","automation":{"webdriver":true},"page":{"path":"/"}}"#;
    let numbered = |number: &str| context.replace("}}", &format!("}},\"session\":{number}}}"));
    let firsts = [
        context.to_owned(),
        numbered(r#"{"event":1}"#),
        numbered(r#"{"event":1},"campaign":{}"#),
        r#"{"session":1}"#.to_owned(),
        r#"{"userAgent":"N"}"#.to_owned(),
        "{}".to_owned(),
    ];
    let thens = [
        context.to_owned(),
        numbered("2"),
        numbered(r#""x","userAgent":"other""#),
        numbered(r#""x","session":"twice""#),
        numbered(r#""x","#),
        numbered(r#""x","automation":{"untrusted":true}"#).replace("webdriver", "synthetic"),
        r#"{"session":2}"#.to_owned(),
        context.replace("}}", "},}"),
        context.replace("}}", "},\"session"),
    ];
    for behind in [
        "",
        "x",
        "}",
        ",",
        r#","properties":{}"#,
        r#","context":{}"#,
        " ",
    ] {
        for (first, then) in firsts
            .iter()
            .flat_map(|first| thens.iter().map(move |then| (first, then)))
        {
            let body = format!(
                r#"{{"batch":[{{"type":"page","context":{first}}},{{"type":"page","context":{then}{behind}}},{{"type":"page","context":{then}}}]}}"#
            );
            same(body.as_bytes()).unwrap();
        }
    }
}
