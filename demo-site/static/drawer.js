// The drawer "what this page just said": the visitor's own events, as the tracker queues and
// sends them and the relay acknowledges them. It listens before the tracker begins, and keeps
// the last ones for the next page of this tab.
(() => {
  const EVENTS = "shop.events";
  const OPEN = "shop.drawer";
  const MOST = 50;
  const ORDER = ["queued", "sent", "acknowledged", "rejected"];

  const stored = (key, otherwise) => {
    try {
      return JSON.parse(sessionStorage.getItem(key)) ?? otherwise;
    } catch {
      return otherwise;
    }
  };
  const keep = (key, value) => {
    try {
      sessionStorage.setItem(key, JSON.stringify(value));
    } catch {}
  };

  let events = stored(EVENTS, []);
  let drawer;

  document.addEventListener("clickstream", ({ detail }) => {
    const { state, messageId, line, reason } = detail;
    // The drawer shows events; what the tracker says of itself, or passed over, is none.
    if (!messageId) return;
    // Other pages of this tab may have said something since this one was last seen.
    events = stored(EVENTS, []);
    let event = events.find(({ id }) => id === messageId);
    if (!event) {
      event = { id: messageId, state };
      events.push(event);
    }
    if (line) event.line = typeof line === "string" ? line : JSON.stringify(line);
    if (reason) event.reason = reason;
    // News may overtake each other: a state never goes back.
    if (ORDER.indexOf(state) > ORDER.indexOf(event.state)) event.state = state;
    const { anonymousId } = parsed(event);
    if (anonymousId) sessionStorage.setItem("shop.anonymous", anonymousId);
    events = events.slice(-MOST);
    keep(EVENTS, events);
    draw();
  });

  const parsed = ({ line }) => {
    try {
      return JSON.parse(line);
    } catch {
      return {};
    }
  };

  const element = (name, className, text) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };

  const row = (event) => {
    const said = parsed(event);
    const item = element("li", event.state);
    const details = element("details");
    details.dataset.id = event.id;
    const summary = element("summary");
    const when = said.originalTimestamp || said.timestamp || "";
    summary.append(
      element("time", "", when.slice(11, 19)),
      element("strong", "", said.event || said.type || "event"),
      element("span", "state", event.state),
    );
    const clicked = said.properties?.element?.text;
    const where = [clicked && `“${clicked}”`, said.context?.page?.path].filter(Boolean);
    if (where.length) summary.append(element("span", "where", where.join(" on ")));
    details.append(summary);
    if (event.reason) details.append(element("p", "fault", event.reason));
    // Written out only when somebody looks.
    details.addEventListener("toggle", () => {
      if (details.open && !details.querySelector("pre"))
        details.append(element("pre", "", JSON.stringify(said, null, 2)));
    });
    item.append(details);
    return item;
  };

  const draw = () => {
    if (!drawer) return;
    const { list, count, empty, sheet } = drawer;
    count.textContent = events.length;
    empty.hidden = events.length > 0;
    if (sheet.hidden) return;
    const known = new Map([...list.children].map((item) => [item.firstChild.dataset.id, item]));
    const wanted = events.toReversed().map((event) => {
      const item = known.get(event.id) || row(event);
      if (item.className !== event.state) {
        item.className = event.state;
        item.querySelector(".state").textContent = event.state;
      }
      return item;
    });
    // Rows that stay keep their place in the document, and so focus and what is open.
    wanted.forEach((item, at) => {
      if (list.children[at] !== item) list.insertBefore(item, list.children[at] || null);
    });
    while (list.children.length > wanted.length) list.lastChild.remove();
  };

  addEventListener("DOMContentLoaded", () => {
    const part = (name) => document.getElementById(`drawer${name}`);
    drawer = {
      knob: part("-knob"),
      sheet: part("-sheet"),
      list: part("-list"),
      count: part("-count"),
      empty: part("-empty"),
    };
    const show = (open) => {
      drawer.sheet.hidden = !open;
      drawer.knob.setAttribute("aria-expanded", open);
      keep(OPEN, open);
      draw();
    };
    part("").hidden = false;
    drawer.knob.addEventListener("click", () => show(drawer.sheet.hidden));
    part("-close").addEventListener("click", () => {
      show(false);
      drawer.knob.focus();
    });
    part("-clear").addEventListener("click", () => {
      events = [];
      keep(EVENTS, events);
      draw();
    });
    part("").addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || drawer.sheet.hidden) return;
      show(false);
      drawer.knob.focus();
    });
    show(stored(OPEN, false));
    // Back from the browser's history, as it was left.
    addEventListener("pageshow", ({ persisted }) => {
      if (!persisted) return;
      events = stored(EVENTS, []);
      show(stored(OPEN, false));
    });
  });
})();
