import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { start } from './cli/running.ts';
import { freePorts } from './harness/ports.ts';
import { secrets } from './harness/secrets.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const wrangler = 'node_modules/wrangler/bin/wrangler.js';
const bytesMax = 70_000;

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

  it('[DP2] uploads less than 70 KB, gzipped', () => {
    const bytes = gzipSync(readFileSync(join(folder, 'index.js'))).length;
    expect(bytes).toBeLessThan(bytesMax);
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

/** Everything that wrangler prints: its warnings are on stderr. */
function dryRun(outdir: string): string {
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1' };
  const words = [wrangler, 'deploy', '--dry-run', '--outdir', outdir];
  const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', env });
  return stdout + stderr;
}
