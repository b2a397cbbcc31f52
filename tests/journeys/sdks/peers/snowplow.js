import { newTracker, trackStructEvent } from "@snowplow/browser-tracker";

newTracker("peer", new URLSearchParams(location.search).get("at"), { appId: "peer" });
window.peer = { track: (action, { id, text } = {}) => trackStructEvent({ category: "peer", action, label: id, property: text }),
};
