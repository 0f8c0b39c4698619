// A fleet as its health topics show it: the page's own reading of docs/protocol.md, "Health". No
// document, no network, no clock: `now` is handed in. Bounded: nodesMax, eventsMax, historyMax.

export const nodesMax = 5000;
export const eventsMax = 200;
export const historyMax = 300;
const bounds = [50, 100, 250, 500, 1000, 2500, 5000, 10000, 50000, 250000];
const namePattern = /^[a-z0-9][a-z0-9_-]{0,62}$/;

const number = (value) => (Number.isFinite(value) ? Math.max(value, 0) : 0);
const text = (value) => (typeof value === 'string' ? value.slice(0, 256) : '');
const map = (value) => (value && typeof value === 'object' && !Array.isArray(value) ? value : {});
const list = (value) => (Array.isArray(value) ? value : []);

// {region, node, rest} of a topic below the prefix; nothing for one of another kind.
export function split(topic, prefix) {
  if (!topic.startsWith(prefix + '/')) return undefined;
  const [region, node, ...rest] = topic.slice(prefix.length + 1).split('/');
  if (!namePattern.test(region) || !namePattern.test(node ?? '')) return undefined;
  if (region === 'reply' || region === 'policy') return undefined;
  return { region, node, rest };
}

// Cumulative totals to the latency below which `part` of them lie, in µs; 0 when there are none.
export function percentile(totals, part) {
  const all = totals?.at(-1) ?? 0;
  if (!(all > 0)) return 0;
  const wanted = all * part;
  let below = 0;
  let from = 0;
  for (let i = 0; i < bounds.length; i += 1) {
    if (totals[i] > below && totals[i] >= wanted) {
      return from + ((bounds[i] - from) * Math.max(wanted - below, 0)) / (totals[i] - below);
    }
    below = totals[i];
    from = bounds[i];
  }
  return bounds.at(-1);
}

function readGovernor(row) {
  const governor = map(row);
  return {
    name: `${text(governor.type)}/${text(governor.name)}`,
    status: text(governor.status),
    tenants: number(governor.tenants),
    memory: number(governor.memory_bytes),
    allow: number(governor.allow),
    deny: number(governor.deny),
    error: number(governor.error),
    denied: Object.entries(map(governor.denied)).slice(0, 32).map(([reason, n]) => [reason, number(n)]),
  };
}

function readReport(report) {
  const throughput = map(report.throughput);
  const latency = map(report.latency_us);
  const memory = map(report.memory);
  const buckets = list(latency.buckets);
  const rising = buckets.length === bounds.length + 1 &&
    buckets.every((n, i) => Number.isFinite(n) && n >= (i ? buckets[i - 1] : 0));
  const governors = list(report.governors).slice(0, 32).map(readGovernor);
  return {
    status: text(report.status),
    version: text(report.version),
    clock: text(report.clock),
    journalError: text(map(report.journal).last_error),
    session: Number.isFinite(report.session) ? report.session : undefined,
    at: Number.isFinite(report.at) ? report.at : undefined,
    offset: Number.isFinite(report.clock_offset_ms) ? report.clock_offset_ms : 0,
    started: report.started_at,
    uptime: number(report.uptime_s),
    interval: Math.max(number(report.interval_s) || 60, 1),
    memory: number(memory.pss_bytes ?? memory.rss_bytes),
    cpu: number(map(report.cpu).percent),
    perSecond: number(throughput.per_second),
    requests: number(throughput.requests),
    errors: number(throughput.errors),
    p50: number(latency.p50),
    p99: number(latency.p99),
    buckets: rising ? buckets : undefined,
    denied: governors.reduce((sum, governor) => sum + governor.deny, 0),
    governorsTotal: number(report.governors_total),
    governors,
  };
}

function why(facts) {
  const reasons = facts.governors.filter((g) => g.status !== 'up').map((g) => `${g.name} is ${g.status}`);
  if (facts.journalError) reasons.push(`journal: ${facts.journalError}`);
  if (facts.clock === 'behind') reasons.push('its clock is behind');
  return reasons.join(', ') || 'another node may be using its name';
}

const rate = (before, after, seconds) => (after > before ? (after - before) / seconds : 0);

// Rates are those between two reports of one life, else what the node says of itself.
function measure(last, facts) {
  if (last && last.started === facts.started && last.at === facts.at) return {}; // the same again
  const seconds = last && last.started === facts.started ? (facts.at - last.at) / 1000 : 0;
  if (!(seconds > 0)) {
    return { rate: facts.perSecond, denials: 0, errors: 0, buckets: facts.buckets };
  }
  const risen = last.buckets && facts.buckets && last.buckets.at(-1) <= facts.buckets.at(-1);
  return {
    rate: rate(last.requests, facts.requests, seconds),
    denials: rate(last.denied, facts.denied, seconds),
    errors: rate(last.errors, facts.errors, seconds),
    buckets: risen ? facts.buckets.map((n, i) => Math.max(n - last.buckets[i], 0)) : facts.buckets,
  };
}

