// What the compiler has to find: an error that is none makes `tsc` fail at the line above it.
import { clickstream, start } from "clickstream-tracker";

// @ts-expect-error: there is no tracker without a write key.
start({ endpoint: "https://relay.example" });
// @ts-expect-error: a setting that does not exist.
start({ writeKey: "k", pageby: "path" });
// @ts-expect-error: a subject that does not exist.
start({ writeKey: "k", capture: ["page"] });
// @ts-expect-error: a word that the setting does not know.
start({ writeKey: "k", consent: "ask" });
// @ts-expect-error: an event needs a name.
clickstream.track();
// @ts-expect-error: properties are an object.
clickstream.track("Order Completed", 31.9);
// @ts-expect-error: a decision has to say something of analytics.
clickstream.consent({ marketing: true });
// @ts-expect-error: a category is allowed or not.
clickstream.consent({ analytics: "yes" });
// @ts-expect-error: no such call.
clickstream.screen("Home");
// @ts-expect-error: no such call, as an array.
clickstream.push(["tracked", "X"]);
// @ts-expect-error: an array's arguments are the call's.
clickstream.push(["track", 7]);
// @ts-expect-error: an id of a message is a text.
clickstream.track("X", {}, { messageId: 7 });
// @ts-expect-error: a plugin has a name.
clickstream.plugin({ enrich: () => false });
// @ts-expect-error: an event is changed in place.
clickstream.plugin({ name: "copies", enrich: (event) => ({ ...event, name: "x" }) });
document.addEventListener("clickstream", ({ detail }) => {
  // @ts-expect-error: no news has this state.
  if (detail.state === "delivered") return;
});
