// A quota check with MQTT.js and rate-limiter-flexible, in memory.
//   node mqtt_js.mjs PORT TOPIC LIMIT WINDOW_MS CHECKED_TENANT CHECKED_LIMIT
import { readFileSync } from 'node:fs';
import mqtt from 'mqtt';
import { Decoder, Encoder } from '@msgpack/msgpack';
import { RateLimiterMemory } from 'rate-limiter-flexible';

if (process.argv[2] === '--version') {
  const of = (name) => {
    const file = new URL(`node_modules/${name}/package.json`, import.meta.url);
    return `${name} ${JSON.parse(readFileSync(file)).version}`;
  };
  const names = ['mqtt', 'rate-limiter-flexible', '@msgpack/msgpack'];
  console.log([`Node ${process.versions.node}`, ...names.map(of)].join(', '));
  process.exit();
}
const [port, topic, limit, windowMs, checkedTenant, checkedLimit] = process.argv.slice(2);
const limiter = (points) =>
  new RateLimiterMemory({ points: Number(points), duration: Number(windowMs) / 1000 });
const [ordinary, checked] = [limiter(limit), limiter(checkedLimit)];
const [decoder, encoder] = [new Decoder(), new Encoder()]; // reused: the library's own advice

const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5, clientId: 'peer' });
client.on('connect', () => {
  client.stream.setNoDelay(true);
  client.subscribe(topic, { qos: 1 });
});

function reply({ responseTopic, correlationData }, id, decision, remaining) {
  // encode() makes a copy, which the socket may keep; encodeSharedRef() would be overwritten.
  const payload = Buffer.from(encoder.encode({ id, decision, remaining }).buffer);
  client.publish(responseTopic, payload, { qos: 0, properties: { correlationData } });
}

client.on('message', async (_topic, payload, { properties }) => {
  const { tenant, id, hits = 1 } = decoder.decode(payload);
  try {
    const { remainingPoints } = await (tenant === checkedTenant ? checked : ordinary).consume(
      tenant,
      hits,
    );
    reply(properties, id, 'allow', remainingPoints);
  } catch (refused) {
    if (refused instanceof Error) throw refused;
    reply(properties, id, 'deny', refused.remainingPoints);
  }
});
