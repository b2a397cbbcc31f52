// The bundle that has all its parts within.
import { RudderAnalytics } from "@rudderstack/analytics-js/bundled";

const at = new URLSearchParams(location.search).get("at");
const analytics = new RudderAnalytics();
analytics.load("peer-key", at, { configUrl: at });
analytics.ready(() => {
  window.peer = { track: (name, properties) => analytics.track(name, properties) };
});
