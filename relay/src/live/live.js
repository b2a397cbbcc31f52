// The page: rows for events, one of them open, figures once a second. All that comes from events is
// text; the policy of the page would not let it be anything else.

import { Chart } from '/live/chart.js';
import { layout, visible } from '/live/json.js';
import { Stream } from '/live/stream.js';

const ROWS = 300;
const EARLIER = 200;
const by = (id) => document.getElementById(id);
const list = by('events');
const filter = by('filter');

// Newest first; each is what the relay said, with its row.
let shown = [];
let arrived = [];
let opened = null;
let paused = false;
let missed = 0;
let frame = null;
let drawn = Promise.resolve();

const number = new Intl.NumberFormat('en');
const count = (value) => number.format(value);

function duration(ms) {
  if (ms < 1) return '<1 ms';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}

function size(bytes) {
  const units = ['B', 'KB', 'MB', 'GB'];
  const step = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), 3);
  return `${(bytes / 1000 ** step).toFixed(step && bytes / 1000 ** step < 10 ? 1 : 0)} ${units[step]}`;
}

function element(name, kind, text) {
  const node = document.createElement(name);
  if (kind) node.className = kind;
  if (text !== undefined) node.textContent = visible(text);
  return node;
}

function clock(ms) {
  const time = new Date(ms);
  const two = (value) => String(value).padStart(2, '0');
  const seconds = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return `${seconds}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}

function who(event) {
  if (!event.userId) return ['nobody', 'no user'];
  if (event.userId.startsWith('visitor-')) return ['visitor', `visitor ${event.userId.slice(8, 14)}`];
  return ['user', event.userId];
}

function stages(event) {
  if (event.outcome === 'rejected') return visible(event.code);
  const durable = event.durableAt === undefined ? 'on disk' : duration(event.durableAt - event.receivedAt);
  if (event.outcome !== 'delivered') return `${durable} · waits`;
  if (event.deliveredAt === undefined) return `${durable} · delivered`;
  return `${durable} · ${duration(event.deliveredAt - (event.durableAt ?? event.receivedAt))}`;
}

function row(event) {
  const item = document.createElement('li');
  const button = element('button', 'row');
  button.type = 'button';
  const [kind, name] = who(event);
  const type = event.type ?? '?';
  button.append(
    element('time', 'at', clock(event.receivedAt)),
    element('span', 'type', type),
    element('span', 'name', event.name ?? (event.outcome === 'rejected' ? event.reason : '–')),
    element('span', `who ${kind}`, name),
    element('span', 'source', event.source ?? ''),
    element('span', 'stages-of', ''),
  );
  button.querySelector('.type').dataset.type = type;
  button.addEventListener('click', () => open(event));
  item.append(button);
  event.row = button;
  settle(event);
  return item;
}

// What can change of a row: how far its event is.
function settle(event) {
  event.row.dataset.outcome = event.outcome;
  event.row.querySelector('.stages-of').textContent = stages(event);
  if (event === opened) detail(event);
}

function draw() {
  frame = null;
  const coming = arrived.slice(-ROWS).reverse();
  arrived = [];
  if (paused) return;
  const rows = document.createDocumentFragment();
  for (const event of coming) rows.append(row(event));
  list.prepend(rows);
  shown = [...coming, ...shown].slice(0, ROWS);
  while (list.children.length > ROWS) list.lastElementChild.remove();
  emptiness();
}

function emptiness() {
  const filtered = new URLSearchParams(new FormData(filter)).values().some((value) => value);
  by('empty').hidden = shown.length > 0 || filtered;
  by('none').hidden = shown.length > 0 || !filtered;
}

function schedule() {
  if (frame) return;
  drawn = new Promise((done) => {
    frame = setTimeout(() => requestAnimationFrame(() => done(draw())), 60);
  });
}

function arrive(event) {
  arrived.push(event);
  if (paused) {
    // The relay keeps what comes; here only the newest wait.
    if (arrived.length > ROWS) arrived.shift();
    missed += 1;
    pauseText();
    return undefined;
  }
  schedule();
  return arrived.length > 2000 ? drawn : undefined;
}

function delivered({ below, at }) {
  for (const event of [...shown, ...arrived]) {
    if (event.outcome !== 'stored' || Number(event.id) >= below) continue;
    event.outcome = 'delivered';
    event.deliveredAt = at;
    if (event.row) settle(event);
  }
}

// One event, opened.

function stage(name, value) {
  const item = document.createElement('li');
  item.append(element('span', 'label', name), element('b', '', value));
  return item;
}

function detail(event) {
  by('title').textContent = visible(`${event.type ?? ''} ${event.name ?? ''}`.trim() || 'event');
  by('reason').hidden = event.outcome !== 'rejected';
  if (event.outcome === 'rejected') {
    const [, code, path, words] = event.reason.match(/^([a-z0-9_]+): (\$.*?): (.*)$/s) ?? [];
    by('reason').replaceChildren(
      element('b', '', code ?? event.code), ' ',
      element('code', '', path ?? ''), ' ',
      element('span', '', words ?? event.reason),
    );
  }
  const began = stage('received', clock(event.receivedAt));
  const steps = [began];
  if (event.outcome === 'rejected') {
    steps.push(stage('rejected', `its client was told; number ${event.index + 1} of its batch`));
  } else {
    const durable = event.durableAt;
    steps.push(stage('durable', durable === undefined ? 'before you watched' : `+ ${duration(durable - event.receivedAt)}`));
    const seen = event.deliveredAt;
    const after = seen === undefined ? 'before you watched' : `+ ${duration(seen - (durable ?? event.receivedAt))}`;
    steps.push(stage('delivered', event.outcome === 'delivered' ? after : 'waits'));
  }
  by('stages').replaceChildren(...steps);
  by('legend').hidden = event.outcome === 'rejected';
}

function open(event) {
  opened?.row.removeAttribute('aria-current');
  opened = event;
  event.row.setAttribute('aria-current', 'true');
  detail(event);
  const cut = event.length === undefined ? '' : `\n… of ${count(event.length)} bytes`;
  by('json').replaceChildren(
    event.line === undefined ? 'not kept: its bytes may hold a secret' : layout(event.line, event.outcome !== 'rejected'),
    cut,
  );
  by('detail').hidden = false;
  by('json').scrollTop = 0;
  by('detail').focus({ preventScroll: true });
}

function close() {
  by('detail').hidden = true;
  opened?.row.removeAttribute('aria-current');
  const back = opened?.row;
  opened = null;
  if (back?.isConnected) back.focus();
  else list.focus();
}

// Figures, once a second.

const charts = Object.fromEntries(
  ['rate', 'waiting', 'oldest', 'sync'].map((name) => [name, new Chart(by(`${name}-chart`))]),
);
let before = null;

function figures(now) {
  for (const name of ['taken', 'delivered', 'rejected', 'duplicate', 'failed']) {
    by(name).textContent = count(now[name]);
    by(name).dataset.some = now[name] > 0;
  }
  by('waiting').textContent = count(now.waiting);
  by('waiting-bytes').textContent = now.waitingBytes ? `(${size(now.waitingBytes)})` : '';
  by('oldest').textContent = now.waiting ? duration(now.oldest) : '–';
  charts.waiting.add(now.waiting);
  charts.oldest.add(now.waiting ? now.oldest : 0);
  if (before && now.now > before.now && now.taken >= before.taken) {
    const rate = ((now.taken - before.taken) * 1000) / (now.now - before.now);
    by('rate').textContent = rate > 0 && rate < 10 ? rate.toFixed(1) : count(Math.round(rate));
    charts.rate.add(rate);
    const commits = now.commits - before.commits;
    const sync = commits > 0 ? (now.syncMicros - before.syncMicros) / commits / 1000 : 0;
    by('sync').textContent = commits > 0 ? (sync < 10 ? `${sync.toFixed(1)} ms` : duration(sync)) : '–';
    charts.sync.add(Math.max(sync, 0));
  }
  before = now;
  by('trouble').hidden = now.trouble.length === 0;
  const words = visible(now.trouble.join(' · '));
  if (by('trouble').textContent !== words) by('trouble').textContent = words;
}

// The stream, its filter and its pause.

const STATES = {
  connecting: 'connecting', live: 'live', stopped: 'the relay does not answer; trying again',
  busy: 'too many watchers; trying again', locked: 'the token has changed: open the new link',
};
let state = 'connecting';

function say(next) {
  state = next;
  pauseText();
}

function pauseText() {
  const held = paused && state === 'live';
  by('state').dataset.state = held ? 'paused' : state;
  const words = held ? `paused, ${count(missed)} new` : STATES[state];
  if (by('state').textContent !== words) by('state').textContent = words;
}

const stream = new Stream({
  state: say,
  event(kind, data) {
    if (kind === 'message') return arrive(data);
    if (kind === 'delivered') delivered(data);
    else if (kind === 'figures') figures(data);
    else if (kind === 'lagged') lagged(data.count);
    return undefined;
  },
});

function lagged(events) {
  if (shown.length === 0 && arrived.length === 0) return;
  const item = element('li', 'lagged', `${count(events)} events came faster than they can be shown`);
  const last = list.firstElementChild;
  if (last?.className === 'lagged') {
    last.dataset.count = Number(last.dataset.count) + events;
    last.textContent = `${count(Number(last.dataset.count))} events came faster than they can be shown`;
    return;
  }
  item.dataset.count = events;
  list.prepend(item);
}

function restart() {
  const wanted = new URLSearchParams(new FormData(filter));
  for (const [name, value] of [...wanted]) if (!value) wanted.delete(name);
  history.replaceState(null, '', wanted.size ? `/live?${wanted}` : '/live');
  shown = [];
  arrived = [];
  missed = 0;
  list.replaceChildren();
  if (!by('detail').hidden) close();
  emptiness();
  wanted.set('last', EARLIER);
  stream.open(wanted);
}

function pause(on) {
  paused = on;
  missed = 0;
  by('pause').setAttribute('aria-pressed', String(on));
  by('pause').firstChild.textContent = on ? 'Go on ' : 'Pause ';
  pauseText();
  if (!on) schedule();
}

function step(by) {
  const rows = [...list.querySelectorAll('.row')];
  const at = rows.indexOf(document.activeElement.closest('.row') ?? opened?.row);
  rows[Math.min(Math.max(at + by, 0), rows.length - 1)]?.focus();
}

document.addEventListener('keydown', (key) => {
  const on = document.activeElement;
  const typing = on?.matches('input, select');
  if (key.key === 'Escape') {
    if (typing) on.blur();
    else if (opened) close();
  } else if (typing || key.ctrlKey || key.metaKey || key.altKey) {
    return;
  } else if (key.key === 'p') {
    pause(!paused);
  } else if (key.key === '/') {
    key.preventDefault();
    filter.elements.user.focus();
  } else if ((key.key === 'ArrowDown' || key.key === 'ArrowUp') && !on?.closest('#json')) {
    key.preventDefault();
    step(key.key === 'ArrowDown' ? 1 : -1);
  }
});

let typed = null;
filter.addEventListener('input', () => {
  clearTimeout(typed);
  typed = setTimeout(restart, 250);
});
filter.addEventListener('submit', (event) => event.preventDefault());
filter.addEventListener('reset', () => setTimeout(restart));
by('unfilter').addEventListener('click', () => filter.reset());
by('pause').addEventListener('click', () => pause(!paused));
by('close').addEventListener('click', close);
by('copy').addEventListener('click', async () => {
  await navigator.clipboard.writeText(opened?.line ?? '');
  by('copy').textContent = 'Copied';
  setTimeout(() => (by('copy').textContent = 'Copy JSON'), 1500);
});

by('first').textContent = `curl ${location.origin}/v1/track -u KEY: -d '{"event":"Tried","anonymousId":"me"}'`;
for (const [name, value] of new URLSearchParams(location.search)) {
  if (filter.elements[name]) filter.elements[name].value = value;
}
restart();
