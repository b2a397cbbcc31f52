// With the capture of clicks that it has by itself; nothing but events is asked of its server.
import posthog from "posthog-js";

posthog.init("peer-key", {
  api_host: new URLSearchParams(location.search).get("at"),
  autocapture: true,
  capture_pageview: false,
  capture_pageleave: false,
  rageclick: false,
  disable_session_recording: true,
  disable_surveys: true,
  disable_compression: true,
  disable_external_dependency_loading: true,
  advanced_disable_flags: true,
  // It leaves out a browser that is driven.
  opt_out_useragent_filter: true,
});
window.peer = { track: (name, properties) => posthog.capture(name, properties) };
