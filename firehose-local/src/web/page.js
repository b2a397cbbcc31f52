// Shows /state once a second. Every text becomes a text node: whatever is in a record or a
// name, it is shown and never run.

/** An element with a class, and texts or elements in it. */
function element(name, className, ...inside) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...inside);
  return made;
}

const units = ["B", "KiB", "MiB", "GiB"];
function size(bytes) {
  let unit = 0;
  let left = bytes;
  while (left >= 1024 && unit < units.length - 1) {
    left /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? left : left.toFixed(1)} ${units[unit]}`;
}

const count = (number, one) => `${number} ${one}${number === 1 ? "" : "s"}`;
const time = (ms) => new Date(ms).toLocaleTimeString();

function partition(one) {
  const name = element("code", one.failed ? "bad" : "", one.prefix || "(no prefix)");
  const figures = element(
    "span",
    "figures soft",
    `${count(one.records, "record")}, ${size(one.bytes)}; ${one.age_s} s old, due in ${one.due_in_s} s`,
  );
  const bar = element("progress");
  bar.max = one.age_s + one.due_in_s || 1;
  bar.value = one.age_s;
  bar.setAttribute("aria-label", "time until it is delivered");
  return element("div", "row", name, figures, bar);
}

function stream(one) {
  const state = element("span", one.status === "ACTIVE" ? "good" : "bad", one.status);
  const shown = one.partitions.map(partition);
  const hidden = one.active - one.partitions.filter((p) => !p.failed).length;
  if (hidden > 0) shown.push(element("p", "soft", `and ${count(hidden, "partition")} more`));
  if (shown.length === 0) shown.push(element("p", "soft", "nothing is being filled"));
  return element(
    "article",
    "",
    element("h3", "", one.name, " ", state),
    element(
      "p",
      "soft",
      `${one.region ?? "every region"}, version ${one.version}, ${one.bucket}, prefix `,
      element("code", "", one.prefix ?? "(none)"),
    ),
    element(
      "p",
      "soft",
      `${count(one.active, "active partition")}; ${size(one.waiting_bytes)} closed and not yet written`,
    ),
    ...shown,
  );
}

function failure(one) {
  return element(
    "li",
    "",
    element("span", "bad", one.message ?? ""),
    element("p", "soft", `${time(one.at_ms)}, ${one.stream}, ${one.code}, ${size(one.bytes)}`),
    element("pre", "", one.payload + (one.cut ? " …" : "")),
  );
}

function object(one) {
  return element(
    "li",
    "",
    element("code", one.failed ? "bad" : "", `${one.bucket}/${one.key}`),
    element(
      "p",
      "soft",
      `${time(one.at_ms)}, ${one.stream}, ${count(one.records, "record")}, ${size(one.bytes)}`,
    ),
  );
}

function list(id, entries, make, none) {
  const made = entries.length > 0 ? entries.map(make) : [element("p", "soft", none)];
  document.getElementById(id).replaceChildren(...made);
}

let shown = "";

async function show() {
  const summary = document.getElementById("summary");
  try {
    const answer = await fetch("/state");
    const text = await answer.text();
    const state = JSON.parse(text);
    const { totals } = state;
    summary.className = "soft";
    summary.textContent =
      `${count(totals.records, "record")} taken, ${totals.delivered_records} delivered in ` +
      `${count(totals.objects, "object")}, ${totals.errored_records} failed` +
      (totals.discarded_records > 0 ? `, ${totals.discarded_records} thrown away` : "") +
      `; faults: ${state.faults}`;
    // What is selected stays so while nothing changes.
    const lists = JSON.stringify([state.errors, state.objects]);
    list("streams", state.streams, stream, "no stream yet: CreateDeliveryStream makes one");
    if (lists !== shown) {
      shown = lists;
      list("errors", state.errors, failure, "none");
      list("objects", state.objects, object, "none yet");
    }
  } catch (error) {
    summary.className = "bad";
    summary.textContent = `no answer (${error.message}); asking again`;
  }
  setTimeout(show, 1000);
}

show();
