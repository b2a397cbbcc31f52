//! An element described: what it is, what it says, where it stands. What somebody has typed
//! is never read, whether into a field or into a page that can be edited.

use clickstream_event::{
    action,
    text::{cut, squeeze},
};
use js_sys::Array;
use wasm_bindgen::JsCast;
use web_sys::{Element, Node};

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
        let tag = element.local_name();
        let typed = element.closest(TYPED).ok().flatten().is_some();
        let (mut text, mut href) = (None, None);
        let masked = masks.around(element);
        if !typed && !masked {
            if !masks.silent() {
                text = says(element, &tag, masks);
            }
            href = element.get_attribute("href");
            if let Some(shown) = href.as_deref().and_then(|href| redacted(href, redact)) {
                href = Some(shown);
            }
        }
        Self {
            id: attribute(element, "id"),
            class: element.get_attribute("class").unwrap_or_default(),
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
    (node.node_type() == Node::ELEMENT_NODE).then(|| node.unchecked_into())
}

/// An attribute that is not empty.
pub fn attribute(element: &Element, name: &str) -> Option<String> {
    element
        .get_attribute(name)
        .filter(|value| !value.is_empty())
}

/// What an element says: its text, else its label for those who do not see it.
fn says(element: &Element, tag: &str, masks: &Masks) -> Option<String> {
    let mut text = String::new();
    if tag == "input" {
        text = element.get_attribute("value")?;
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
        if child.node_type() == Node::ELEMENT_NODE {
            let element: &Element = child.unchecked_ref();
            let matches = |selector| element.matches(selector).unwrap_or_default();
            if !matches(TYPED) && !matches(SILENT) && !masks.on(element) {
                text.push_str(&element.get_attribute("alt").unwrap_or_default());
                text.push(' ');
                gather(element, text, nodes, masks);
            }
        } else if child.node_type() == Node::TEXT_NODE {
            text.push_str(&child.node_value().unwrap_or_default());
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
        let mut level = element.local_name();
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
