import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limpet } from './cli/command.ts';
import { secrets } from './harness/secrets.ts';
import { createShopper, type Shopper, shopWhile } from './harness/shopper.ts';
import { until } from './harness/until.ts';
import { startWorld, type World } from './harness/world.ts';

let world: World;
beforeAll(async () => {
  const health = { path: '/health', intervalMs: 1_000, timeoutMs: 500, fall: 2, rise: 1 };
  world = await startWorld({ pool: { health, attempts: { doubtTimeoutMs: 1_000 } } });
});
afterAll(() => world?.end());

interface Told {
  readonly id: string;
  readonly origin: string;
  readonly kind: string;
  readonly how: string;
  readonly detectedBy: string;
  readonly endedAt: number | null;
  readonly aborted: string | null;
  readonly firstSuccessAt: number | null;
  readonly recovery: Readonly<
    Record<'detectionMs' | 'propagationMs' | 'lookUpMs' | 'totalMs', number | null>
  >;
  readonly moved: number;
  readonly restored: number;
  readonly empty: number;
  readonly rescued: number;
  readonly failed: number;
  readonly stayed: number;
  readonly lostWrites: number;
}

const command = (...words: string[]) =>
  limpet([...words, '--url', world.url], { ADMIN_TOKEN: secrets.ADMIN_TOKEN });

async function incidentsOf(origin: string): Promise<readonly Told[]> {
  const { code, stdout, stderr } = await command('incidents', '--pool', 'shop', '--json');
  expect([code, stderr]).toEqual([0, '']);
  const { pools } = JSON.parse(stdout) as { pools: [{ incidents: readonly Told[] }] };
  return pools[0].incidents.filter((incident) => incident.origin === origin);
}

/** The newest incident of the origin, once what edges tell late has come. */
const settled = (origin: string, isSettled: (told: Told) => boolean) =>
  until(
    `the incident of ${origin} is complete`,
    async () => (await incidentsOf(origin)).filter(isSettled)[0],
    25_000,
  );

async function crowd(size: number): Promise<Shopper[]> {
  const shoppers = Array.from({ length: size }, (_, at) => createShopper(world.client(), `s${at}`));
  await Promise.all(
    shoppers.map(({ client }, at) => client.get('/cart', { 'user-agent': `a browser ${at}` })),
  );
  await Promise.all(shoppers.map((shopper) => shopper.addOnce()));
  return shoppers;
}

const at = (shoppers: readonly Shopper[], home: string) =>
  shoppers.filter((shopper) => shopper.home() === home);
const look = (shoppers: readonly Shopper[]) => Promise.all(shoppers.map((shopper) => shopper.lookOnce()));
const complaintsOf = (shoppers: readonly Shopper[]) => shoppers.flatMap(({ complaints }) => complaints);
const linesOf = (event: string) =>
  world.dev
    .output()
    .split('\n')
    .filter((line) => line.includes(`"event":"${event}"`))
    .map((line) => JSON.parse(line.slice(line.indexOf('{'))) as Readonly<Record<string, unknown>>);

describe('an incident', () => {
  it('[IN1] of an origin that is killed: who found it, how many sessions moved with their data, how long it took, and its end', async () => {
    const shoppers = await crowd(60);
    const homeless = at(shoppers, 'a');
    expect(homeless.length).toBeGreaterThan(5);
    await world.origin('a').kill();
    await look(shoppers);
    await look(shoppers);
    const { stdout: status } = await command('status');
    expect(status).toMatch(/INCIDENT shop:\d+: origin a \(refused\)/);
    const open = await settled('a', ({ moved }) => moved === homeless.length);
    expect(open).toMatchObject({
      kind: 'failure',
      how: 'refused',
      detectedBy: 'request',
      endedAt: null,
      restored: homeless.length,
      empty: 0,
      failed: 0,
      lostWrites: 0,
    });
    expect(open.rescued).toBeGreaterThanOrEqual(homeless.length);
    const { detectionMs, lookUpMs, totalMs } = open.recovery;
    expect(detectionMs).toBeLessThan(1_000);
    expect(lookUpMs).toBeLessThan(1_000);
    expect(totalMs).toBe((detectionMs ?? 0) + (open.recovery.propagationMs ?? 0) + (lookUpMs ?? 0));
    expect(complaintsOf(shoppers)).toEqual([]);

    await world.origin('a').start();
    const over = await settled('a', ({ endedAt }) => endedAt !== null);
    expect(over.id).toBe(open.id);
    const page = await command('incidents', 'show', over.id);
    expect(page.stdout).toMatch(/T +\d+ ms = \d+ ms detection \+ .* propagation \+ \d+ ms look-up/);
    expect(linesOf('incident_began')).toMatchObject([{ pool: 'shop', origin: 'a', kind: 'failure' }]);
    expect(linesOf('incident_ended')).toMatchObject([{ origin: 'a', moved: homeless.length, lostWrites: 0 }]);
  });

  it('[IN2] of one that is frozen: it is silent, and an unsafe request that hung there is counted as failed', async () => {
    const shoppers = await crowd(60);
    const [poster] = at(shoppers, 'b');
    world.origin('b').freeze();
    await poster?.addOnce();
    await look(shoppers);
    const told = await settled('b', ({ moved }) => moved > 0);
    world.origin('b').thaw();
    expect(told).toMatchObject({ how: 'silent', detectedBy: 'request', empty: 0, failed: 1, lostWrites: 0 });
    expect(told.recovery.detectionMs).toBeGreaterThan(290);
    await settled('b', ({ endedAt }) => endedAt !== null);
    expect(poster?.refusals).toEqual(['504 delivery_unknown']);
  });
});

describe('a fire drill', () => {
  it('[DR1] a share of the sessions moves with its data, nobody is refused, nothing is lost, and nobody moves back', async () => {
    const shoppers = await crowd(120);
    const before = at(shoppers, 'c');
    const order = ['drill', '--pool', 'shop', '--origin', 'c', '--share', '25%', '--for', '5s', '--json'];
    const drilled = command(...order);
    await until(
      'somebody has moved',
      async () => (await look(shoppers), at(before, 'c').length < before.length),
    );
    const { code, stdout, stderr } = await drilled;
    expect([code, stderr]).toEqual([0, expect.stringContaining('see it as failed')]);
    const { incident } = JSON.parse(stdout) as { incident: Told };
    const gone = before.length - at(before, 'c').length;
    expect(incident).toMatchObject({
      kind: 'drill',
      origin: 'c',
      detectedBy: 'drill',
      aborted: null,
      moved: gone,
      restored: gone,
      empty: 0,
      failed: 0,
      lostWrites: 0,
    });
    expect(gone).toBeLessThan(before.length / 2);
    const after = shoppers.map((shopper) => shopper.home());
    await shopWhile(shoppers, async () => undefined, 1);
    expect(shoppers.map((shopper) => shopper.home())).toEqual(after);
    expect(complaintsOf(shoppers)).toEqual([]);
  });

  it('[DR2] with too few other origins there is none', async () => {
    await world.origin('a').kill();
    await look(await crowd(20));
    await until('a is down', async () => (await command('status')).stdout.includes('down'));
    const { code, stderr } = await command('drill', '--pool', 'shop', '--origin', 'b');
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('Wanted 2 other origins that are up, found 1'),
    ]);
    await world.origin('a').start();
  });
});
