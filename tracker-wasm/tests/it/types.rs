//! `src/clickstream.d.ts` is printed from the tables of words and the types of events. Where it is
//! not, the test fails and writes it anew.

use clickstream_event::action;
use clickstream_event::observed;
use clickstream_event::schema::sent_schemas;
use clickstream_tracker::words::setting::Kind;
use clickstream_tracker::words::{call, news, setting};
use serde_json::Value;

use crate::interface::{comment, declared};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/clickstream.d.ts");

/// What is no table's.
const HEAD: &str = r"// Printed from the Rust sources (`tests/it/types.rs`): change these.

/** Anything that JSON can say; numbers stay numbers, objects nest. */
export type Details = Record<string, unknown>;

export interface Options {
  /** Kept as it is, up to 100 characters; made by the tracker when missing. */
  messageId?: string;
  /** When it happened; now when missing. */
  timestamp?: Date | string | number;
}

/** True once the event survives the page, the browser and its crash; false where it cannot be
 *  kept (storage refused or full) and is only sent from the page's memory, or was dropped. */
export type Safe = Promise<boolean>;

/** A visitor's decision: `analytics` rules recording and storing, `marketing` click ids and the
 *  first touch; a site's own categories may stand beside them. */
export interface Consent {
  analytics: boolean;
  marketing?: boolean;
  [category: string]: boolean | undefined;
}
";

const TAIL: &str = r#"
/** A site's own code that sees every event before it is stored or sent. Plugins are asked in the
 *  order in which they were added; one that throws costs no event. */
export interface Plugin {
  /** What it is called where `debug` tells of it. */
  name: string;
  /** Changes a copy of the event in place; `false` drops the event. What a line is known and counted
   *  by stays as it is: `type`, `messageId`, `anonymousId`, `originalTimestamp`, and of the context
   *  `library`, `session`, `consent`, `privacy`. */
  enrich?(event: ClickstreamEvent): void | boolean;
  /** Hands an event on that will be sent: a copy, after all have had it and the visitor allows it. */
  forward?(event: ClickstreamEvent): void;
}

type Named = Exclude<keyof Clickstream, "push" | "ready">;

/** A call as an array: its name and its arguments. */
export type Call = {
  [Name in Named]: [Name, ...Parameters<Clickstream[Name]>];
}[Named];

declare global {
  interface Window {
    /** An array of calls until the script has run, then the methods. */
    clickstream: Clickstream | Call[];
  }
  interface DocumentEventMap {
    clickstream: CustomEvent<News>;
  }
}

/** Starts the tracker of this page and gives its calls; on a server, or where it runs already,
 *  nothing happens. With the script tag there is nothing to start. */
export function start(settings: Settings & {
  /** Where the module is; without it, beside the package's own file. */
  wasm?: string | URL;
}): Clickstream;

/** The calls, from the first moment on: what is called before `start` is taken then. On a server
 *  they do nothing. */
export const clickstream: Clickstream;
"#;

/// Members that are written by hand, and so are in no schema.
fn more(name: &str) -> &'static str {
    match name {
        "Event" => {
            "  /** Where it happened. */\n  context: Context;\n\
             \x20 /** What was done or seen (track, page). */\n  properties?: Details;\n\
             \x20 /** What is known of a user or group (identify, group). */\n  traits?: Details;\n"
        }
        "Context" => {
            "  /** Another site's page that led to the visit. */\n  referrer?: { url: string };\n\
             \x20 /** The first page of all, on a visit's first event. */\n  firstTouch?: Details;\n\
             \x20 /** What the browser asks for. */\n  privacy?: { gpc?: true; dnt?: true };\n\
             \x20 /** What the visitor has allowed. */\n  consent?: { categoryPreferences: Consent };\n\
             \x20 /** Whatever a plugin adds. */\n  [name: string]: unknown;\n"
        }
        "ElementClicked" => "  /** Where a link leads that leads away. */\n  link?: Link;\n",
        _ => "",
    }
}

