// A site that brings the tracker along from npm: bundled, and run in a browser.
import { clickstream, start } from "clickstream-tracker";
import type { Captured, ClickstreamEvent, News, Plugin, Settings } from "clickstream-tracker";

const settings: Settings = {
  writeKey: "browser-key",
  endpoint: new URLSearchParams(location.search).get("relay") ?? undefined,
  capture: ["pages", "clicks", "links"],
  pageBy: "query",
  routes: ["/books/:id", "/users/:id/*"],
  redact: "voucher",
  privacy: ["gpc", "dnt"],
  debug: true,
};

// Before it has started; the promise holds all the same.
const early: Promise<boolean> = clickstream.track("Before Start", { nested: { list: [1, 2.5] } });

document.addEventListener("clickstream", ({ detail }) => {
  const news: News = detail;
  const event: ClickstreamEvent = JSON.parse(news.line);
  const clicked = event.properties as Captured["Element Clicked"] | undefined;
  if (news.state === "acknowledged" && event.event === "Element Clicked")
    document.title = `${clicked?.element.tag} by ${clicked?.input.kind}`;
});

clickstream.plugin({
  name: "branch",
  enrich(event) {
    event.context.branch = "north";
    if (event.event === "Unwanted") return false;
  },
  forward: ({ type, event }) => console.assert(type !== "track" || event !== undefined),
});

const tracker = start(settings);
const late: Plugin = { name: "late" };
tracker.plugin(late);
tracker.track("Unwanted");
tracker.identify(45, { plan: "free" });
tracker.group("readers");
tracker.page("Books", "Fiction", { shelf: 3 });
tracker.consent({ analytics: true, marketing: false, research: true });
tracker.push(["track", "By Push", { n: 1 }], ["flush"]);
tracker.track("With Options", null, { messageId: "mine", timestamp: new Date() });

// Once more is nothing.
const again = start({ writeKey: "other-key" });

declare global {
  interface Window {
    results: Promise<unknown[]>;
  }
}
window.results = Promise.all([early, tracker.ready, again.ready, again === tracker]);
