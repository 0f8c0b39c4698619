// The page's model: node --test model.test.mjs
import assert from 'node:assert/strict';
import test from 'node:test';
import { Fleet, eventsMax, nodesMax, percentile, split } from '../../fleet/dashboard/page/model.js';
import { bytes, count, micros, span } from '../../fleet/dashboard/page/text.js';

const now = 1_700_000_000_000;
const name = { region: 'eu', node: 'a' };
const report = (more = {}) => JSON.stringify({ status: 'online', at: now, started_at: 5, session: 2,
  interval_s: 10, throughput: { requests: 100, per_second: 7.5 }, memory: { pss_bytes: 1000 },
  governors: [{ type: 'quota', name: 'main', status: 'up', deny: 3 }], governors_total: 1, ...more });
const one = (fleet, at = now) => fleet.look(at).nodes[0];

test('takes rates between two reports of one life only', () => {
  const fleet = new Fleet();
  fleet.hear(name, report(), false, now);
  assert.equal(one(fleet).rate, 7.5);
  fleet.hear(name, report({ at: now + 10000, throughput: { requests: 300 } }), false, now + 10000);
  assert.equal(one(fleet, now + 10000).rate, 20);
  fleet.hear(name, report({ at: now + 10000, throughput: { requests: 300 } }), true, now + 11000);
  assert.equal(one(fleet, now + 11000).rate, 20, 'the same report again');
  fleet.hear(name, report({ at: now + 20000, started_at: 6, throughput: { requests: 1, per_second: 0.5 } }), false, now + 20000);
  assert.equal(one(fleet, now + 20000).rate, 0.5);
});

test('loses a node after three intervals, by arrival or by what the broker kept', () => {
  const fleet = new Fleet();
  fleet.hear(name, report(), false, now);
  assert.equal(one(fleet, now + 30000).status, 'online');
  assert.equal(one(fleet, now + 30001).status, 'lost');
  fleet.hear(name, report(), true, now + 60000);
  assert.equal(one(fleet, now + 60000).status, 'lost');
});

test('keeps a session from the will of an earlier one', () => {
  const fleet = new Fleet();
  fleet.hear(name, report(), false, now);
  fleet.hear(name, '{"status":"offline","session":1}', false, now);
  assert.equal(one(fleet).status, 'online');
  fleet.hear(name, '{"status":"offline","session":2}', false, now);
  assert.equal(one(fleet).status, 'offline');
  assert.equal(fleet.look(now).all.memory, 0);
  fleet.hear(name, '', false, now);
  assert.equal(fleet.look(now).nodes.length, 0);
});

test('survives what is no report', () => {
  const fleet = new Fleet();
  for (const odd of ['x', '[]', '3', 'null', '{}', '{"status":3}']) {
    fleet.hear(name, odd, false, now);
    assert.equal(one(fleet).status, 'unreadable');
  }
  fleet.hear(name, report({ governors: [null, 3, { denied: 'x' }], latency_us: { buckets: ['a'] }, memory: [] }), false, now);
  assert.equal(one(fleet).status, 'online');
  fleet.happened(name, 'x', now);
  fleet.happened(name, '3', now);
  assert.equal(fleet.look(now).all.nodes, 1);
});

test('says why a node is degraded', () => {
  const fleet = new Fleet();
  fleet.hear(name, report({ status: 'degraded', governors: [{ type: 'quota', name: 'main', status: 'down' }], journal: { last_error: 'disk full' } }), false, now);
  assert.equal(one(fleet).note, 'quota/main is down, journal: disk full');
});

test('is bounded', () => {
  const fleet = new Fleet();
  for (let i = 0; i <= nodesMax; i += 1) fleet.hear({ region: 'eu', node: `n${i}` }, report(), false, now);
  assert.equal(fleet.records.size, nodesMax);
  assert.equal(fleet.refused, 1);
  for (let i = 0; i <= eventsMax; i += 1) fleet.happened(name, '{"event":"x"}', now);
  assert.equal(fleet.events.length, eventsMax);
});

test('reads topics, percentiles and numbers', () => {
  assert.deepEqual(split('flyball/v1/eu/pi/health', 'flyball/v1'), { region: 'eu', node: 'pi', rest: ['health'] });
  assert.equal(split('flyball/v1/reply/x/y', 'flyball/v1'), undefined);
  assert.equal(split('flyball/v12/eu/pi/health', 'flyball/v1'), undefined);
  assert.equal(percentile([0, 0, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0.5), 175);
  assert.equal(percentile(undefined, 0.5), 0);
  assert.equal(count(1234.4), '1,234');
  assert.equal(bytes(2.1 * 1048576), '2.1 MiB');
  assert.equal(micros(1234), '1.2 ms');
  assert.equal(span(3 * 3600000 + 60000), '3 h 1 min');
});
