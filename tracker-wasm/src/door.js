// The door between a page and the tracker: the only part that runs inside the page's own
// events and calls. It listens from its first moment, reads raw values, keeps them until the
// module runs, and lets no error through in either direction. What they mean is Rust's.
//
// Three ways lead here: the script tag (`loader.js`), the package (`package.js`) and a site that
// is itself of Rust (`app.rs`). `data` are the settings, as a script tag's dataset would have them;
// `calls` those made before; `run` gives a promise of the module's `start` and `signal`, `explain`
// one of the words for the console. Gives the calls.
export const open = (data, calls, run, explain) => {
  const KEPT = "clickstream.early";
  const plugins = [];
  let deliver, busy, moved, timer, explained, later;
  let waiting = [];
  // @early

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
    else list[4]?.(false);
    drain();
  };
  const drain = () => {
    if (busy || !deliver) return;
    busy = 1;
    // What a plugin or a listener of ours adds meanwhile, comes after the page has had its turn.
    for (let count = waiting.length; count--; )
      try {
        deliver(waiting.shift());
      } catch (error) {
        failed(error);
      }
    busy = 0;
    if (waiting.length) setTimeout(drain);
  };
  // News for whoever has asked for it; nobody else is told anything, the console least of all.
  const tell = (state, line = "{}", reason) => {
    if (data.debug != null)
      document.dispatchEvent(
        new CustomEvent("clickstream", {
          detail: { state, messageId: JSON.parse(line).messageId, line, reason },
        }),
      );
  };
  // Half an emoji, as substring leaves it, would have the relay refuse the event.
  const write = (value) => JSON.stringify(value).replace(/\\ud[89a-f]../g, "\\ufffd");
  const failed = (error) => tell("failed", void 0, String(error));

  // The page's events. The path is gone once a listener has returned, so it is kept, and
  // with it what the elements on it say in data-clickstream-… attributes.
  const heard = (event) => {
    try {
      told(event);
    } catch (error) {
      failed(error);
    }
  };
  const told = (event) => {
    const { type: kind, view } = event;
    // A frame with a tracker of its own tells of its clicks itself.
    if (view && view != window && view.clickstream) return;
    if (kind == "popstate" && moved) return;
    if (kind == "visibilitychange") signal(document.visibilityState);
    else if (/focus|blur/.test(kind)) signal("focus", document.hasFocus());
    else if (kind == "load") within(event.target);
    else if (!/click|input|submit/.test(kind)) {
      if (kind != "pageshow" || event.persisted) signal(kind);
    } else {
      const { button, detail, clientX, clientY, isTrusted, pointerType, timeStamp } = event;
      const path = event.composedPath();
      signal(
        kind,
        [button, detail, clientX, clientY, isTrusted, pointerType, timeStamp],
        path,
        marksOn(path),
      );
    }
    if (kind == "pagehide" && !deliver) keep();
  };
  const listen = (kinds, capture, target = window) => {
    for (const kind of kinds.split(" "))
      target.addEventListener(kind, heard, { capture, passive: true });
  };
  // Clicks in a frame of the same origin are this page's; another origin's window throws.
  const within = (frame) => {
    try {
      if (frame.localName == "iframe") listen("click auxclick", true, frame.contentWindow);
    } catch {}
  };
  const marksOn = (path) => {
    const marks = [];
    path.forEach((node, depth) => {
      for (const name of node.getAttributeNames?.() || [])
        if (name.startsWith("data-clickstream-"))
          marks.push(depth, name.slice(17), node.getAttribute(name));
    });
    return marks;
  };

  // A page that ends before its wasm was there leaves what happened to the next one, which
  // gets the elements drawn again: the control that was clicked, and around it its
  // ancestors without their other children. What was typed is in no attribute.
  const keep = () => {
    const kept = waiting.filter(([kind]) => !/hid|visi|online/.test(kind)).map(([kind, subject, list, marks, ...rest]) => {
      if (/click/.test(kind)) {
        let from = list.findIndex((node) => node.matches?.("a,button,label,summary"));
        if (from < 0) from = 0;
        let depth = 0;
        let drawn = list[from].cloneNode(list[from].matches("a,button,label,summary"));
        for (const node of list.slice(from + 1))
          if (/^(?!html$|body$)./.test(node.localName || "")) {
            const around = node.cloneNode();
            around.append(drawn);
            drawn = around;
            depth++;
          }
        list = [drawn.outerHTML, depth];
      }
      return [kind, subject, list, [], ...rest];
    });
    waiting = [];
    kept.push(["left", , [], [], Date.now(), location.href, document.title]);
    const { consent, storage, privacy } = data;
    // Whoever has to be asked first, or has refused, leaves nothing.
    if (
      !(navigator.globalPrivacyControl || consent || storage || privacy) &&
      !localStorage.getItem("clickstream.consent")
    )
      sessionStorage.setItem(KEPT, JSON.stringify([data.userId, kept]));
  };
  const takeUp = () => {
    const [user, kept] = JSON.parse(sessionStorage.getItem(KEPT)) || [];
    if (!kept) return;
    sessionStorage.removeItem(KEPT);
    signal("earlier", user);
    for (const [kind, subject, list, marks, ...rest] of kept) {
      if (/click/.test(kind)) {
        let [html, depth] = list.splice(0);
        const inert = document.createElement("template");
        inert.innerHTML = html;
        for (let node = inert.content; depth-- >= 0 && (node = node.firstElementChild); )
          list.unshift(node);
        marks.push(...marksOn(list));
      }
      waiting.push([kind, subject, list, marks, ...rest]);
    }
    signal("now");
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
    try {
      details = isObject(details) ? write(details) : void 0;
    } catch (error) {
      // A circle, or a number too big for JSON: the event is worth more than its details.
      details = void 0;
      failed(error);
    }
    const words = [
      texts > 0 ? given[0] : null,
      texts > 1 ? given[1] : null,
      options.messageId,
      isNaN(time) ? null : time.toISOString(),
    ].map((value) => (value == null ? void 0 : String(value)));
    // True once the event survives whatever happens to this page.
    const safe = new Promise((settle) => signal(name, details, [...words, settle]));
    if (!/^(res|fl|set|con|for)/.test(name)) return safe;
  };

  const api = {
    push: (...calls) =>
      calls.forEach((call) => {
        if (Array.isArray(call) && call[0] in api) api[call[0]](...call.slice(1));
      }),
    // They are asked before the first event is finished, whenever in the page's life it happened.
    plugin: (...given) => {
      try {
        plugins.push(...given.filter((one) => one?.enrich || one?.forward));
      } catch (error) {
        failed(error);
      }
    },
    debug: () => {
      data.debug = "console";
      signal("debug");
      explained ||= explain().then((words) => words.explain(data), failed);
    },
  };
  for (const name of names)
    api[name] = (...given) => {
      try {
        return called(name, given);
      } catch (error) {
        failed(error);
        return Promise.resolve(false);
      }
    };

  window.clickstream = api;

  listen("click auxclick pageshow pagehide visibilitychange online load popstate", true);
  document.querySelectorAll("iframe").forEach(within);

  // The Navigation API tells of every move within the document. Where there is none, the history
  // is asked to.
  if (window.navigation?.currentEntry)
    navigation.addEventListener("currententrychange", ({ navigationType: how }) => {
      try {
        // Of steps back and forward `popstate` tells, when a page's listeners have set the title.
        moved = { push: "pushState", replace: "replaceState" }[how];
        if (moved) signal(moved);
      } catch (error) {
        failed(error);
      }
    });
  else {
    for (const name of ["pushState", "replaceState"]) {
      const original = history[name];
      history[name] = function (...given) {
        const result = original.apply(this, given);
        signal(name);
        return result;
      };
    }
    listen("hashchange", true);
  }

  const boot = () => {
    try {
      takeUp();
    } catch (error) {
      failed(error);
    }
    signal("load", document.referrer);
    api.push(...calls);
    if (data.debug == "console") api.debug();
    api.ready = Promise.resolve(explained)
      .then(run)
      .then((module) => {
        module.start({
          ...data,
          plugins,
          write,
          origin,
          userAgent: navigator.userAgent,
          locale: navigator.language,
          // Its formats, of which we want none, take a browser longer than all else that is done here.
          timezone:
            window.Temporal?.Now?.timeZoneId?.() ||
            Intl.DateTimeFormat().resolvedOptions().timeZone,
          width: screen.width,
          height: screen.height,
          density: devicePixelRatio,
          webdriver: navigator.webdriver,
          gpc: navigator.globalPrivacyControl,
          dnt: navigator.doNotTrack == 1,
          visible: !document.hidden,
          focused: document.hasFocus(),
          seen: () => [
            scrollY + innerHeight,
            (document.scrollingElement || document.documentElement).scrollHeight,
          ],
          listen,
          // Browsers tell of these by callbacks, Rust waits for promises.
          settled: (target, good, bad) =>
            new Promise((resolve, reject) => {
              for (const kind of good.split(" ")) target["on" + kind] = resolve;
              target["on" + bad] = reject;
            }),
          // What the browser sends when this page is gone; it takes the place of what was said before.
          defer:
            window.fetchLater &&
            ((url, body) => {
              later?.abort();
              later = new AbortController();
              if (body)
                fetchLater(url, { method: "POST", body, credentials: "include", signal: later.signal });
            }),
          turn: (name) =>
            new Promise((given) =>
              navigator.locks.request(name, () => new Promise(given)).catch(given),
            ),
          wake: (ms) => {
            clearTimeout(timer);
            timer = setTimeout(signal, ms, "tick");
          },
          random: () =>
            Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
              byte.toString(16).padStart(2, "0"),
            ).join(""),
          say: tell,
        });
        deliver = module.signal;
        drain();
        return true;
      })
      .catch((error) => {
        // Without wasm (blocked, or a policy without 'wasm-unsafe-eval') the calls do nothing.
        deliver = ([, , list]) => list[4]?.(false);
        drain();
        tell("stopped", void 0, String(error));
        return false;
      });
  };
  // A page drawn in advance has not been seen yet.
  if (document.prerendering) addEventListener("prerenderingchange", boot, { once: true });
  else boot();
  return api;
};

// The calls that are taken as they come; `words.rs` says what they are.
export const names =
  "page track identify group alias reset flush setUserToken consent forget".split(" ");
