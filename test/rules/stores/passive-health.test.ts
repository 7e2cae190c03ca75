import { beforeEach, expect, it } from 'vitest';
import { originId } from '../../../worker/core/ids.ts';
import { PassiveHealth } from '../../../worker/stores/passive-health.ts';
import { a, b, createWorld, startMs } from '../visit.ts';

const [one, two] = [originId('web-1'), originId('web-2')];
let passive: PassiveHealth;

beforeEach(async () => {
  const { pool, edge } = await createWorld();
  passive = new PassiveHealth(pool.config, edge.counters);
});

/** Requests of several sessions fail there. */
const fails = (origin: typeof one) => {
  for (let at = 0; at < 8; at++) passive.failed(origin, startMs + at, `session ${at}`);
};

it('[PS25] an origin that has registered itself and left is ejected no more', () => {
  fails(one);
  expect([passive.isAnyOpen, passive.phase(one, startMs)]).toEqual([true, 'open']);
  passive.keepTo({ [two]: { url: 'http://web-2.test', weight: 1 } });
  expect([passive.isAnyOpen, passive.phase(one, startMs)]).toEqual([false, 'closed']);
});

it('[PS25] nor does it count as one of the pool, of which at most half is ejected', () => {
  for (let at = 0; at < 20; at++) passive.failed(originId(`web-${at}`), startMs, 'one session');
  passive.keepTo(undefined);
  for (const origin of [a, b]) fails(origin);
  const open = [a, b].filter((origin) => passive.phase(origin, startMs + 10) === 'open');
  expect(open).toEqual([a]);
});
