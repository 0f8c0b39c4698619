// The page: one connection to the broker, one drawing a second.

import { Fleet, split } from './model.js';
import { plot, colours } from './plot.js';
import { Table } from './table.js';
import { bytes, census, count, micros, severity, span, tone } from './text.js';

const at = (id) => document.getElementById(id);
const write = (id, content) => { if (at(id).textContent !== content) at(id).textContent = content; };

const load = {
  rate: { title: 'Req/s', text: (r) => count(r.rate), sort: (r) => r.rate },
  denials: { title: 'Denied/s', text: (r) => count(r.denials), sort: (r) => r.denials, tone: (r) => (r.denials > 0 ? 'warn' : '') },
  errors: { title: 'Errors/s', text: (r) => count(r.errors), sort: (r) => r.errors, tone: (r) => (r.errors > 0 ? 'bad' : ''), least: true },
};
const regionTable = new Table(at('regions'), 'Regions of the fleet', [
  { title: 'Region', text: (r) => r.region },
  { title: 'State', kind: 'text', text: (r) => (r.online === r.nodes ? `${r.nodes} online` : `${r.online} of ${r.nodes} online: ${census(r.others)}`), tone: (r) => (r.online === r.nodes ? 'good' : 'bad') },
  { ...load.rate, sort: undefined },
  { title: 'p50', text: (r) => micros(r.p50), least: true },
  { title: 'p99', text: (r) => micros(r.p99) },
  { ...load.denials, sort: undefined },
  { ...load.errors, sort: undefined },
  { title: 'Memory', text: (r) => bytes(r.memory), least: true },
  { title: 'Governors', text: (r) => count(r.governors), least: true },
]);
const gone = (text) => (r) => (r.alive ? text(r) : '–');
const deviceTable = new Table(at('devices'), 'Devices of the fleet', [
  { title: 'Device', text: (r) => r.key, sort: (r) => r.key },
  { title: 'Status', kind: 'state', text: (r) => r.status, tone: (r) => tone(r.status), sort: (r) => severity(r.status) },
  { ...load.rate, text: gone(load.rate.text) },
  { title: 'p50', text: gone((r) => micros(r.facts.p50)), sort: (r) => (r.alive ? r.facts.p50 : 0), least: true },
  { title: 'p99', text: gone((r) => micros(r.facts.p99)), sort: (r) => (r.alive ? r.facts.p99 : 0) },
  { ...load.denials, text: gone(load.denials.text), least: true },
  { ...load.errors, text: gone(load.errors.text) },
  { title: 'Memory', text: gone((r) => bytes(r.facts.memory)), sort: (r) => (r.alive ? r.facts.memory : 0) },
  { title: 'CPU', text: gone((r) => `${r.facts.cpu.toFixed(1)} %`), sort: (r) => r.facts.cpu, least: true },
  { title: 'Up', text: gone((r) => span(r.facts.uptime * 1000)), sort: (r) => r.facts.uptime, least: true },
  { title: 'Version', text: (r) => r.facts.version || '–', sort: (r) => r.facts.version, least: true },
  { title: 'Note', kind: 'note', text: (r) => r.note || (r.alive || !Number.isFinite(r.age) ? '' : `seen ${span(r.age)} ago`), least: true },
], { open });
const governorTable = new Table(at('governors'), 'Governors of the selected device', [
  { title: 'Governor', text: (g) => g.name, sort: (g) => g.name },
  { title: 'Status', kind: 'state', text: (g) => g.status, tone: (g) => tone(g.status), sort: (g) => g.status },
  { title: 'Tenants', text: (g) => count(g.tenants), sort: (g) => g.tenants, least: true },
  { title: 'Allowed', text: (g) => count(g.allow), sort: (g) => g.allow },
  { title: 'Denied', text: (g) => count(g.deny), sort: (g) => g.deny, tone: (g) => (g.deny > 0 ? 'warn' : '') },
  { title: 'Errors', text: (g) => count(g.error), sort: (g) => g.error, tone: (g) => (g.error > 0 ? 'bad' : '') },
  { title: 'Memory', text: (g) => bytes(g.memory), sort: (g) => g.memory, least: true },
  { title: 'Denied why', kind: 'note', least: true, text: (g) => g.denied.filter(([, n]) => n > 0).map(([reason, n]) => `${reason} ${n}`).join(', ') },
]);

