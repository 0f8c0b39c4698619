// The Grafana dashboard asks for metrics and labels that `flyball metrics` has, and no panel overlaps.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

const file = new URL('../../packaging/grafana/flyball-fleet.json', import.meta.url);
const dashboard = JSON.parse(readFileSync(file, 'utf8'));
const labels = new Set(['region', 'node', 'type', 'governor', 'decision', 'reason', 'le', 'version', 'certificate']);
const names = new Set(['flyball_decisions_total', 'flyball_request_duration_seconds_bucket', 'flyball_up',
  'flyball_governor_up', 'flyball_journal_errors_total', 'flyball_resident_memory_bytes',
  'flyball_certificate_not_after_seconds', 'flyball_build_info']);

test('asks for what there is', () => {
  const asked = new Set();
  for (const panel of dashboard.panels) {
    for (const { expr } of panel.targets) {
      for (const [name] of expr.matchAll(/flyball_\w+/g)) {
        assert.ok(names.has(name), `${panel.title}: ${name}`);
        asked.add(name);
      }
      for (const [, label] of expr.matchAll(/[{,]\s*(\w+)=~?"/g)) assert.ok(labels.has(label), `${panel.title}: ${label}`);
      for (const [, list] of expr.matchAll(/by \(([^)]*)\)/g)) {
        for (const label of list.split(',')) assert.ok(labels.has(label.trim()), `${panel.title}: ${label}`);
      }
    }
  }
  assert.deepEqual([...asked].sort(), [...names].sort());
});

test('no panel overlaps another', () => {
  const taken = new Set();
  for (const { gridPos: { x, y, w, h }, title } of dashboard.panels) {
    for (let i = x; i < x + w; i += 1) {
      for (let j = y; j < y + h; j += 1) {
        assert.ok(i < 24 && !taken.has(`${i},${j}`), title);
        taken.add(`${i},${j}`);
      }
    }
  }
});
