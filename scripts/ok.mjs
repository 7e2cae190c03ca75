// npm run ok: everything that must be true before a commit. One line and its time for each step; the output of those that failed.
import { spawnSync } from 'node:child_process';

/** @type {[name: string, command: string, ...words: string[]][]} */
const steps = [
  ['format', 'biome', 'format'],
  ['lint', 'oxlint', '--deny-warnings'],
  ['layers', 'node', 'scripts/layers.mjs'],
  ['dead code', 'knip'],
  ['types', 'tsc', '--build'],
  ['bindings', 'wrangler', 'types', 'worker-env.d.ts', '--include-runtime=false', '--check'],
  ['spec', 'node', 'scripts/spec-coverage.mjs'],
  ['tests', 'npm', 'test'],
];

const failed = steps.filter((step) => !passes(step)).map(([name]) => name);
console.log(failed.length > 0 ? `failed: ${failed.join(', ')}` : 'ok');
process.exit(failed.length > 0 ? 1 : 0);

/** @param {[name: string, command: string, ...words: string[]]} step */
function passes([name, command, ...words]) {
  const started = Date.now();
  const { status, stdout, stderr, error } = spawnSync(command, words, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(10)} ${seconds} s`);
  if (status !== 0) console.log(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`);
  return status === 0;
}
