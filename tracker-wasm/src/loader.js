// The script tag: settings are its attributes, the module lies beside the script.
(() => {
  // @door
  const script =
    document.currentScript || document.querySelector("script[data-write-key]");
  const calls = window.clickstream || [];
  // A second tag changes nothing.
  if (!script || !Array.isArray(calls)) return;
  const beside = (name) => new URL(name, script.src);
  open(
    { ...script.dataset, endpoint: script.dataset.endpoint || beside("/").origin },
    calls,
    () => {
      // @bindings
      return fetch(beside("clickstream.wasm"), { integrity: "@integrity" })
        .then((answer) => answer.arrayBuffer())
        .then(wasm_bindgen)
        .then(() => wasm_bindgen);
    },
    () => import(beside("clickstream-debug.js")),
  );
})();
