// The tracker's words for the console: loaded only where somebody has asked (`data-debug="console"`
// or the call `debug()`), and never by anybody else's page.

const WHY = {
  mark: "`data-clickstream-ignore` is on the element or around it",
  button: "of a mouse's buttons only the first and the middle one open something",
  label: "the browser clicks a label's control by itself, and the label's click has been told",
  capture: "`data-capture` leaves this subject out",
  place: "by `data-page-by` the address is of the same page",
  again: "the same error has been told of this page; it is counted",
  many: "ten errors have been told of this page; the others are counted",
  foreign: "an error in another origin's script, of which the browser says nothing: give its tag `crossorigin`",
  called: "a call of page() for this address has taken the place of the automatic view",
  refused: 'the visitor has refused `analytics`, or has not decided and `data-consent` is "drop"',
  hold: 'the visitor has not decided yet and `data-consent` is "hold": call consent()',
  wasm: "the page's Content-Security-Policy forbids wasm: allow 'wasm-unsafe-eval' in script-src",
};

const ANSWERS = {
  refused: "refused as it is: it is sent again in halves, and a single event is given up",
  key: "the write key is unknown: nothing more is sent from this page, the events stay in the browser",
  later: "not now: the next try comes when the answer says, or after a growing wait",
  failed: "none that is understood: the next try comes after a growing wait",
};

const WHAT = {
  queued: "recorded",
  sent: "on its way",
  acknowledged: "the relay has it",
  rejected: "given up",
  ignored: "not recorded",
  held: "kept back in memory",
  masked: "recorded without text and href",
  plugin: "a plugin",
  answered: "the relay's answer to a batch",
  failed: "an error that the page does not notice",
  stopped: "the tracker does not run",
};

const reasons = (state, reason) => {
  if (/unsafe-eval|Content Security/i.test(reason)) return `${WHY.wasm} (${reason})`;
  return (state == "answered" ? ANSWERS : WHY)[reason] || reason;
};

// What the settings mean that a site may not expect.
const hints = ({ writeKey, consent, storage, capture, endpoint }) => {
  const gpc = navigator.globalPrivacyControl;
  return [
    !writeKey && "there is no write key (`data-write-key`): the relay will refuse every batch",
    gpc && "the visitor asks not to be tracked (Global Privacy Control): nothing is stored",
    storage == "none" && "nothing is ever stored (`data-storage`)",
    consent && `the visitor has to be asked: until consent() events are ${consent == "hold" ? "kept in memory" : "dropped"}`,
    capture != null && `recorded without a call: ${capture || "nothing"}`,
    `events go to ${endpoint}`,
  ].filter(Boolean);
};

const say = (what, ...more) =>
  console.log("%cclickstream%c " + what, "font-weight:bold", "", ...more);

/** Explains from now on what the tracker does and why. */
export const explain = (data) => {
  for (const hint of hints(data)) say(hint);
  document.addEventListener("clickstream", ({ detail }) => {
    const { state, line, reason } = detail;
    const event = line == "{}" ? [] : [JSON.parse(line)];
    const [{ type, event: name } = {}] = event;
    const subject = type ? `${name || type}: ` : "";
    const why = reason ? `: ${reasons(state, reason)}` : "";
    say(subject + (WHAT[state] || state) + why, ...event);
  });
};