let fleet = new Fleet();
let client;
let prefix = 'flyball/v1';
let selected;
let ready = false; // the broker has sent what it keeps

function state(name, text) {
  at('link').dataset.state = name;
  write('link', text);
}

function notice(text) {
  at('notice').hidden = !text;
  write('notice', text ?? '');
}

function open(key) {
  selected = key;
  draw();
  at('governors-card').scrollIntoView({ block: 'nearest' });
}

function drawSums(all) {
  const known = all.nodes > 0;
  write('sum-online', known ? `${all.online} of ${all.nodes}` : '–');
  write('sum-others', known ? census(all.others) || 'all well' : '');
  write('sum-rate', known ? count(all.rate) : '–');
  write('sum-errors', known ? `${count(all.errors)} errors/s` : '');
  write('sum-p99', micros(all.p99));
  write('sum-p50', all.p50 > 0 ? `p50 ${micros(all.p50)}` : '');
  write('sum-denials', known ? count(all.denials) : '–');
  write('sum-denied', known ? `${count(all.denied)} in all` : '');
  write('sum-memory', bytes(all.memory));
  const living = all.nodes - (all.others.lost ?? 0) - (all.others.offline ?? 0) - (all.others.unreadable ?? 0);
  write('sum-each', living > 0 ? `${bytes(all.memory / living)} a node` : '');
  write('sum-governors', known ? count(all.governors) : '–');
  write('sum-tenants', known ? `${count(all.tenants)} tenant${all.tenants === 1 ? '' : 's'}` : '');
}

function drawPlots(regions) {
  const names = regions.map((region) => region.region);
  plot(at('plot-rate'), fleet.history, names, 'rate', 'Requests per second');
  plot(at('plot-p99'), fleet.history, names, 'p99', 'Latency p99 in milliseconds');
  plot(at('plot-denials'), fleet.history, names, 'denials', 'Denials per second');
  plot(at('plot-memory'), fleet.history, names, 'memory', 'Memory in MiB');
  if (at('legend').dataset.names === names.join()) return;
  at('legend').dataset.names = names.join();
  at('legend').replaceChildren(...names.map((name, i) => {
    const item = document.createElement('li');
    const mark = document.createElement('i');
    mark.style.background = colours[i % colours.length];
    item.append(mark, name);
    return item;
  }));
}

function drawDevices(nodes) {
  const filter = at('filter').value.trim().toLowerCase();
  const shown = nodes.filter((n) => !filter || n.key.includes(filter) || n.status.includes(filter));
  deviceTable.show(shown);
  write('count', nodes.length ? `${shown.length} of ${nodes.length}${fleet.refused ? ', more than can be shown' : ''}` : '');
  at('empty').hidden = shown.length > 0;
  write('empty', nodes.length ? 'No device matches the filter.'
    : !client ? 'Not connected to a broker.'
      : ready ? `No device has reported health below ${prefix} to this broker.` : 'Waiting for the broker…');
}

function drawGovernors(nodes) {
  const node = nodes.find((one) => one.key === selected);
  at('governors-card').hidden = !node;
  if (!node) return;
  write('governors-title', `Governors of ${node.key}`);
  const facts = node.facts;
  write('about', [node.status, node.note, facts.version && `version ${facts.version}`,
    node.alive && `up ${span(facts.uptime * 1000)}`,
    facts.governorsTotal > facts.governors.length && `${facts.governors.length} of ${facts.governorsTotal} listed`]
    .filter(Boolean).join(' · '));
  governorTable.show(facts.governors.map((governor) => ({ ...governor, key: governor.name })));
}

function drawEvents() {
  at('no-events').hidden = fleet.events.length > 0;
  if (at('events').dataset.first === String(fleet.events[0]?.number)) return;
  at('events').dataset.first = String(fleet.events[0]?.number);
  at('events').replaceChildren(...fleet.events.map((event) => {
    const item = document.createElement('li');
    const time = document.createElement('time');
    time.dateTime = new Date(Math.min(Math.max(event.at, 0), 8.64e15)).toISOString();
    time.textContent = new Date(time.dateTime).toLocaleTimeString('en-GB');
    const change = event.from || event.to ? ` ${event.from} → ${event.to}` : '';
    item.append(time, [event.node, event.governor, event.tenant, event.event].filter(Boolean).join('  ')
      + change + (event.reason ? ` (${event.reason})` : '') + (event.late ? ' (late)' : ''));
    return item;
  }));
}

