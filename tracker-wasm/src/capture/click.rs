//! Clicks: by mouse, middle button, finger, pen and keyboard, also inside shadow roots.

use clickstream_event::{
    action::{ElementClicked, Input},
    text::word,
    write,
};
use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};

use crate::{
    capture::leads,
    element::{self, Description, Element},
    js,
    marks::Marks,
    mask::Masks,
    signal::Signal,
};

/// Links and controls: what somebody clicks to make something happen.
pub const CONTROLS: &str = "a[href],area[href],button,input,select,textarea,label,summary,option,\
    [role=button],[role=link],[role=tab],[role=menuitem],[role=menuitemcheckbox],\
    [role=menuitemradio],[role=option],[role=checkbox],[role=radio],[role=switch],\
    [role=treeitem],[onclick]";

/// Within how many milliseconds of a label's click its control's is the same click.
const FOLLOWS: f64 = 100.0;

/// What the door reads of an event, in its order.
const BUTTON: u32 = 0;
const DETAIL: u32 = 1;
const X: u32 = 2;
const Y: u32 = 3;
const TRUSTED: u32 = 4;
const POINTER: u32 = 5;
const TIME: u32 = 6;

/// What has to be known from one click to the next.
#[derive(Debug)]
pub struct Clicks {
    masks: Masks,
    /// Query parameters that are left out of `href`.
    redact: String,
    /// The control of the label that was clicked last, which the browser clicks by itself,
    /// and when that was by the document's time.
    follows: (JsValue, f64),
}

/// A click told.
#[derive(Debug)]
pub struct Click {
    /// Its properties, without the page's marks.
    pub properties: String,
    /// It was on a link that leads away.
    pub leads: bool,
    /// Its element's words are not told.
    pub masked: bool,
    /// It is the third of some that follow each other as fast as a double click's, on something that
    /// answers to clicks. Three on a text mark its paragraph.
    pub rage: bool,
}

impl Clicks {
    /// Clicks of which `masks` and `redact` leave out what they say.
    pub fn new(masks: Masks, redact: String) -> Self {
        Self {
            masks,
            redact,
            follows: Default::default(),
        }
    }

    /// The properties of a click, without the page's marks; a word why nothing is to be said
    /// about it. With `links` it is told where a link leads.
    pub fn read(
        &mut self,
        signal: &Signal,
        marks: &Marks,
        links: bool,
    ) -> Result<Click, &'static str> {
        let (event, path) = (read(signal), &signal.list);
        // Of the other buttons only the middle one opens a link.
        let button = number(event, BUTTON) as i16;
        if button != 1 && signal.kind == "auxclick" {
            return Err("button");
        }
        if marks.ignored {
            return Err("mark");
        }
        let (depth, element, answers) = nearest(path, marks.depth).ok_or("nothing")?;
        let (follower, labelled) = std::mem::take(&mut self.follows);
        let time = number(event, TIME);
        if &follower == AsRef::<JsValue>::as_ref(&element) && time - labelled < FOLLOWS {
            return Err("label");
        }
        if element.tag() == "label" {
            self.follows = (js::get(&element, "control"), time);
        }
        let described = Description::of(&element, path, depth, &self.masks, &self.redact);
        let mut classes = Vec::new();
        word(&described.class, &mut |class| {
            classes.push(class);
            false
        });
        let pointer = event.get(POINTER).as_string().unwrap_or_default();
        let clicked = ElementClicked {
            element: described.element(&classes),
            input: input(event, button, &pointer),
        };
        let mut properties = write::object(&clicked).unwrap_or_default();
        // Where it leads, whole; a vector drawing's link says it otherwise and is told as a click.
        let url = js::text(&element, "href").filter(|_| cfg!(feature = "links") && links);
        let download = element.attribute("download").is_some();
        let link = url
            .as_deref()
            .and_then(|url| leads(url, &signal.url, download));
        if let Some(link) = &link {
            properties.pop();
            let link = write::object(link).unwrap_or_default();
            write::member(&mut properties, "link", &link);
            properties.push('}');
        }
        Ok(Click {
            properties,
            leads: link.is_some(),
            masked: described.masked,
            // Browsers count them, and count none of the keyboard's.
            rage: answers && number(event, DETAIL) == 3.0,
        })
    }
}

/// What the door has read of the signal's event.
pub fn read(signal: &Signal) -> &Array {
    signal.subject.unchecked_ref()
}

/// Whether somebody has made the event, and no script.
pub fn is_trusted(event: &Array) -> bool {
    event.get(TRUSTED).is_truthy()
}

fn number(event: &Array, at: u32) -> f64 {
    event.get(at).as_f64().unwrap_or_default()
}

/// The nearest link, control or marked element, and how far out on the path it is; where
/// there is none, what was hit. Says which of the two it is.
fn nearest(path: &Array, marked: Option<u32>) -> Option<(u32, Element, bool)> {
    let mut hit = None;
    for depth in 0..path.length() {
        let Some(element) = element::at(path, depth) else {
            continue;
        };
        if marked == Some(depth) || is_control(&element) {
            return Some((depth, element, true));
        }
        hit = hit.or(Some((depth, element, false)));
    }
    hit
}

/// Whether something happens when it is clicked, as far as can be seen: a listener that a script
/// has added cannot.
fn is_control(element: &Element) -> bool {
    element.is(CONTROLS) == Some(true) || js::get(element, "onclick").is_function()
}

/// With what it was clicked. A keyboard's click is a pointer's without pointer and place.
fn input<'a>(event: &Array, button: i16, pointer: &'a str) -> Input<'a> {
    let trusted = is_trusted(event);
    let number = |at| number(event, at) as i32;
    let by_pointer = !pointer.is_empty() || number(DETAIL) > 0;
    Input {
        kind: match (by_pointer, trusted) {
            (true, _) if pointer.is_empty() => "mouse",
            (true, _) => pointer,
            (false, true) => "keyboard",
            (false, false) => "script",
        },
        button: by_pointer.then_some(button),
        x: by_pointer.then(|| number(X)),
        y: by_pointer.then(|| number(Y)),
        trusted: (!trusted).then_some(false),
    }
}
