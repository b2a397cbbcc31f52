// The door between a page and the tracker: the only part that runs inside the page's own
// events and calls. It listens from its first moment, reads raw values, keeps them until the
// wasm is there, and lets no error through in either direction. What they mean is Rust's.
(() => {
  const script =
    document.currentScript || document.querySelector("script[data-write-key]");
  const calls = window.clickstream || [];
  // A second tag changes nothing.
  if (!script || !Array.isArray(calls)) return;

  let deliver, busy, timer;
  let waiting = [];

  // One thing that happened, with when and where. What happens while another is being
  // delivered (a listener of debug events that calls us) waits for its turn.
  const signal = (kind, subject, list = [], marks = []) => {
    if (waiting.length < 1000)
      waiting.push([
        kind,
        subject,
        list,
        marks,
        Date.now(),
        location.href,
        document.title,
      ]);
    drain();
  };
  const drain = () => {
    if (busy || !deliver) return;
    busy = 1;
    while (waiting.length)
      try {
        deliver(...waiting.shift());
      } catch (error) {
        warn(error);
      }
    busy = 0;
  };
  const warn = (error) => console.warn("clickstream:", error);

  // The page's events. The path is gone once a listener has returned, so it is kept, and
  // with it what the elements on it say in data-clickstream-… attributes.
  const heard = (event) => {
    const kind = event.type;
    if (kind == "visibilitychange") signal(document.visibilityState);
    else if (!/click/.test(kind)) {
      if (kind != "pageshow" || event.persisted) signal(kind);
    } else {
      const path = event.composedPath();
      const marks = [];
      path.forEach((node, depth) => {
        for (const { name, value } of node.attributes || [])
          if (name.startsWith("data-clickstream-"))
            marks.push(depth, name.slice(17), value);
      });
      signal(kind, event, path, marks);
    }
  };

  // The calls: leading texts, then details, then options.
  const called = (name, given) => {
    const isObject = (value) => value && typeof value == "object";
    const first = given.findIndex(isObject);
    const texts =
      first == 0
        ? 0
        : name != "page" && name != "alias"
          ? 1
          : first < 0
            ? given.length
            : first;
    let details = given[texts];
    const options = given[texts + 1] || {};
    const time = new Date(options.timestamp ?? NaN);
    if (name == "page")
      details = {
        url: location.href,
        path: location.pathname,
        search: location.search,
        title: document.title,
        ...details,
      };
    try {
      details = isObject(details) ? JSON.stringify(details) : void 0;
    } catch (error) {
      // A circle, or a number too big for JSON: the event is worth more than its details.
      details = void 0;
      warn(error);
    }
    signal(
      name,
      details,
      [
        texts > 0 ? given[0] : null,
        texts > 1 ? given[1] : null,
        options.messageId,
        isNaN(time) ? null : time.toISOString(),
      ].map((value) => (value == null ? void 0 : String(value))),
    );
  };

  const api = {
    push: (...calls) =>
      calls.forEach((call) => {
        if (Array.isArray(call) && call[0] in api) api[call[0]](...call.slice(1));
      }),
  };
  for (const name of "page track identify group alias reset flush setUserToken".split(" "))
    api[name] = (...given) => {
      try {
        called(name, given);
      } catch (error) {
        warn(error);
      }
    };

  window.clickstream = api;

  for (const name of ["pushState", "replaceState"]) {
    const original = history[name];
    history[name] = function (...given) {
      const result = original.apply(this, given);
      signal(name);
      return result;
    };
  }

  for (const kind of "click auxclick popstate hashchange pageshow pagehide visibilitychange online".split(
    " ",
  ))
    addEventListener(kind, heard, { capture: true, passive: true });

  // @bindings

  const boot = () => {
    signal("load");
    api.push(...calls);
    wasm_bindgen({ module_or_path: new URL("clickstream.wasm", script.src) })
      .then(() => {
        wasm_bindgen.start({
          ...script.dataset,
          endpoint: (script.dataset.endpoint || new URL(script.src).origin).replace(/\/$/, ""),
          referrer: document.referrer,
          userAgent: navigator.userAgent,
          locale: navigator.language,
          timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
          width: screen.width,
          height: screen.height,
          density: devicePixelRatio,
          webdriver: navigator.webdriver,
          gpc: navigator.globalPrivacyControl,
          wake: (ms) => {
            clearTimeout(timer);
            timer = setTimeout(signal, ms, "tick");
          },
          random: () =>
            Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
              byte.toString(16).padStart(2, "0"),
            ).join(""),
          say: (state, messageId, line, reason) =>
            document.dispatchEvent(
              new CustomEvent("clickstream", {
                detail: { state, messageId, line, reason },
              }),
            ),
        });
        deliver = wasm_bindgen.signal;
        drain();
      })
      .catch((error) => {
        // Without wasm (blocked, or a policy without 'wasm-unsafe-eval') the calls do nothing.
        deliver = () => {};
        waiting = [];
        warn(error);
      });
  };
  // A page drawn in advance has not been seen yet.
  if (document.prerendering) addEventListener("prerenderingchange", boot, { once: true });
  else boot();
})();
