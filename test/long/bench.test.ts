import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

// What it measures is no business of a test: a machine that runs tests is busy.
function bench(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['test/bench/main.ts', ...words], { encoding: 'utf8' });
}

describe('npm run bench', () => {
  it('[BN1] request-path measures both modes beside two bare Workers, and prints a table', () => {
    const { status, stdout, stderr } = bench('request-path', '--trial', '--rounds', '1', '--seconds', '1');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    for (const name of ['pass-through', 'same headers', 'local', 'replicated'])
      expect(stdout).toMatch(new RegExp(`^${name} +\\d+ +\\d`, 'm'));
    expect(stdout).toContain('a trial: nothing was judged');
  });

  it('[BN2] request-path wants nine rounds for figures that count', () => {
    const { status, stderr } = bench('request-path', '--rounds', '8');
    expect(status).not.toBe(0);
    expect(stderr).toContain('--rounds must be a whole number from 9');
  });

  it('[BN4] [BN5] failover: what Limpet promises of a killed and of a frozen origin holds, and the peers stand beside it', () => {
    const { status, stdout, stderr } = bench('failover', '--smoke');
    expect([status, stderr.replaceAll(/^.* is left out: .*\n/gm, '')]).toEqual([0, '']);
    for (const fault of ['SIGKILL', 'SIGSTOP']) expect(stdout).toContain(`${fault} of one of three origins`);
    expect(stdout.match(/^limpet +\d/gm)).toHaveLength(2);
    for (const peer of ['haproxy', 'nginx'])
      expect(stdout.match(new RegExp(`^${peer}, `, 'gm'))?.length ?? 0).toBe(
        stderr.includes(`${peer} is not installed`) ? 0 : 4,
      );
  });

  it('[BN7] connect-check prints what a POST costs with the check and without, and what it saves', () => {
    const { status, stdout } = bench('connect-check', '--trial', '--rounds', '1', '--seconds', '1', '--json');
    expect(status).toBe(0);
    const { costs, kills } = JSON.parse(stdout);
    for (const way of ['without', 'with']) expect(costs[way][0].cpuUs).toBeGreaterThan(0);
    expect(kills.with[0].twice).toBe(0);
  });

  it('[BN6] shard prints what one shard does, and rows per change', () => {
    const { status, stdout } = bench('shard', '--trial', '--json');
    expect(status).toBe(0);
    const { figures }: { figures: { name: string; perSecond: number; logged: number; folded: number }[] } =
      JSON.parse(stdout);
    expect(figures).toHaveLength(6);
    for (const { perSecond, logged, folded } of figures) {
      expect(perSecond).toBeGreaterThan(0);
      expect(logged).toBeGreaterThan(0);
      expect(folded).toBeGreaterThanOrEqual(0);
    }
  });

  it('[BN3] pick prints what a pick costs at 3 to 1000 origins, beside hashing key and id together', () => {
    const { status, stdout } = bench('pick', '--json');
    expect(status).toBe(0);
    const rows: { origins: number; pickNs: number; naiveNs: number }[] = JSON.parse(stdout).rows;
    expect(rows.map(({ origins }) => origins)).toEqual([3, 10, 100, 1000]);
    for (const { pickNs, naiveNs } of rows) expect(naiveNs).toBeGreaterThan(pickNs);
  });
});
