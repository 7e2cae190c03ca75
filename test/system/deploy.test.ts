import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const wrangler = 'node_modules/wrangler/bin/wrangler.js';
const bytesMax = 60_000;

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

  it('[DP2] uploads less than 60 KB, gzipped', () => {
    const bytes = gzipSync(readFileSync(join(folder, 'index.js'))).length;
    expect(bytes).toBeLessThan(bytesMax);
  });
});

/** Everything that wrangler prints: its warnings are on stderr. */
function dryRun(outdir: string): string {
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1' };
  const words = [wrangler, 'deploy', '--dry-run', '--outdir', outdir];
  const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', env });
  return stdout + stderr;
}
