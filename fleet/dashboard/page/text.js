// Numbers as people read them.

export function count(n) {
  if (n === 0) return '0';
  if (n < 10) return n.toFixed(1).replace(/\.0$/, '');
  return n >= 1e6 ? `${(n / 1e6).toFixed(1)}M` : Math.round(n).toLocaleString('en');
}

export function micros(us) {
  if (!(us > 0)) return '–';
  if (us < 1000) return `${Math.round(us)} µs`;
  return us < 1e6 ? `${(us / 1000).toFixed(us < 10000 ? 1 : 0)} ms` : `${(us / 1e6).toFixed(1)} s`;
}

export function bytes(n) {
  if (!(n > 0)) return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let value = n;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(unit > 0 && value < 100 ? 1 : 0)} ${units[unit]}`;
}

export function span(ms) {
  if (!Number.isFinite(ms)) return '–';
  const s = Math.max(Math.floor(ms / 1000), 0);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  return s < 86400 ? `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`
    : `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

export const census = (others) => Object.entries(others).map(([status, n]) => `${n} ${status}`).join(', ');

const severities = ['lost', 'missing', 'offline', 'unreadable', 'degraded', 'draining', 'online'];
export const severity = (status) => {
  const at = severities.indexOf(status);
  return at < 0 ? severities.length : at;
};
export const tone = (status) => (status === 'online' || status === 'up' ? 'good'
  : status === 'degraded' || status === 'draining' ? 'warn' : 'bad');