fn settings() -> String {
    let words = |words: &[&str]| {
        let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
        quoted.join(" | ")
    };
    let mut text = String::from(
        "\n/** Settings, as attributes of the script tag (`data-page-by`) or as members. */\n\
         export interface Settings {\n",
    );
    for setting in setting::ALL {
        let (mark, of) = match setting.more {
            Kind::Needed => ("", "string".to_owned()),
            Kind::Text => ("?", "string".to_owned()),
            Kind::Texts => ("?", "string | readonly string[]".to_owned()),
            Kind::Word(known) => ("?", words(known)),
            Kind::Words(known) => ("?", format!("readonly ({})[]", words(known))),
            Kind::Flag([]) => ("?", "boolean".to_owned()),
            Kind::Flag(known) => ("?", format!("boolean | {}", words(known))),
        };
        text += &comment(setting.doc, "  ");
        text += &format!("  {}{mark}: {of};\n", setting.word);
    }
    text + "}\n"
}

fn calls() -> String {
    let mut text = String::from("\nexport interface Clickstream {\n");
    for call in call::ALL {
        text += &comment(call.doc, "  ");
        for signature in call.more.signatures {
            text += &format!("  {}{signature};\n", call.word);
        }
    }
    text += &comment(
        "True once the tracker runs; false where it cannot (blocked, or no wasm allowed).",
        "  ",
    );
    text + "  readonly ready?: Promise<boolean>;\n}\n"
}

fn news_type() -> String {
    let each = news::ALL.iter().map(|news| {
        let told = news.doc.trim();
        format!("    /** {told} */\n    | {:?}\n", news.word)
    });
    format!(
        "\n/** With `data-debug` the document gets these as `clickstream` events. */\n\
         export interface News {{\n  state:\n{}  ;\n\
         \x20 /** Of the event that it is about; absent where there is none. */\n  messageId?: string;\n\
         \x20 /** The event as it is sent: the text of one JSON object, `{{}}` where there is none. */\n  line: string;\n\
         \x20 /** Why. */\n  reason?: string;\n}}\n",
        each.collect::<String>()
    )
}

fn events() -> String {
    let mut text = String::new();
    for (name, schema) in &sent_schemas() {
        text += "\n";
        // The bare name is that of the DOM's events.
        let printed = if name == "Event" {
            "ClickstreamEvent"
        } else {
            name
        };
        text += &declared(printed, schema, more(name));
    }
    text += "\n/** Properties of what is recorded without a call, by the event's name; page views have\n\
             \x20*  `PageViewed`. A click's also have what the page's own attributes say. */\n\
             export interface Captured {\n";
    for (event, properties) in [
        (action::ELEMENT_CLICKED, "ElementClicked & Details"),
        (action::RAGE_CLICKED, "RageClicked"),
        (action::PAGE_LEFT, "PageLeft"),
        (action::FORM_STARTED, "FormFilled"),
        (action::FORM_SUBMITTED, "FormFilled"),
        (action::FORM_ABANDONED, "FormFilled"),
        (observed::WEB_VITALS_MEASURED, "WebVitals"),
        (observed::ERROR_OCCURRED, "ErrorOccurred"),
        (observed::ERRORS_COUNTED, "ErrorsCounted"),
        (observed::DEAD_CLICKED, "DeadClicked"),
        (observed::ELEMENT_VIEWED, "ElementViewed & Details"),
        (observed::PRODUCTS_SEARCHED, "ProductsSearched"),
    ] {
        text += &format!("  {}: {properties};\n", Value::from(event));
    }
    text + "}\n"
}

#[test]
fn the_types_are_what_the_sources_say() {
    let made = [
        HEAD.to_owned(),
        settings(),
        calls(),
        TAIL.to_owned(),
        news_type(),
        events(),
    ]
    .concat();
    if fs_err::read_to_string(FILE).unwrap_or_default() != made {
        fs_err::write(FILE, made).unwrap();
        panic!(
            "src/clickstream.d.ts was out of date and is written anew: look at it and commit it"
        );
    }
}
