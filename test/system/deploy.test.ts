import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { start } from './cli/running.ts';
import { freePorts } from './harness/ports.ts';
import { secrets } from './harness/secrets.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const wrangler = resolve('node_modules/wrangler/bin/wrangler.js');
const bytesMax = 80_000;

describe('wrangler deploy --dry-run', () => {
  let folder = '';
  let said = '';

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'limpet-deploy-'));
    said = dryRun(folder);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('[DP1] takes wrangler.toml as it is, and knows every key in it', () => {
    expect(said).toContain('--dry-run: exiting now');
    expect(said).not.toMatch(/unexpected fields|warning/i);
  });

  it('[DP1] binds the objects, the store and the version', () => {
    for (const binding of ['SESSION_SHARD', 'POOL_MONITOR', 'FALLBACK', 'VERSION'])
      expect(said).toContain(`env.${binding} `);
  });

  it('[DP2] uploads less than 80 KB, gzipped', () => {
    const bytes = gzipSync(readFileSync(join(folder, 'index.js'))).length;
    expect(bytes).toBeLessThan(bytesMax);
  });

  it('[DP4] uploads the configuration as it was read, and nothing that reads one', () => {
    const code = readFileSync(join(folder, 'index.js'), 'utf8');
    expect(code).toContain('"127.0.0.1:9001"');
    expect(code).not.toContain('did you mean');
  });

  it('[DP4] names every problem of a bad configuration and makes no bundle, also after a good one', () => {
    const checkout = copyOfThis();
    try {
      const outdir = join(checkout, 'out');
      expect(dryRun(outdir, checkout)).toContain('--dry-run: exiting now');
      rmSync(outdir, { recursive: true });
      writeFileSync(join(checkout, 'limpet.config.ts'), badConfig);
      const refused = dryRun(outdir, checkout);
      expect(refused).toContain(
        'pools.shop.origins.0.weight: wanted a whole number from 0 to 1000, found "2"',
      );
      expect(refused).toContain('did you mean "health"?');
      expect(refused).not.toContain('--dry-run: exiting now');
      expect(existsSync(outdir)).toBe(false);
    } finally {
      rmSync(checkout, { recursive: true, force: true });
    }
  });
});

describe('wrangler dev', () => {
  it('[DP3] serves the Worker too', async () => {
    const [port = 0] = await freePorts(1);
    const vars = Object.entries(secrets).flatMap(([name, value]) => ['--var', `${name}:${value}`]);
    const words = ['dev', '--port', String(port), '--ip', '127.0.0.1', ...vars];
    await start(
      wrangler,
      words,
      { WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1' },
      `Ready on http://127.0.0.1:${port}`,
    );
    const headers = { authorization: `Bearer ${secrets.ADMIN_TOKEN}` };
    const answer = await fetch(`http://127.0.0.1:${port}/.limpet/admin/status`, { headers });
    expect(await answer.json()).toMatchObject({
      pools: [{ name: 'shop', monitor: { version: expect.any(Number) } }],
    });
  });
});

const badConfig = `
import { defineConfig } from 'limpet';
export default defineConfig({
  pools: { shop: { origins: [{ id: 'a', url: 'https://a.example.com', weight: '2' }], helth: {} } },
  routes: [{ match: '/*', pool: 'shop' }],
});
`;

/** What a deploy reads, with a configuration that may be changed. */
function copyOfThis(): string {
  const folder = mkdtempSync(join(tmpdir(), 'limpet-checkout-'));
  const parts = ['worker', 'durable-objects', 'scripts', 'limpet.config.ts', 'wrangler.toml', 'package.json'];
  for (const part of parts) cpSync(part, join(folder, part), { recursive: true });
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** Everything that wrangler prints: its warnings are on stderr. */
function dryRun(outdir: string, cwd = '.'): string {
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1' };
  const words = [wrangler, 'deploy', '--dry-run', '--outdir', outdir];
  const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', env, cwd });
  return stdout + stderr;
}
