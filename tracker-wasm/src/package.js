// The package: an ES module that starts when a site says so, and does nothing on a server.
// @door
// Settings as a script tag's dataset has them: lists are words, a flag is there or not.
const written = (settings) => {
  const data = {};
  for (const [name, value] of Object.entries(settings))
    if (value != null && value !== false)
      data[name] =
        value === true ? "" : Array.isArray(value) ? value.join(" ") : String(value);
  return data;
};

const early = [];
const running = () => {
  const there = typeof window == "object" && window.clickstream;
  return there && !Array.isArray(there) && there;
};

export const start = ({ wasm, ...settings }) => {
  if (typeof document == "object" && !running()) {
    const api = open(
      { endpoint: location.origin, ...written(settings) },
      window.clickstream || [],
      () => {
        // @bindings
        const url = wasm || new URL("./clickstream.wasm", import.meta.url);
        return fetch(url, { integrity: "@integrity" })
          .then((answer) => answer.arrayBuffer())
          .then(wasm_bindgen)
          .then(() => wasm_bindgen);
      },
      () => import("./clickstream-debug.js"),
    );
    for (const [name, given, settle] of early.splice(0)) settle(api[name](...given));
  }
  return clickstream;
};

export const clickstream = {
  get ready() {
    return running() ? running().ready : void 0;
  },
};
for (const name of [...names, "push", "plugin", "debug"])
  clickstream[name] = (...given) => {
    const there = running();
    if (there) return there[name](...given);
    // A server renders the page once more in the browser, which makes the calls there.
    if (typeof document != "object") return Promise.resolve(false);
    return new Promise((settle) => early.push([name, given, settle]));
  };
