// node check-asyncapi.mjs FILE: exit 1 when the AsyncAPI document is not valid.
import { readFile } from 'node:fs/promises';
import { Parser } from '@asyncapi/parser';

const file = process.argv[2];
const { document, diagnostics } = await new Parser().parse(await readFile(file, 'utf8'));
const errors = diagnostics.filter((found) => found.severity === 0);
for (const found of errors) {
  console.error(`${file}:${found.range.start.line + 1}: ${found.path.join('.')}: ${found.message}`);
}
if (document === undefined || errors.length > 0) {
  process.exit(1);
}
const operations = document.operations().all();
if (operations.length === 0) {
  console.error(`${file}: no operation in it`);
  process.exit(1);
}
console.log(`${file}: AsyncAPI ${document.version()}, ${document.channels().all().length} channels, ` +
  `${operations.length} operations, valid`);
