//! What the loader hands over once: the script tag's attributes, and what never changes on
//! a page.

use clickstream_event::text::word;
use js_sys::Function;
use wasm_bindgen::JsValue;

use crate::{js, words::setting};

/// An object of the loader's, read member by member: smaller in a page than a parser.
#[derive(Debug)]
pub struct Host(JsValue);

impl Host {
    /// Wraps the object.
    pub const fn new(object: JsValue) -> Self {
        Self(object)
    }

    /// A member; `undefined` when it is missing.
    pub fn get(&self, name: &str) -> JsValue {
        js::get(&self.0, name)
    }

    /// A member that is a text and not empty.
    pub fn text(&self, name: &str) -> Option<String> {
        js::text(&self.0, name).filter(|text| !text.is_empty())
    }

    /// A member that is a number; 0 when it is not.
    pub fn number(&self, name: &str) -> f64 {
        js::number(&self.0, name)
    }

    /// Whether a member is anything but nothing, 0 and false.
    pub fn is(&self, name: &str) -> bool {
        js::is(&self.0, name)
    }

    /// A member that is a function.
    pub fn function(&self, name: &str) -> Function {
        self.get(name).into()
    }
}

/// What a site has set.
#[derive(Debug)]
pub struct Settings {
    /// `data-write-key`.
    pub write_key: String,
    /// `data-endpoint`, else the script's origin.
    pub endpoint: String,
    /// `data-user-id`: whom the page claims.
    pub user_id: Option<String>,
    /// `data-debug`: tell the document what becomes of each event.
    pub debug: bool,
    /// Nothing is ever kept: the browser asks for that by a signal that the site honours
    /// (`data-privacy`: `gpc` unless it says otherwise, `dnt`), or the site by `data-storage="none"`.
    pub private: bool,
    /// The browser's signal as the context says it, or `{}`.
    pub signals: &'static str,
}

impl Settings {
    /// Reads them.
    pub fn read(host: &Host) -> Self {
        let (gpc, dnt) = (host.is("gpc"), host.is("dnt"));
        let honoured = host.get(setting::PRIVACY).as_string();
        let honoured = honoured.as_deref().unwrap_or("gpc");
        let honours = |signal: &str| word(honoured, &mut |named| named == signal).is_some();
        Self {
            write_key: host.text(setting::WRITE_KEY).unwrap_or_default(),
            endpoint: host.text(setting::ENDPOINT).unwrap_or_default(),
            user_id: host.text(setting::USER_ID),
            debug: !host.get(setting::DEBUG).is_undefined(),
            private: (gpc && honours("gpc"))
                || (dnt && honours("dnt"))
                || host
                    .text(setting::STORAGE)
                    .is_some_and(|word| word == "none"),
            signals: match (gpc, dnt) {
                (true, true) => r#"{"privacy":{"gpc":true,"dnt":true}}"#,
                (true, false) => r#"{"privacy":{"gpc":true}}"#,
                (false, true) => r#"{"privacy":{"dnt":true}}"#,
                (false, false) => "{}",
            },
        }
    }
}