function draw() {
  const look = fleet.look(Date.now());
  drawSums(look.all);
  regionTable.show(look.regions.map((region) => ({ ...region, key: region.region })));
  drawPlots(look.regions);
  drawDevices(look.nodes);
  drawGovernors(look.nodes);
  drawEvents();
}

let events = 0;
function take(topic, payload, packet) {
  const name = split(topic, prefix);
  if (!name) return;
  const text = new TextDecoder().decode(payload);
  if (name.rest.join('/') === 'health') {
    fleet.hear(name, text, packet.retain, Date.now());
  } else if (name.rest.at(-1) === 'event' && !packet.retain) {
    fleet.happened(name, text, Date.now());
    if (fleet.events[0]) fleet.events[0].number ??= (events += 1);
  }
}

function connect({ broker, username, password }) {
  client?.end(true);
  fleet = new Fleet();
  ready = false;
  let since;
  state('connecting', `connecting to ${broker}`);
  notice();
  const mine = window.mqtt.connect(broker, {
    protocolVersion: 5, clean: true, reconnectPeriod: 2000, connectTimeout: 8000, timerVariant: 'native',
    clientId: `flyball-page-${Math.random().toString(16).slice(2, 12)}`,
    username: username || undefined, password: password || undefined,
  });
  client = mine;
  mine.on('connect', () => {
    state('up', `connected to ${broker}`);
    notice();
    since = undefined;
    mine.subscribe([`${prefix}/+/+/health`, `${prefix}/+/+/+/+/event`], { qos: 1 }, (error, granted) => {
      ready = true;
      if (error || granted?.some((one) => one.qos >= 128)) notice('The broker does not let this login read health and events.');
    });
  });
  mine.on('message', take);
  mine.on('error', (error) => notice(`${broker}: ${error.message}`));
  mine.on('close', () => {
    if (mine !== client) return;
    since ??= new Date();
    state('down', 'disconnected, trying again');
    notice(`No connection to ${broker} since ${since.toLocaleTimeString('en-GB')}. `
      + 'What is shown is what was last known; trying again every 2 s.');
  });
}

function theme(name) {
  document.documentElement.dataset.theme = name;
  at('theme').textContent = name === 'dark' ? 'Light' : 'Dark';
}

function showForm(shown) {
  at('connect').hidden = !shown;
  at('broker').setAttribute('aria-expanded', String(shown));
  if (shown) at('connect').elements.broker.focus();
}

async function begin() {
  const query = new URLSearchParams(location.search);
  const kept = { get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
    set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* a private window */ } } };
  theme(query.get('theme') ?? kept.get('theme')
    ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'));
  at('theme').addEventListener('click', () => {
    theme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark');
    kept.set('theme', document.documentElement.dataset.theme);
  });
  at('broker').addEventListener('click', () => showForm(at('connect').hidden));
  at('close').addEventListener('click', () => { selected = undefined; draw(); });
  at('filter').addEventListener('input', draw);
  at('connect').addEventListener('submit', (submitted) => {
    submitted.preventDefault();
    const form = at('connect').elements;
    prefix = form.prefix.value.replace(/\/+$/, '');
    showForm(false);
    connect({ broker: form.broker.value, username: form.username.value, password: form.password.value });
    draw();
  });
  setInterval(() => { fleet.remember(fleet.look(Date.now()), Date.now()); draw(); }, 1000);
  draw();
  if (!window.mqtt) {
    notice('This flyball was built without npm, so MQTT.js is not in it: the page cannot connect.');
    return;
  }
  const served = await fetch('settings.json').then((answer) => answer.json()).catch(() => ({}));
  const broker = query.get('broker') ?? served.broker;
  prefix = query.get('prefix') ?? served.prefix ?? prefix;
  at('connect').elements.prefix.value = prefix;
  if (broker && /^wss?:\/\//.test(broker)) {
    at('connect').elements.broker.value = broker;
    connect({ broker });
  } else {
    if (broker) notice(`${broker} is no websockets address: ws:// or wss:// is needed.`);
    showForm(true);
  }
  draw();
}

begin();
