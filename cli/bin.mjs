#!/usr/bin/env node
// Plain JavaScript that any Node from 20 on reads: the runtime behind `limpet dev` wants Node 22.12, which the `node` package brings.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const newEnough = atLeast(process.versions.node, [22, 12]);
const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

if (!existsSync(main)) {
  fail('Cannot start limpet: dist/cli/main.js is missing. Build it first: npm run build');
} else if (newEnough) {
  const { run } = await import('../dist/cli/main.js');
  process.exitCode = await run(process.argv.slice(2));
} else {
  const node = newerNode();
  if (node === undefined)
    fail(
      `Cannot start limpet: it needs Node 22.12 or newer, and this is ${process.version}. Install it, or run: npm install --save-dev node@22`,
    );
  else handOverTo(node);
}

/** @param {string} version @param {[number, number]} wanted */
function atLeast(version, [major, minor]) {
  const [isMajor = 0, isMinor = 0] = version.split('.').map(Number);
  return isMajor > major || (isMajor === major && isMinor >= minor);
}

function newerNode() {
  const require = createRequire(import.meta.url);
  try {
    return join(dirname(require.resolve('node/package.json')), 'bin', 'node');
  } catch {
    return undefined; // the package is not installed here
  }
}

/** Runs this file again on the other Node, as if it were this process: same streams, signals and exit code. @param {string} node */
function handOverTo(node) {
  // The channel tells the other one when this process is gone, however it went.
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.on(signal, () => child.kill(signal));
  process.on('disconnect', () => child.kill('SIGTERM'));
  child.on('error', (error) => fail(`Cannot start limpet on ${node}: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.removeAllListeners();
    if (signal !== null) process.kill(process.pid, signal);
    process.exit(code ?? 1);
  });
}

/** @param {string} sentence */
function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 1;
}
