import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limpet } from '../system/cli/command.ts';
import { secrets } from '../system/harness/secrets.ts';
import { createShopper, type Shopper, shopWhile } from '../system/harness/shopper.ts';
import { until } from '../system/harness/until.ts';
import { startWorld, type World } from '../system/harness/world.ts';

let world: World;

async function begin(intervalMs: number): Promise<void> {
  const health = { path: '/health', intervalMs, timeoutMs: 2_000, fall: 2, rise: 1 };
  world = await startWorld({ pool: { health, attempts: { doubtTimeoutMs: 2_000 } } });
}

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
const beginningOf = (origin: string): unknown =>
  world.dev
    .output()
    .split('\n')
    .filter((line) => line.includes('"event":"incident_began"') && line.includes(`"origin":"${origin}"`))
    .map((line) => JSON.parse(line.slice(line.indexOf('{'))))[0];

describe('incidents', () => {
  // A minute between probes: whoever is in trouble is met by a request first.
  beforeAll(() => begin(60_000));
  afterAll(() => world?.end());

  it('[IN1] [IN2] of an origin that is killed and of one that freezes: who found it, what it looked like, what moved, and how long it took', async () => {
    const shoppers = await crowd(60);
    const homeless = at(shoppers, 'a');
    expect(homeless.length).toBeGreaterThan(5);
    await world.origin('a').kill();
    await look(shoppers);
    const { stdout: status } = await command('status');
    expect(status).toMatch(/INCIDENT shop:\d+: origin a \(refused\)/);
    const [poster] = at(shoppers, 'b');
    world.origin('b').freeze();
    await poster?.addOnce();
    await look(shoppers);
    world.origin('b').thaw();

    const killed = await settled('a', ({ moved }) => moved >= homeless.length);
    expect(killed).toMatchObject({
      kind: 'failure',
      how: 'refused',
      detectedBy: 'request',
      moved: homeless.length,
      restored: homeless.length,
      empty: 0,
      failed: 0,
      lostWrites: 0,
    });
    expect(killed.rescued).toBeGreaterThanOrEqual(homeless.length);
    const { detectionMs, propagationMs, lookUpMs, totalMs } = killed.recovery;
    expect(detectionMs).toBeLessThan(1_000);
    expect(totalMs).toBe((detectionMs ?? 0) + (propagationMs ?? 0) + (lookUpMs ?? 0));
    const page = await command('incidents', 'show', killed.id);
    expect(page.stdout).toMatch(/T +\d+ ms = \d+ ms detection \+ .* propagation \+ \d+ ms look-up/);
    expect(beginningOf('a')).toMatchObject({ pool: 'shop', kind: 'failure', how: 'refused' });

    const frozen = await settled('b', ({ moved }) => moved > 0);
    expect(frozen).toMatchObject({
      how: 'silent',
      detectedBy: 'request',
      empty: 0,
      failed: 1,
      lostWrites: 0,
    });
    expect(frozen.recovery.detectionMs).toBeGreaterThan(290);
    expect(poster?.refusals).toEqual(['504 delivery_unknown']);
    expect(complaintsOf(shoppers)).toEqual([]);
  });
});

describe('a fire drill', () => {
  beforeAll(() => begin(2_000));
  afterAll(() => world?.end());

  it('[DR1] a share of the sessions moves with its data, nobody is refused, nothing is lost, and nobody moves back', async () => {
    const shoppers = await crowd(90);
    const before = at(shoppers, 'c');
    const order = ['drill', '--pool', 'shop', '--origin', 'c', '--share', '25%', '--for', '5m', '--json'];
    const drilled = command(...order);
    await until(
      'somebody has moved',
      async () => (await look(shoppers), at(before, 'c').length < before.length),
    );
    expect((await command('drill', '--pool', 'shop', '--stop')).code).toBe(0);
    const { code, stdout, stderr } = await drilled;
    expect([code, stderr]).toEqual([0, expect.stringContaining('see it as failed')]);
    const { incident } = JSON.parse(stdout) as { incident: Told };
    const gone = before.length - at(before, 'c').length;
    expect(incident).toMatchObject({
      kind: 'drill',
      origin: 'c',
      detectedBy: 'drill',
      aborted: 'operator',
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
  });
});
