// The build step of wrangler.toml, in front of every bundle: runs worker/checked-config.ts and writes down what it gives, as dist/checked-config.js.
// A bad configuration ends it, and wrangler with it. Needs neither dist/ nor its own Node: it runs in the middle of somebody's deploy.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const written = join(root, 'dist/checked-config.js');

rmSync(written, { force: true }); // so that nothing goes out with the one before
try {
  const config = await checkedConfig();
  const text = JSON.stringify(config);
  if (!isDeepStrictEqual(JSON.parse(text), config))
    throw new Error('The checked configuration has a value that is not JSON');
  mkdirSync(dirname(written), { recursive: true });
  writeFileSync(written, `export default ${text};\n`);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

/** @returns {Promise<unknown>} */
async function checkedConfig() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['worker/checked-config.ts'],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    alias: { limpet: './worker/config/define-config.ts' },
    logLevel: 'silent',
  });
  const code = Buffer.from(outputFiles[0]?.contents ?? []).toString('base64');
  const { default: config } = await import(`data:text/javascript;base64,${code}`);
  return config;
}
