//! The one owner: it holds everything and decides what each signal means.

mod call;
mod captured;
mod record;

use clickstream_event::{action::PageViewed, context::Page, kind::EventType, text::joined, write};
use js_sys::{Array, Function};
use wasm_bindgen::JsValue;

use crate::{
    capture::{Forms, click::Clicks, leave::Visit, page::Pages},
    clock,
    context::Environment,
    deliver,
    identity::Identity,
    options::Options,
    settings::{Host, Settings},
    signal::Signal,
    store::{Store, browser::BrowserStore, memory::MemoryStore},
    transport::{Answer, Note, Transport},
};
use record::{Draft, Moment};

/// The tracker of a page.
#[derive(Debug)]
pub struct Tracker {
    environment: Environment,
    identity: Identity,
    options: Options,
    pages: Pages,
    clicks: Clicks,
    forms: Forms,
    visit: Visit,
    /// How far down the window is, and how high the page: two numbers, in pixels.
    seen: Function,
    transport: Transport,
    endpoint: String,
    /// `/v1/forget` is owed.
    forget: bool,
    private: bool,
    /// The page is hidden or ending: what comes now goes at once.
    leaving: bool,
    nonce: String,
    number: u64,
    wake: Function,
    /// When the timer rings.
    woken: f64,
    say: Function,
}

/// What a signal leads to once the tracker is let go.
#[derive(Debug)]
pub struct Effects {
    /// A request to make: address and body.
    pub request: Option<(String, String)>,
    notes: Vec<Note>,
    say: Function,
}

impl Tracker {
    /// A tracker with what the loader knows.
    pub(crate) fn new(host: &Host) -> Self {
        let settings = Settings::read(host);
        let options = Options::read(host);
        let kept = BrowserStore::open().filter(|_| !settings.private);
        let store: Box<dyn Store> = match kept {
            Some(store) => Box::new(store),
            None => Box::new(MemoryStore::default()),
        };
        let draw = host.function("random");
        let random = move || {
            let drawn = draw.call0(&JsValue::UNDEFINED).unwrap_or_default();
            drawn.as_string().unwrap_or_default()
        };
        let nonce = random();
        let identity = Identity::open(store, Box::new(random), settings.user_id);
        let mut visit = Visit::default();
        visit.seen(host.get("visible").is_truthy(), 0.0);
        visit.focused(host.get("focused").is_truthy(), 0.0);
        let tracker = Self {
            environment: Environment::read(host),
            identity,
            options,
            pages: Pages::new(options.page_by),
            clicks: Clicks::default(),
            forms: Forms::default(),
            visit,
            seen: host.function("seen"),
            transport: Transport::new(settings.write_key, "denied", settings.debug),
            endpoint: settings.endpoint,
            forget: false,
            private: settings.private,
            leaving: false,
            nonce,
            number: 0,
            wake: host.function("wake"),
            woken: f64::INFINITY,
            say: host.function("say"),
        };
        tracker.listen(host);
        tracker
    }

    /// Takes a signal in.
    pub(crate) fn happened(&mut self, signal: &Signal) -> Effects {
        let kind = signal.kind.as_str();
        if kind == "scroll" || kind == "focus" {
            self.looked(kind, signal);
            return self.proceed(kind, signal.time);
        }
        if kind == "page" {
            self.pages.replaced(&signal.url);
        }
        if kind != "tick" || self.pages.due().is_some_and(|due| due <= signal.time) {
            self.settle(&signal.url, &signal.title);
        }
        match kind {
            "click" | "auxclick" => self.clicked(signal),
            "load" => {
                self.leaving = false;
                let referrer = signal.subject.as_string().unwrap_or_default();
                self.pages
                    .loaded(&signal.url, &signal.title, referrer, signal.time);
            }
            "pushState" | "replaceState" | "popstate" | "hashchange" | "pageshow" => {
                // Given back by the cache, a page has ended and not ended.
                self.leaving &= kind != "pageshow";
                self.pages
                    .happened(kind, &signal.url, &signal.title, signal.time);
            }
            "hidden" | "pagehide" => {
                self.leaving = true;
                self.looked(kind, signal);
            }
            "visible" => {
                self.leaving = false;
                self.looked(kind, signal);
            }
            "left" => self.left(signal.time),
            "input" | "submit" => self.formed(kind, signal),
            "online" => self.transport.online(),
            "tick" => {
                self.woken = f64::INFINITY;
                self.looked(kind, signal);
            }
            // What follows happened on the page before, which claimed this user.
            "earlier" => self.identity.hold(signal.subject.as_string()),
            "now" => self.identity.release(),
            call => self.called(call, signal),
        }
        self.proceed(kind, signal.time)
    }

    /// Takes the relay's answer in, and the id that it remembers.
    pub(crate) fn answered(
        &mut self,
        answer: &Answer,
        remembered: Option<String>,
        now: f64,
    ) -> Effects {
        if matches!(answer, Answer::Stored(_)) {
            self.identity.settle(remembered);
        }
        self.transport.answered(answer, now, js_sys::Math::random());
        self.proceed("", now)
    }

    /// The view that waits becomes an event, before anything that came after it.
    fn settle(&mut self, url: &str, title: &str) {
        let Some(view) = self.pages.settle(url, title) else {
            return;
        };
        if !self.options.pages {
            let page = [&view.url, &view.title, &view.referrer];
            return self.turned(page.map(String::as_str), view.time);
        }
        let page = Page::at(&view.url, &view.title, &view.referrer);
        let viewed = write::object(&PageViewed::new(&page, Some(view.navigation)));
        let draft = Draft {
            details: viewed.as_deref().ok(),
            ..Draft::default()
        };
        let moment = Moment {
            time: view.time,
            page,
        };
        self.record(EventType::Page, &draft, &moment);
    }

    /// What follows from where things stand: beacons from a page that ends, a request when
    /// the timer rang or an answer made room, and the timer.
    fn proceed(&mut self, kind: &str, now: f64) -> Effects {
        let mut request = None;
        let may_send = self.leaving || kind == "tick" || kind.is_empty();
        if may_send && std::mem::take(&mut self.forget) && !self.private {
            deliver::beacon(&joined(&[&self.endpoint, "/v1/forget"]), "");
        }
        self.transport.storage = match (self.private, self.identity.is_new()) {
            (true, _) => "denied",
            (false, true) => "new",
            (false, false) => "granted",
        };
        let address = joined(&[&self.endpoint, "/v1/batch"]);
        if self.leaving {
            let send = |body: &str| deliver::beacon(&address, body);
            self.transport
                .leave(kind == "pagehide", &clock::iso(now), send);
        } else if may_send {
            let body = self.transport.attempt(now, &clock::iso(now));
            request = body.map(|body| (address, body));
        }
        let next = self.transport.next().unwrap_or(f64::INFINITY);
        let next = next.min(self.pages.due().unwrap_or(f64::INFINITY));
        if next < self.woken {
            self.woken = next;
            let wait = (next - now).max(0.0);
            let _ = self.wake.call1(&JsValue::UNDEFINED, &wait.into());
        }
        Effects {
            request,
            notes: self.transport.notes(),
            say: self.say.clone(),
        }
    }
}

impl Effects {
    /// Tells the document what became of its events.
    pub(crate) fn tell(&self) {
        for note in &self.notes {
            let words = Array::of4(
                &note.state.into(),
                &note.line.id.as_str().into(),
                &note.line.json.as_str().into(),
                &note
                    .reason
                    .as_deref()
                    .map(JsValue::from)
                    .unwrap_or_default(),
            );
            let _ = self.say.apply(&JsValue::UNDEFINED, &words);
        }
    }
}
