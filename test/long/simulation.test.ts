import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);

async function simulate(...words: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, ['--no-warnings', 'test/simulation/main.ts', ...words]);
  return stdout;
}

describe('the simulation', () => {
  it('[SM1] finds no violation in a thousand seeds', async () => {
    expect(await simulate('--seeds', '1000')).toMatch(/^1000 seeds, 0 violations/m);
  });

  it('[SM2] catches every planted fault', async () => {
    const said = await simulate('--mutations');
    const [, planted, caught] = /^(\d+) planted faults, (\d+) caught/m.exec(said) ?? [];
    expect(Number(planted)).toBeGreaterThanOrEqual(10);
    expect(caught).toBe(planted);
  });

  it('[SM3] replays a seed to the letter, in another process too', async () => {
    expect(await simulate('--seed', '7')).toBe(await simulate('--seed', '7'));
  });
});
