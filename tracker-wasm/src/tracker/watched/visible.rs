//! Elements that a site has marked to be told of when they are seen.

use clickstream_event::{
    observed::{ELEMENT_VIEWED, ElementViewed},
    text::{cut, word},
    write,
};
use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};

use super::Tracker;
use crate::{
    capture::visible::{Sights, enough},
    element::{Description, Element},
    js,
    marks::{LONGEST, Marks, PREFIX},
    mask::Masks,
    signal::Signal,
    watch::{call, global, hears, made, object},
};

/// The attribute, and how the elements with it are found.
const ATTRIBUTE: &str = "data-clickstream-visible";
const MARKED: &str = "[data-clickstream-visible]";

/// How long a page may grow until its new elements are looked for, in milliseconds.
const GROWING: f64 = 200.0;

/// Parts of an element at which the browser tells: of one as high as ten windows a twentieth is half a
/// window.
const STEPS: u32 = 20;

/// What news are about that are about an element which is no event.
const ELEMENT: &str = r#"{"type":"track","event":"Element Viewed"}"#;

/// The marked elements of a page.
#[derive(Debug)]
pub(super) struct Visible {
    sights: Sights<Element>,
    masks: Masks,
    /// What tells how much of them is in the window.
    eye: Option<JsValue>,
    /// What tells that the page has other elements than before.
    growth: Option<JsValue>,
    /// Those that the eye knows, or that were told of.
    known: JsValue,
    /// When elements are looked for.
    scan: f64,
}

impl Visible {
    pub fn new(visible: bool, masks: Masks) -> Self {
        Self {
            sights: Sights::new(visible),
            masks,
            eye: None,
            growth: None,
            known: JsValue::UNDEFINED,
            scan: f64::INFINITY,
        }
    }

    pub fn due(&self) -> f64 {
        self.scan.min(self.sights.due())
    }

    /// Looks for elements, and from then on for the next change. The page may change as often as it likes:
    /// it is heard of once until the elements have been looked for.
    fn scan(&mut self) {
        self.scan = f64::INFINITY;
        let document = global("document");
        let found = call(&document, "querySelectorAll", &Array::of1(&MARKED.into()));
        for element in Array::from(&found).iter() {
            let element = Array::of1(&element);
            if let Some(eye) = &self.eye
                && !call(&self.known, "has", &element).is_truthy()
            {
                call(&self.known, "add", &element);
                call(eye, "observe", &element);
            }
        }
        if let Some(growth) = &self.growth {
            let options = object(&[
                ("subtree", true.into()),
                ("childList", true.into()),
                ("attributeFilter", Array::of1(&ATTRIBUTE.into()).into()),
            ]);
            call(growth, "observe", &Array::of2(&document, &options));
        }
    }
}

impl Tracker {
    /// Watches the elements that there are, and those to come.
    pub(super) fn watch_elements(&mut self) {
        if !self.watched.options.visible {
            return;
        }
        let steps = Array::new();
        for step in 0..=STEPS {
            steps.push(&(f64::from(step) / f64::from(STEPS)).into());
        }
        let options = object(&[("threshold", steps.into())]);
        let visible = &mut self.watched.visible;
        visible.known = made("WeakSet", &Array::new()).unwrap_or_default();
        visible.eye = made(
            "IntersectionObserver",
            &Array::of2(&hears("sighted"), &options),
        );
        visible.growth = made("MutationObserver", &Array::of1(&hears("grown")));
        visible.scan();
    }

    /// The page has other elements than before.
    pub(super) fn grown(&mut self, now: f64) {
        let visible = &mut self.watched.visible;
        if let Some(growth) = &visible.growth {
            call(growth, "disconnect", &Array::new());
        }
        visible.scan = now + GROWING;
    }

    /// Elements came into sight or went out of it.
    pub(super) fn sighted(&mut self, signal: &Signal) {
        for entry in Array::from(&signal.subject).iter() {
            let height = |name| js::number(&js::get(&entry, name), "height");
            let of_itself = js::number(&entry, "intersectionRatio");
            let of_window = height("intersectionRect") / height("rootBounds").max(1.0);
            let inside = js::is(&entry, "isIntersecting") && enough(of_itself, of_window);
            let element: Element = js::get(&entry, "target").unchecked_into();
            self.watched
                .visible
                .sights
                .moved(element, inside, signal.time);
        }
    }

    /// The page was shown or hidden.
    pub(super) fn sights(&mut self, shown: bool, now: f64) {
        self.watched.visible.sights.shown(shown, now);
    }

    /// Time has passed: elements are looked for, or have been seen.
    pub(super) fn seen(&mut self, signal: &Signal) {
        let visible = &mut self.watched.visible;
        if visible.scan <= signal.time {
            visible.scan();
        }
        for element in visible.sights.seen(signal.time) {
            self.viewed(&element, signal);
        }
    }

    fn viewed(&mut self, element: &Element, signal: &Signal) {
        let visible = &self.watched.visible;
        if let Some(eye) = &visible.eye {
            call(eye, "unobserve", &Array::of1(element));
        }
        let path = path(element);
        let marks = marks(&path);
        if marks.ignored {
            return self.ignore(ELEMENT, "mark");
        }
        let masks = &self.watched.visible.masks;
        let described = Description::of(element, &path, 0, masks, &self.options.redact);
        let mut classes = Vec::new();
        word(&described.class, &mut |class| {
            classes.push(class);
            false
        });
        let viewed = ElementViewed {
            element: described.element(&classes),
        };
        let details = write::object(&viewed).unwrap_or_default();
        let details = write::joined(&details, &marks.properties());
        let named = element.attribute(ATTRIBUTE).unwrap_or_default();
        let named = cut(named.trim_ascii(), LONGEST);
        let event = if named.is_empty() {
            ELEMENT_VIEWED
        } else {
            named
        };
        self.track(event, &details, signal);
    }
}

/// The element and those around it, from the inside out, also out of shadow roots.
fn path(element: &Element) -> Array {
    let path = Array::new();
    let mut node: JsValue = element.into();
    while node.is_truthy() {
        let parent = js::get(&node, "parentNode");
        path.push(&node);
        node = if parent.is_truthy() {
            parent
        } else {
            js::get(&node, "host")
        };
    }
    path
}

/// What the elements of a path say.
fn marks(path: &Array) -> Marks {
    let mut marks = Marks::default();
    for (depth, node) in (0..).zip(path.iter()) {
        let attributes = js::get(&node, "attributes");
        if !attributes.is_truthy() {
            continue;
        }
        for attribute in Array::from(&attributes).iter() {
            let name = js::text(&attribute, "name").unwrap_or_default();
            if let Some(name) = name.strip_prefix(PREFIX) {
                let value = js::text(&attribute, "value").unwrap_or_default();
                marks.add(depth, name, &value);
            }
        }
    }
    marks
}
