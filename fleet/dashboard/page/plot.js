// Lines of the last five minutes, one a region, as SVG without a library.

import { count } from './text.js';

const space = 'http://www.w3.org/2000/svg';
const [width, height, left, bottom] = [400, 110, 44, 16];
// Seen apart on light and dark ground, and by people who do not tell red from green.
export const colours = ['#2f7ed8', '#e07b00', '#159d82', '#b656c4', '#8c8c00', '#d1495b', '#5e6ad2', '#7a5230'];

const element = (name, attributes, content) => {
  const made = document.createElementNS(space, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (content !== undefined) made.textContent = content;
  return made;
};

// The smallest of 1, 2, 5 times a power of ten that is not below.
function roof(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= value) ?? value;
}

export function plot(place, history, regions, key, title) {
  const top = roof(Math.max(0, ...history.flatMap((h) => regions.map((r) => h.regions[r]?.[key] ?? 0))));
  const end = history.at(-1)?.now ?? 0;
  // A page just opened shows its first minute over the whole width.
  const past = Math.min(Math.max(end - (history[0]?.now ?? end), 60000), 300000);
  const x = (now) => left + (width - left - 6) * (1 - (end - now) / past);
  const y = (value) => 8 + (height - bottom - 8) * (1 - value / top);
  const svg = element('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', preserveAspectRatio: 'none' });
  const last = regions.map((r) => `${r} ${count(history.at(-1)?.regions[r]?.[key] ?? 0)}`).join(', ');
  svg.append(element('title', {}, `${title}, now: ${last || 'nothing'}`));
  for (const part of [0, 0.5, 1]) {
    svg.append(element('line', { x1: left, x2: width - 6, y1: y(top * part), y2: y(top * part) }));
  }
  regions.forEach((region, i) => {
    const points = history.filter((h) => h.regions[region])
      .map((h) => `${x(h.now).toFixed(1)},${y(h.regions[region][key]).toFixed(1)}`);
    if (points.length === 1) points.push(points[0].replace(/^[\d.]+/, (n) => String(Number(n) - 1)));
    svg.append(element('polyline', { points: points.join(' '), stroke: colours[i % colours.length] }));
  });
  place.replaceChildren(svg);
  const label = (part) => {
    const span = document.createElement('span');
    span.textContent = top < 1 ? String(Number((top * part).toPrecision(2))) : count(top * part);
    span.style.top = `${(y(top * part) / height) * 100}%`;
    return span;
  };
  place.append(...[0, 0.5, 1].map(label));
  const ages = document.createElement('small');
  const from = document.createElement('b');
  from.textContent = past <= 60000 ? '1 min ago' : `${Math.round(past / 60000)} min ago`;
  ages.append(from, 'now');
  place.append(ages);
}
