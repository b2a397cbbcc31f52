//! What the subjects of capture have seen becomes events.

use clickstream_event::{
    action::{
        ELEMENT_CLICKED, FORM_ABANDONED, FORM_STARTED, FORM_SUBMITTED, FormFilled, PAGE_LEFT,
        RAGE_CLICKED, RageClicked,
    },
    context::Page,
    kind::EventType,
    write,
};
use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};

use super::{Draft, Moment, Tracker};
use crate::{marks::Marks, settings::Host, signal::Signal, words::news};

/// Whether anything is told at the end of a view.
const VIEWS_END: bool = cfg!(any(feature = "leave", feature = "forms"));

/// What news are about that are about no finished event.
const CLICK: &str = r#"{"type":"track","event":"Element Clicked"}"#;
const FORM: &str = r#"{"type":"track","event":"Form"}"#;

impl Tracker {
    /// Something of this kind is not recorded; who watches hears why.
    pub(super) fn ignore(&mut self, what: &str, why: &str) {
        let transport = &mut self.outbox.transport;
        transport.note(news::IGNORED, what, Some(why));
    }

    /// Asks the loader to hear what the chosen subjects need beside clicks and page views.
    pub(super) fn listen(&self, host: &Host) {
        let listen = host.function("listen");
        let hear = |kinds: &str, captured: bool| {
            let _ = listen.call2(&JsValue::UNDEFINED, &kinds.into(), &captured.into());
        };
        // Before the page's own listeners, which may stop them.
        if self.options.forms {
            hear("input submit", true);
        }
        // The window's own, not those of the elements in it.
        if self.options.leave {
            hear("scroll focus blur", false);
        }
    }

    /// A click.
    pub(super) fn clicked(&mut self, signal: &Signal) {
        let marks = read_marks(&signal.marks);
        let click = match self.clicks.read(signal, &marks, self.options.links) {
            Ok(click) => click,
            Err(why) => return self.ignore(CLICK, why),
        };
        let marked = marks.properties();
        if self.options.clicks || click.leads {
            let details = write::joined(&click.properties, &marked);
            self.track(ELEMENT_CLICKED, &details, signal);
            if click.masked {
                let transport = &mut self.outbox.transport;
                transport.note(news::MASKED, CLICK, None);
            }
            #[cfg(any(feature = "watch", test))]
            self.doubt(signal);
            if cfg!(feature = "rage") && self.options.rage && click.rage {
                let click = self.last_id(signal.time);
                let details = write::object(&RageClicked { click: &click });
                self.track(RAGE_CLICKED, &details.unwrap_or_default(), signal);
            }
        } else {
            self.ignore(CLICK, "capture");
        }
        if let Some(event) = marks.event.as_deref().filter(|event| !event.is_empty()) {
            self.track(event, &marked, signal);
        }
    }

    /// A form was filled in or submitted.
    pub(super) fn formed(&mut self, kind: &str, signal: &Signal) {
        let marks = read_marks(&signal.marks);
        if marks.ignored {
            return self.ignore(FORM, "mark");
        }
        let submitted;
        let (event, form) = if kind == "submit" {
            submitted = self.forms.submit(&signal.list);
            (FORM_SUBMITTED, submitted.as_ref())
        } else {
            let begun = self.forms.input(&signal.list, signal.time);
            (FORM_STARTED, begun)
        };
        let Some(form) = form else { return };
        let filled = told(&form.filled(signal.time));
        let details = write::joined(&filled, &marks.properties());
        self.track(event, &details, signal);
    }

    /// The page was looked at otherwise than before; one that ends is left.
    pub(super) fn looked(&mut self, kind: &str, signal: &Signal) {
        if !VIEWS_END {
            return;
        }
        if let Ok(pixels) = self.seen.call0(&JsValue::UNDEFINED) {
            let pixels: Array = pixels.unchecked_into();
            let pixel = |at| pixels.get(at).as_f64().unwrap_or_default();
            self.visit.scrolled(pixel(0), pixel(1));
        }
        match kind {
            "hidden" | "visible" => self.visit.seen(kind == "visible", signal.time),
            "focus" => self.visit.focused(signal.subject.is_truthy(), signal.time),
            "pagehide" => self.left(signal.time),
            _ => {}
        }
    }

    /// Another view takes the place of the present one.
    pub(super) fn turned(&mut self, page: [&str; 3], now: f64) {
        #[cfg(any(feature = "watch", test))]
        self.watched.turn(page, now);
        if VIEWS_END {
            self.left(now);
            self.visit.begin(page, now);
        }
    }

    /// The present view ends: what was begun on it is told of, then the view itself, once.
    pub(super) fn left(&mut self, now: f64) {
        if !VIEWS_END {
            return;
        }
        let Some((page, left)) = self.visit.end(now) else {
            return;
        };
        let [url, title, referrer] = &page;
        let moment = Moment {
            time: now,
            page: Page::at(url, title, referrer),
        };
        if cfg!(feature = "forms") {
            for form in self.forms.abandon() {
                self.tell(FORM_ABANDONED, &told(&form.filled(now)), &moment);
            }
        }
        if self.options.leave {
            self.tell(
                PAGE_LEFT,
                &write::object(&left).unwrap_or_default(),
                &moment,
            );
        }
    }

    /// Records a track event of another moment than the present signal's.
    pub(super) fn tell(&mut self, event: &str, details: &str, moment: &Moment<'_>) {
        let draft = Draft {
            event: Some(event),
            details: Some(details),
            ..Draft::default()
        };
        self.record(EventType::Track, &draft, moment);
    }
}

fn told(filled: &FormFilled<'_>) -> String {
    write::object(filled).unwrap_or_default()
}

/// Depth, name and value, again and again.
fn read_marks(told: &Array) -> Marks {
    let mut marks = Marks::default();
    let text = |at| told.get(at).as_string().unwrap_or_default();
    let mut at = 0;
    while at < told.length() {
        let depth = told.get(at).as_f64().unwrap_or_default() as u32;
        marks.add(depth, &text(at + 1), &text(at + 2));
        at += 3;
    }
    marks
}
