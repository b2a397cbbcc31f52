//! The browser SDK: page views and clicks as nested events.
//!
//! ```text
//! page ──► door.js ──► signal ──► tracker ──► capture ──► element, marks, context ──► line
//!          keeps what  one thing                page,       what may be said
//!          comes early that happened            click                                    │
//!                                                                                        ▼
//!                    relay ◄── deliver (fetch, beacon) ◄── turn ◄── transport ◄── queue
//!                                                            │
//!                                                        database
//! ```
//!
//! Rust holds what things mean and every decision; the door holds what must run inside
//! the page's own events (listening, reading raw values, the clock's timer). Nothing is
//! sent or put into the database while a click is being handled: the event gets its number in
//! the visit (a short text in `localStorage`), is described and queued, and the timer does the rest. `queue`, `transport`, `backoff`, `marks`, `identity` and
//! `capture/page` know no browser and are tested natively.

// From the door to the one owner.
pub mod words;

pub mod options;

mod js;

mod settings;

mod signal;

pub mod tracker;

// What is captured, and how it is described; `watch` is how the full edition watches a page.
pub mod capture;

mod element;

pub mod marks;

#[cfg(any(feature = "watch", test))]
mod watch;

mod context;

// Who it was.
pub mod identity;

pub mod store;

// What a visitor allows, and what a site does not want said.
pub mod consent;

mod mask;

pub mod redact;

// Which visit it was, what led to it, and which of the site's routes.
mod campaign;

pub mod session;

mod route;

// What a site does to events before they are lines for good.
pub mod plugin;

// The way in for sites of Rust.
#[cfg(any(feature = "app", test))]
pub mod app;

// From the line to the relay.
pub mod queue;

pub mod transport;

pub mod backoff;

mod outbox;

mod deliver;

mod turn;

mod task;

mod clock;

// The smallest allocator that frees; the queue's bound keeps its list short.
#[cfg(all(target_arch = "wasm32", feature = "module"))]
#[global_allocator]
#[allow(
    unsafe_code,
    reason = "the module has one thread: a worker would need shared memory, which no page gives it"
)]
// SAFETY: see the reason above; nothing else can be inside an allocation.
static ALLOCATOR: lol_alloc::AssumeSingleThreaded<lol_alloc::FreeListAllocator> =
    unsafe { lol_alloc::AssumeSingleThreaded::new(lol_alloc::FreeListAllocator::new()) };