function addUp(sum, node) {
  sum.nodes += 1;
  if (node.status === 'online') sum.online += 1;
  else sum.others[node.status] = (sum.others[node.status] ?? 0) + 1;
  if (!node.alive) return;
  sum.rate += node.rate;
  sum.denials += node.denials;
  sum.errors += node.errors;
  sum.memory += node.facts.memory;
  sum.denied += node.facts.denied;
  sum.governors += node.facts.governorsTotal;
  sum.tenants += node.facts.governors.reduce((all, governor) => all + governor.tenants, 0);
  node.buckets?.forEach((n, i) => { sum.buckets[i] += n; });
}

const emptySum = (region) => ({
  region, nodes: 0, online: 0, others: {}, rate: 0, denials: 0, errors: 0, memory: 0, denied: 0,
  governors: 0, tenants: 0, buckets: new Array(bounds.length + 1).fill(0),
});

function finish(sum) {
  return { ...sum, p50: percentile(sum.buckets, 0.5), p99: percentile(sum.buckets, 0.99) };
}

export class Fleet {
  constructor() {
    this.records = new Map();
    this.events = [];
    this.history = [];
    this.refused = 0;
  }

  hear(name, payload, retained, now) {
    const key = `${name.region}/${name.node}`;
    if (!payload) {
      this.records.delete(key);
      return;
    }
    if (!this.records.has(key) && this.records.size >= nodesMax) {
      this.refused += 1;
      return;
    }
    const record = this.records.get(key) ?? { ...name, key };
    this.records.set(key, record);
    let report;
    try { report = JSON.parse(payload); } catch { report = undefined; }
    record.unreadable = typeof map(report).status !== 'string';
    if (record.unreadable) return;
    const facts = readReport(report);
    const late = record.facts?.session !== undefined && facts.session < record.facts.session;
    if (facts.status === 'offline' && late) return; // the will of an earlier session
    Object.assign(record, { said: facts.status, retained, arrived: now });
    if (facts.status === 'offline' && facts.at === undefined) return;
    Object.assign(record, measure(record.facts, facts), { facts });
  }

  happened(name, payload, now) {
    let event;
    try { event = map(JSON.parse(payload)); } catch { return; }
    this.events.unshift({
      node: `${name.region}/${name.node}`,
      at: Number.isFinite(event.at) ? event.at : now,
      event: text(event.event), governor: text(event.governor), tenant: text(event.tenant),
      from: text(event.from), to: text(event.to), reason: text(event.reason), late: event.late === true,
    });
    this.events.length = Math.min(this.events.length, eventsMax);
  }

  judge(record, now) {
    const facts = record.facts ?? readReport({});
    const row = { key: record.key, region: record.region, node: record.node, facts,
      rate: 0, denials: 0, errors: 0, buckets: undefined, alive: false, note: '' };
    if (record.unreadable) return { ...row, status: 'unreadable', note: 'its health is not a report' };
    const age = facts.at === undefined ? Infinity
      : record.retained ? Math.max(Math.min(now - facts.at, now - facts.at + facts.offset), 0)
        : now - record.arrived;
    row.age = age;
    if (record.said === 'offline') return { ...row, status: 'offline' };
    if (age > facts.interval * 3000) return { ...row, status: 'lost', note: `said ${record.said}` };
    const note = record.said === 'degraded' ? why(facts)
      : facts.clock && facts.clock !== 'ok' ? `clock ${facts.clock}` : '';
    return { ...row, status: record.said, note, alive: true, rate: record.rate,
      denials: record.denials, errors: record.errors, buckets: record.buckets };
  }

  look(now) {
    const nodes = [...this.records.values()].map((record) => this.judge(record, now))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    const regions = new Map();
    const all = emptySum('');
    for (const node of nodes) {
      if (!regions.has(node.region)) regions.set(node.region, emptySum(node.region));
      addUp(regions.get(node.region), node);
      addUp(all, node);
    }
    return { nodes, regions: [...regions.values()].map(finish), all: finish(all) };
  }

  remember(look, now) {
    const regions = Object.fromEntries(look.regions.map((r) => [r.region,
      { rate: r.rate, p99: r.p99 / 1000, denials: r.denials, memory: r.memory / 1048576 }]));
    this.history.push({ now, regions });
    if (this.history.length > historyMax) this.history.shift();
  }
}
