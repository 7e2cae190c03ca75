// The layer check: no import points up (types included), no cycle, and the core asks nobody for time, chance or I/O.
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cruise } from 'dependency-cruiser';
import { impurities } from './purity.mjs';

const rules = createRequire(import.meta.url)('../.dependency-cruiser.cjs');
const folders = ['worker', 'durable-objects', 'sdk', 'cli', 'examples'];

/**
 * Every broken rule below `root`, as sentences.
 * @param {string} root
 * @returns {Promise<string[]>}
 */
export async function brokenLayers(root) {
  const files = folders.flatMap((folder) => sources(root, folder));
  if (files.length === 0) return ['no source file found: nothing was checked'];
  const { output } = await cruise(files, {
    ...rules.options,
    ruleSet: { forbidden: rules.forbidden },
    validate: true,
    baseDir: root,
  });
  if (typeof output === 'string') throw new Error('dependency-cruiser gave no result object');
  return [
    ...unseen(files, output.modules),
    ...output.summary.violations.map(sentence),
    ...impurities(root, files),
  ];
}

// dependency-cruiser is silent about what it cannot read: with a TypeScript that it does not know it sees no module and finds no violation.
/** @param {string[]} files @param {{ source: string }[]} modules */
function unseen(files, modules) {
  const seen = new Set(modules.map(({ source }) => source));
  return files.filter((file) => !seen.has(file)).map((file) => `${file}: was not seen by the check`);
}

/** @param {import('dependency-cruiser').IViolation} violation */
function sentence({ from, to, rule }) {
  return `${from} -> ${to} (${rule.name})`;
}

/** @param {string} root @param {string} folder @returns {string[]} */
function sources(root, folder) {
  const entries = readdirSync(root).includes(folder)
    ? readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    : [];
  const files = entries.filter((entry) => entry.isFile() && /[.](ts|mjs)$/.test(entry.name));
  return files.map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const broken = await brokenLayers(process.cwd());
  for (const line of broken) console.error(line);
  process.exit(broken.length > 0 ? 1 : 0);
}
