//! The one owner: it holds everything and decides what each signal means.

mod allowed;
mod call;
mod captured;
mod record;
mod told;
#[cfg(any(feature = "watch", test))]
mod watched;

use std::rc::Rc;

use clickstream_event::{action::PageViewed, context::Page, kind::EventType, text::joined, write};
use js_sys::{Array, Function, JSON};
use wasm_bindgen::{JsCast, JsValue};

use crate::{
    campaign,
    capture::{Forms, click::Clicks, leave::Visit, page::Pages, parts},
    consent::{Consent, Decision},
    context::Environment,
    deliver::{Relay, beacon},
    identity::Identity,
    js,
    mask::Masks,
    options::Options,
    outbox::{Errands, Leaving, Outbox},
    plugin::{Plugin, Plugins},
    session::Arrival,
    settings::{Host, Settings},
    signal::Signal,
    store::{Store, browser::BrowserStore, database::Database, names, permit::Permit},
    transport::{Envelope, Note, Transport},
    words::setting,
};
use record::{Draft, Moment, Seen};
#[cfg(any(feature = "watch", test))]
use watched::Watched;

/// What news are about that are about a view which is no event.
const VIEW: &str = r#"{"type":"page"}"#;

/// Events that wait for the page to have had its turn, at most.
const MOST_UNRECORDED: usize = 20;

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
    plugins: Plugins,
    /// What the full edition watches.
    #[cfg(any(feature = "watch", test))]
    watched: Watched,
    outbox: Outbox,
    endpoint: String,
    /// `/v1/forget` is owed.
    forget: bool,
    private: bool,
    permit: Rc<Permit<BrowserStore>>,
    decision: Decision,
    /// Finished lines that wait for the visitor's decision, and when they happened.
    held: Vec<(String, f64)>,
    /// The browser's privacy signals, as members of the context.
    signals: &'static str,
    /// Nothing is said in the words of pages.
    silent: bool,
    nonce: String,
    /// Of the event taken in last.
    number: u64,
    /// What was seen within one of the page's own events, and is recorded once that is over.
    unrecorded: Vec<Seen>,
    /// What led to this page, until its first event.
    arrival: Option<Arrival>,
    wake: Function,
    /// When the timer rings.
    woken: f64,
    say: Function,
}

/// What a signal leads to once the tracker is let go.
#[derive(Debug)]
pub struct Effects {
    /// What takes its time.
    pub errands: Errands,
    notes: Vec<Note>,
    say: Function,
}

impl Tracker {
    /// A tracker with what the loader knows.
    pub(crate) fn new(host: &Host, plugins: Vec<Box<dyn Plugin>>) -> Self {
        let settings = Settings::read(host);
        let options = Options::read(host);
        let kept = BrowserStore::open().filter(|_| !settings.private);
        let known = kept.as_ref().filter(|_| cfg!(feature = "consent"));
        let known = known.and_then(|store| store.get(names::CONSENT));
        // Whatever else wrote there: it goes into events as it stands.
        let known = known.filter(|known| JSON::parse(known).is_ok());
        let decision = Decision::open(&host.text(setting::CONSENT).unwrap_or_default(), known);
        let permit = Rc::new(Permit::new(kept, decision.state() == Consent::Granted));
        let store: Box<dyn Store> = Box::new(Rc::clone(&permit));
        let masks = Masks::new(host.text(setting::MASK), host.text(setting::TEXT));
        let draw = host.function("random");
        let random = move || {
            let drawn = draw.call0(&JsValue::UNDEFINED).unwrap_or_default();
            drawn.as_string().unwrap_or_default()
        };
        let nonce = random();
        let allowed = !settings.private && decision.state() == Consent::Granted;
        let database = allowed.then(|| {
            let name = joined(&["clickstream ", &settings.write_key]);
            Rc::new(Database::new(name, host))
        });
        let envelope = Envelope {
            write_key: settings.write_key,
            ..Envelope::default()
        };
        let transport = Transport::new(envelope, database.is_some(), settings.debug);
        let relay = Relay {
            address: joined(&[&settings.endpoint, "/v1/batch"]),
            cookies: host.get("origin") != "null",
        };
        let identity = Identity::open(store, Box::new(random), settings.user_id);
        let mut visit = Visit::default();
        visit.seen(host.is("visible"), 0.0);
        visit.focused(host.is("focused"), 0.0);
        let mut tracker = Self {
            environment: Environment::read(host),
            identity,
            pages: Pages::new(options.page_by),
            silent: masks.silent(),
            clicks: Clicks::new(masks, options.redact.clone()),
            forms: Forms::new(options.redact.clone()),
            options,
            visit,
            seen: host.function("seen"),
            plugins: Plugins::new(
                plugins,
                host.get("plugins").unchecked_into(),
                host.function("write"),
            ),
            #[cfg(any(feature = "watch", test))]
            watched: Watched::new(host),
            outbox: Outbox::new(transport, database, Rc::new(relay), nonce.clone()),
            endpoint: settings.endpoint,
            forget: false,
            private: settings.private,
            permit,
            decision,
            held: Vec::new(),
            signals: settings.signals,
            nonce,
            number: 0,
            unrecorded: Vec::new(),
            arrival: None,
            wake: host.function("wake"),
            woken: f64::INFINITY,
            say: host.function("say"),
        };
        tracker.listen(host);
        if cfg!(feature = "later") && !host.get(setting::LATER).is_undefined() {
            tracker.outbox.later = host.get("defer").dyn_into().ok();
        }
        tracker
    }

