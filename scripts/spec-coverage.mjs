// Every rule of docs/spec.md, **[AB1]**, has a test whose title starts with its id, and every id in a title is a rule.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const rules = new Set(
  ids(
    existsSync('docs/spec.md') ? readFileSync('docs/spec.md', 'utf8') : '',
    /\*\*((?:\[[A-Z]{2,}\d+\])+)\*\*/g,
  ),
);
const tested = new Set(
  testFiles().flatMap((file) => ids(readFileSync(file, 'utf8'), /['"`]((?:\[[A-Z]{2,}\d+\]\s?)+)/g)),
);

const untested = [...rules].filter((id) => !tested.has(id));
const unknown = [...tested].filter((id) => !rules.has(id));

for (const id of untested) console.error(`${id}: a rule of docs/spec.md that no test title starts with`);
for (const id of unknown) console.error(`${id}: in a test title, but not a rule of docs/spec.md`);
if (rules.size === 0) console.error('docs/spec.md has no rules');
console.log(`${rules.size} rules, ${untested.length} without a test, ${unknown.length} unknown`);
process.exit(untested.length + unknown.length > 0 || rules.size === 0 ? 1 : 0);

/** @param {string} text @param {RegExp} pattern */
function ids(text, pattern) {
  return [...text.matchAll(pattern)].flatMap(([, group = '']) => group.match(/[A-Z]{2,}\d+/g) ?? []);
}

function testFiles() {
  const entries = readdirSync('test', { recursive: true, withFileTypes: true });
  return entries
    .filter(({ name }) => name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}
