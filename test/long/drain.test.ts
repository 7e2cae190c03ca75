import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limpet } from '../system/cli/command.ts';
import { secrets } from '../system/harness/secrets.ts';
import { until } from '../system/harness/until.ts';
import { startWorld, type World } from '../system/harness/world.ts';

const size = 10_000;
const lanes = 16;
const sampleEvery = 100;

let world: World;
beforeAll(async () => {
  const health = { path: '/health', intervalMs: 120_000, timeoutMs: 60_000 };
  const attempts = { doubtAfterMs: 20_000, doubtTimeoutMs: 20_000 };
  world = await startWorld({ pool: { health, attempts }, rest: { debug: 'always' } });
});
afterAll(() => world?.end());

const verb = (...words: string[]) => limpet([...words, '--url', world.url], secrets);

/** A new session with one item; undefined where a busy machine did not store it in time. */
async function begun(item: number): Promise<Response | undefined> {
  const answer = await fetch(`${world.url}/cart?item=${item}`, { method: 'POST' });
  await answer.text();
  return answer.status === 200 && answer.headers.get('limpet-origin') === 'a' ? answer : undefined;
}

function jarOf({ headers }: Response): string {
  return headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0])
    .join('; ');
}

/** The cookies of some of the sessions, each with one item in its cart. */
async function fill(): Promise<string[]> {
  const cookies: string[] = [];
  let made = 0;
  const lane = async () => {
    while (made < size) {
      const at = made++;
      const answer = await until('the store has the session', () => begun(at));
      if (at % sampleEvery === 0) cookies[at / sampleEvery] = jarOf(answer);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return cookies;
}

async function movedWithin(cookies: readonly string[]): Promise<Set<string | null>> {
  const homes = new Set<string | null>();
  for (const [at, cookie] of cookies.entries()) {
    const answer = await fetch(`${world.url}/cart`, { headers: { cookie } });
    expect(await answer.json()).toMatchObject({ items: [`${at * sampleEvery}`] });
    homes.add(answer.headers.get('limpet-origin'));
  }
  return homes;
}

describe('10,000 idle sessions on one real origin', () => {
  it('[DN10] are swept to the others within ten seconds, each with its data', {
    timeout: 400_000,
  }, async () => {
    for (const id of ['b', 'c']) await verb('weight', id, '0');
    await until('only a takes new sessions', async () => {
      const homes = await Promise.all(
        Array.from({ length: 9 }, (_, at) => world.client().get('/who', { 'user-agent': `${at}` })),
      );
      return homes.every(({ home }) => home === 'a');
    });
    const cookies = await fill();
    for (const id of ['b', 'c']) await verb('weight', id, 'configured');
    await until(
      'the others take sessions again',
      async () => (await world.client().get('/who', { 'user-agent': `${Math.random()}` })).home !== 'a',
    );

    const began = performance.now();
    const drained = await verb('drain', 'a', '--wait', '--json');
    const tookMs = Math.round(performance.now() - began);
    console.log(`${drained.stderr.trim()}\n${drained.stdout.trim()}\nsafe to stop after ${tookMs} ms`);
    expect(drained.code).toBe(0);
    expect(JSON.parse(drained.stdout)).toMatchObject({ safeToStop: true, lost: 0, withoutData: 0 });
    expect(JSON.parse(drained.stdout).moved).toBeGreaterThanOrEqual(size);
    expect(tookMs).toBeLessThan(10_000);
    await world.origin('a').kill();
    const homes = await movedWithin(cookies);
    expect(homes).toEqual(new Set(['b', 'c']));
  });
});