    /// Takes a signal in.
    pub(crate) fn happened(&mut self, signal: &mut Signal) -> Effects {
        self.hide(signal);
        let kind = signal.kind.as_str();
        if !is_dispatched(kind) {
            self.catch_up();
        }
        #[cfg(any(feature = "watch", test))]
        if self.heard(kind, signal) {
            return self.proceed(kind, signal.time);
        }
        if kind == "scroll" || kind == "focus" {
            self.looked(kind, signal);
            return self.proceed(kind, signal.time);
        }
        if kind == "page" {
            let waited = self.pages.due().is_some();
            self.pages.replaced(&signal.url);
            if waited && self.pages.due().is_none() {
                self.ignore(VIEW, "called");
            }
        }
        if kind != "tick" || self.pages.due().is_some_and(|due| due <= signal.time) {
            self.settle(&signal.url, &signal.title);
        }
        match kind {
            "click" | "auxclick" => self.clicked(signal),
            "load" => {
                self.outbox.leave(Leaving::No);
                let referrer = signal.subject.as_string().unwrap_or_default();
                let referrer = self.shown(referrer);
                if cfg!(feature = "campaigns") {
                    let marketing = self.decision.marketing();
                    self.arrival = Some(arrival(&signal.url, &referrer, marketing));
                }
                self.pages
                    .loaded(&signal.url, &signal.title, referrer, signal.time);
            }
            "pushState" | "replaceState" | "popstate" | "hashchange" | "pageshow" => {
                // Given back by the cache, a page has ended and not ended.
                if kind == "pageshow" {
                    self.outbox.leave(Leaving::No);
                    // WebKit's cache now and then gives a page back without its timer.
                    self.woken = f64::INFINITY;
                }
                self.pages
                    .happened(kind, &signal.url, &signal.title, signal.time);
                if self.pages.due().is_none() {
                    self.ignore(VIEW, "place");
                }
            }
            "hidden" | "pagehide" => {
                if kind == "pagehide" {
                    self.outbox.leave(Leaving::Ended);
                } else if !self.outbox.is_leaving() {
                    self.outbox.leave(Leaving::Hidden);
                }
                self.looked(kind, signal);
            }
            "visible" => {
                self.outbox.leave(Leaving::No);
                self.looked(kind, signal);
            }
            "left" => self.left(signal.time),
            "input" | "submit" if cfg!(feature = "forms") => self.formed(kind, signal),
            "online" => self.outbox.transport.online(),
            "tick" => {
                self.woken = f64::INFINITY;
                self.looked(kind, signal);
            }
            // What follows happened on the page before, which claimed this user.
            "earlier" => self.identity.hold(signal.subject.as_string()),
            "now" => self.identity.release(),
            call => self.called(call, signal),
        }
        #[cfg(any(feature = "watch", test))]
        self.watch(kind, signal);
        self.proceed(kind, signal.time)
    }

    /// The database, if there is to be one.
    pub(crate) fn database(&self) -> Option<Rc<Database>> {
        self.outbox.database()
    }

    /// The view that waits becomes an event, before anything that came after it.
    fn settle(&mut self, url: &str, title: &str) {
        let Some(view) = self.pages.settle(url, title) else {
            return;
        };
        self.catch_up();
        if !self.options.pages {
            let page = [&view.url, &view.title, &view.referrer];
            self.ignore(VIEW, "capture");
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

    /// What follows from where things stand, and the timer.
    fn proceed(&mut self, kind: &str, now: f64) -> Effects {
        let many = self.unrecorded.len() >= MOST_UNRECORDED;
        if !is_dispatched(kind) || self.outbox.is_leaving() || many {
            self.catch_up();
        }
        let may_send = kind == "tick" || kind.is_empty();
        let owed = self.forget && (may_send || self.outbox.is_leaving());
        if owed && std::mem::take(&mut self.forget) && !self.private {
            beacon(&joined(&[&self.endpoint, "/v1/forget"]), "");
        }
        self.outbox.transport.envelope.storage = match (
            self.private || self.decision.state() != Consent::Granted,
            self.identity.is_new(),
        ) {
            (true, _) => "denied",
            (false, true) => "new",
            (false, false) => "granted",
        };
        let errands = self.outbox.proceed(may_send, now);
        let next = self.outbox.next().unwrap_or(f64::INFINITY);
        let mut next = next.min(self.pages.due().unwrap_or(f64::INFINITY));
        if !self.unrecorded.is_empty() {
            next = now;
        }
        #[cfg(any(feature = "watch", test))]
        let next = next.min(self.watched.due());
        if next < self.woken {
            self.woken = next;
            let wait = (next - now).max(0.0);
            let _ = self.wake.call1(&JsValue::UNDEFINED, &wait.into());
        }
        Effects {
            errands,
            notes: self.outbox.transport.notes(),
            say: self.say.clone(),
        }
    }
}

impl Effects {
    /// Tells the document what became of its events.
    pub(crate) fn tell(&self) {
        for note in &self.notes {
            let words = Array::of3(
                &note.state.into(),
                &note.line.as_str().into(),
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

/// Whether the signal comes from within one of the page's own events, which somebody waits for.
fn is_dispatched(kind: &str) -> bool {
    matches!(kind, "click" | "auxclick" | "input" | "submit")
}

/// What led to a page, by its address and the one before it; with `marketing`, also as
/// advertisements' networks name it.
fn arrival(url: &str, referrer: &str, marketing: bool) -> Arrival {
    let host = |url| parts(url).map(|(host, _)| host);
    let another = host(referrer).is_some() && host(referrer) != host(url);
    Arrival {
        campaign: campaign::of(url, marketing, &js::decoded),
        referrer: if another { referrer } else { "" }.to_owned(),
    }
}
