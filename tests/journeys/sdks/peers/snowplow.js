import { newTracker, trackStructEvent } from "@snowplow/browser-tracker";

newTracker("peer", new URLSearchParams(location.search).get("at"), { appId: "peer" });
window.peer = { track: (action) => trackStructEvent({ category: "peer", action }) };
