//! An element described: what it is, what it says, where it stands. What somebody has typed
//! is never read, whether into a field or into a page that can be edited.

use clickstream_event::{
    action,
    text::{cut, squeeze},
};
use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};

use crate::{mask::Masks, redact::redacted};

/// The longest text of an element, in characters.
const TEXT: usize = 100;
/// Nodes looked at for a text: a marked section may hold a whole page.
const NODES: u32 = 200;
/// Elements on a path, before the last.
const LEVELS: u32 = 7;

/// What may hold typed text.
const TYPED: &str = "input:not([type=button],[type=submit],[type=reset]),textarea,select,\
    [contenteditable]:not([contenteditable=false]),[role=textbox],[role=searchbox]";
/// What says nothing to a reader.
const SILENT: &str = "script,style,noscript,template,[data-clickstream-ignore]";

const ELEMENT_NODE: u32 = 1;
const TEXT_NODE: u32 = 3;

#[wasm_bindgen]
extern "C" {
    /// A node of a page, also of a frame's.
    #[derive(Clone, Debug, PartialEq)]
    pub type Node;
    #[wasm_bindgen(method, getter, js_name = nodeType)]
    fn kind(this: &Node) -> u32;
    #[wasm_bindgen(method, getter, js_name = nodeValue)]
    fn value(this: &Node) -> JsValue;
    #[wasm_bindgen(method, getter, js_name = firstChild)]
    fn first_child(this: &Node) -> Option<Node>;
    #[wasm_bindgen(method, getter, js_name = nextSibling)]
    fn next_sibling(this: &Node) -> Option<Node>;

    /// One that is an element.
    #[wasm_bindgen(extends = Node)]
    #[derive(Clone, Debug, PartialEq)]
    pub type Element;
    #[wasm_bindgen(method, getter, js_name = localName)]
    fn name(this: &Element) -> JsValue;
    #[wasm_bindgen(method, js_name = getAttribute)]
    fn says(this: &Element, name: &str) -> JsValue;
    #[wasm_bindgen(method, catch)]
    fn matches(this: &Element, selector: &str) -> Result<bool, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn closest(this: &Element, selector: &str) -> Result<JsValue, JsValue>;
}

impl Element {
    /// Its tag, in small letters.
    pub fn tag(&self) -> String {
        self.name().as_string().unwrap_or_default()
    }

    /// An attribute, also an empty one.
    pub fn attribute(&self, name: &str) -> Option<String> {
        self.says(name).as_string()
    }

    /// Whether the element is of the selector; `None` for what is no selector.
    pub fn is(&self, selector: &str) -> Option<bool> {
        self.matches(selector).ok()
    }

    /// Whether the element or one around it is of the selector; `None` for what is no selector.
    pub fn is_within(&self, selector: &str) -> Option<bool> {
        Some(self.closest(selector).ok()?.is_truthy())
    }
}

/// An element in texts of our own.
#[derive(Debug)]
pub struct Description {
    tag: String,
    id: Option<String>,
    /// Its class attribute as it stands.
    pub class: String,
    text: Option<String>,
    href: Option<String>,
    path: String,
    /// Somebody does not want its words told.
    pub masked: bool,
}

impl Description {
    /// Describes `element`, which is at `depth` on `path`.
    pub fn of(element: &Element, path: &Array, depth: u32, masks: &Masks, redact: &str) -> Self {
        let tag = element.tag();
        let typed = element.is_within(TYPED) == Some(true);
        let (mut text, mut href) = (None, None);
        let masked = masks.around(element);
        if !typed && !masked {
            if !masks.silent() {
                text = says(element, &tag, masks);
            }
            href = element.attribute("href");
            if let Some(shown) = href.as_deref().and_then(|href| redacted(href, redact)) {
                href = Some(shown);
            }
        }
        Self {
            id: attribute(element, "id"),
            class: element.attribute("class").unwrap_or_default(),
            text,
            href,
            path: stands(path, depth),
            masked,
            tag,
        }
    }

    /// The description as an event has it; `classes` are those of [`Self::class`].
    pub fn element<'a>(&'a self, classes: &'a [&'a str]) -> action::Element<'a> {
        action::Element {
            tag: &self.tag,
            id: self.id.as_deref(),
            classes,
            text: self.text.as_deref(),
            href: self.href.as_deref(),
            path: &self.path,
        }
    }
}

/// The element at `depth` of an event's path, also one of a frame's document, whose classes are
/// others: `instanceof` would not know it.
pub fn at(path: &Array, depth: u32) -> Option<Element> {
    let node: Node = path.get(depth).unchecked_into();
    (node.kind() == ELEMENT_NODE).then(|| node.unchecked_into())
}

/// An attribute that is not empty.
pub fn attribute(element: &Element, name: &str) -> Option<String> {
    element.attribute(name).filter(|value| !value.is_empty())
}

/// What an element says: its text, else its label for those who do not see it.
fn says(element: &Element, tag: &str, masks: &Masks) -> Option<String> {
    let mut text = String::new();
    if tag == "input" {
        text = element.attribute("value")?;
    } else {
        gather(element, &mut text, &mut NODES.clone(), masks);
    }
    let mut shown = squeeze(&text);
    if shown.is_empty() {
        shown = squeeze(&attribute(element, "aria-label")?);
    }
    Some(cut(&shown, TEXT).trim_ascii_end().to_owned())
}

/// The text of a node and what is in it, but for what is typed or silent.
fn gather(node: &Node, text: &mut String, nodes: &mut u32, masks: &Masks) {
    let mut next = node.first_child();
    while let Some(child) = next {
        // Four bytes make a character at most.
        if *nodes == 0 || text.len() > TEXT * 8 {
            return;
        }
        *nodes -= 1;
        if child.kind() == ELEMENT_NODE {
            let element: &Element = child.unchecked_ref();
            let matches = |selector| element.is(selector) == Some(true);
            if !matches(TYPED) && !matches(SILENT) && !masks.on(element) {
                text.push_str(&element.attribute("alt").unwrap_or_default());
                text.push(' ');
                gather(element, text, nodes, masks);
            }
        } else if child.kind() == TEXT_NODE {
            text.push_str(&child.value().as_string().unwrap_or_default());
        }
        next = child.next_sibling();
    }
}

/// Where an element stands, from `main` or as far out as is worth telling:
/// `main > ul#books > li > a`.
fn stands(path: &Array, depth: u32) -> String {
    let (mut stands, mut levels) = (String::new(), 0);
    for depth in depth..path.length() {
        let Some(element) = at(path, depth) else {
            continue;
        };
        let mut level = element.tag();
        let last = level == "main" || level == "body" || levels == LEVELS;
        if let Some(id) = attribute(&element, "id") {
            level.push('#');
            level.push_str(&id);
        }
        if levels > 0 {
            level.push_str(" > ");
        }
        level.push_str(&stands);
        stands = level;
        levels += 1;
        if last {
            break;
        }
    }
    stands
}
