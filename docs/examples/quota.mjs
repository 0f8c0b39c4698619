// A quota check with MQTT.js, once in JSON and once in msgpack. Needs `npm ci` in this folder.
//   node quota.mjs tcp://localhost:1883 eu-west/pi-7
// MQTT 5: the reply comes to our Response Topic and carries our Correlation Data.
import { randomUUID } from 'node:crypto';
import mqtt from 'mqtt';
import { decode, encode } from '@msgpack/msgpack';

const [broker = 'tcp://localhost:1883', node] = process.argv.slice(2);
if (node === undefined) {
  console.error('usage: node quota.mjs BROKER REGION/NODE');
  process.exit(64);
}
const codecs = {
  'application/json': {
    encode: (value) => Buffer.from(JSON.stringify(value)),
    decode: (bytes) => JSON.parse(bytes.toString('utf8')),
  },
  'application/vnd.msgpack': { encode: (value) => Buffer.from(encode(value)), decode },
};

const client = await mqtt.connectAsync(broker, { protocolVersion: 5, connectTimeout: 5000 });
const replyTopic = `clients/${client.options.clientId}`;
const waiting = new Map(); // correlation -> resolve
client.on('message', (topic, payload, packet) => {
  const { correlationData, contentType } = packet.properties ?? {};
  const resolve = waiting.get(correlationData?.toString());
  waiting.delete(correlationData?.toString());
  resolve?.(codecs[contentType].decode(payload));
});
await client.subscribeAsync(replyTopic, { qos: 1 });

async function ask(contentType, request) {
  const correlation = randomUUID();
  const reply = new Promise((resolve, reject) => {
    waiting.set(correlation, resolve);
    setTimeout(() => reject(new Error('no reply within 5 s')), 5000).unref();
  });
  await client.publishAsync(
    `flyball/v1/${node}/quota/main/request`,
    codecs[contentType].encode(request),
    {
      qos: 1,
      properties: {
        responseTopic: replyTopic,
        correlationData: Buffer.from(correlation),
        contentType,
        messageExpiryInterval: 5,
      },
    },
  );
  return reply;
}

try {
  for (const contentType of Object.keys(codecs)) {
    // A lost reply is asked for again with the same id: it counts once.
    const reply = await ask(contentType, { tenant: 'acme', id: randomUUID(), hits: 1 });
    console.log(`${contentType}: ${reply.decision}, ${reply.remaining} of ${reply.limit} left`);
    if (!reply.allowed) {
      console.error(`not allowed: ${reply.reason} ${reply.message ?? ''}`);
      process.exitCode = 1;
    }
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 69;
} finally {
  await client.endAsync();
}
