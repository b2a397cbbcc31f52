//! User stories, each once, end to end with real parts: real browsers, real HTTP, real files.
#![allow(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

mod bot_browses;
mod click_to_lake;
mod direct_is_browser;
mod engines;
mod firehose_page;
mod firehose_sdks;
mod firehose_sink;
mod infrastructure;
mod lake_questions;
mod lake_readers;
mod live_view;
mod origin;
mod peers;
mod replay;
mod sdks;
mod shop_pages;
mod stream;
mod tracker;
mod tracker_calls;
mod tracker_clicks;
mod tracker_consent;
mod tracker_debug;
mod tracker_delivery;
mod tracker_forms;
mod tracker_kept;
mod tracker_leave;
mod tracker_links;
mod tracker_listed;
mod tracker_package;
mod tracker_pages;
mod tracker_plugins;
mod tracker_policies;
mod tracker_quiet;
mod tracker_visits;
mod visitor_cookie;
