import { beforeEach, describe, expect, it } from 'vitest';
import { originId, poolName } from '../../../worker/core/ids.ts';
import { plainProbing, type ProbingConfig } from '../../../worker/core/probing.ts';
import { emptySnapshot, type Snapshot, type ToldSnapshot } from '../../../worker/core/snapshot.ts';
import {
  createReportSuspect,
  createReadStatus,
  createSnapshots,
  type MonitorObjects,
} from '../../../worker/stores/snapshots.ts';
import { WorldTime } from './world-time.ts';

const pool = poolName('shop');
const a = originId('a');
const probing: ProbingConfig = {
  revision: 1,
  origins: [{ id: a, url: 'http://a.test' }],
  health: { ...plainProbing, path: '/', intervalMs: 5_000, timeoutMs: 2_000, fall: 2, rise: 2 },
};
const version = (number: number): Snapshot => ({
  version: number,
  origins: { [a]: { health: 'up', incarnation: number } },
});

/** The three sources, each there or away, and a record of who was asked. */
let monitor: () => Promise<ToldSnapshot>;
let prepare: (snapshot: Snapshot) => Promise<void>;
let cached: ToldSnapshot | undefined;
let mirrored: ToldSnapshot | undefined;
let match: (url: string) => Promise<Response | undefined>;
let asked: string[];
let time: WorldTime;
let later: Promise<unknown>[];

const away = () => Promise.reject(new Error('away'));

beforeEach(() => {
  time = new WorldTime();
  time.pass(1_000_000);
  asked = [];
  later = [];
  cached = undefined;
  mirrored = undefined;
  monitor = away;
  prepare = async () => undefined;
  match = async (url) => {
    asked.push(url);
    return cached === undefined ? undefined : Response.json(cached);
  };
});

function isolate() {
  const monitors: MonitorObjects = {
    getByName: (name) => ({
      snapshot: (given) => {
        asked.push(`monitor ${name} ${given.revision}`);
        return monitor();
      },
      report: (origin) => {
        asked.push(`report ${origin}`);
        return away();
      },
      status: away,
    }),
  };
  const cache = {
    match: (url: string) => match(url),
    put: async (_url: string, response: Response) => {
      cached = (await response.json()) as ToldSnapshot;
    },
  };
  const mirror = {
    get: async (key: string) => {
      asked.push(key);
      return mirrored === undefined ? null : JSON.stringify(mirrored);
    },
  };
  const chance = { bytes: () => new Uint8Array([127]) };
  const waitUntil = (work: Promise<unknown>) => void later.push(work);
  const options = {
    pool,
    probing,
    prepare: (snapshot: Snapshot) => prepare(snapshot),
    monitors,
    cache,
    mirror,
    clock: time,
    timers: time,
    chance,
    waitUntil,
  };
  return {
    snapshots: createSnapshots(options),
    report: createReportSuspect(options),
    readStatus: createReadStatus(options),
  };
}

const told = (number: number) => async () => ({ snapshot: version(number), at: 5 });

describe('the snapshot of an isolate', () => {
  it('[SN1] is empty and of infinite age before anything was heard', () => {
    expect(isolate().snapshots.current()).toEqual({
      snapshot: emptySnapshot,
      ageMs: Number.POSITIVE_INFINITY,
    });
  });

  it('[SN2] comes from the cache, then from the monitor, and what the monitor said goes to the cache', async () => {
    monitor = told(3);
    expect(await isolate().snapshots.refresh(200)).toEqual({ snapshot: version(3), ageMs: 0 });
    expect(asked).toEqual(['https://limpet.internal/snapshot/shop', 'monitor shop 1']);
    await Promise.all(later);
    asked = [];
    expect((await isolate().snapshots.refresh(200)).snapshot).toEqual(version(3));
    expect(asked).toEqual(['https://limpet.internal/snapshot/shop']);
  });

  it('[SN3] comes from the mirror when the monitor is away, as old as the mirror says', async () => {
    mirrored = { snapshot: version(2), at: time.now() - 30_000 };
    expect(await isolate().snapshots.refresh(200)).toEqual({ snapshot: version(2), ageMs: 30_000 });
    expect(asked.at(-1)).toBe('snapshot:shop');
  });

  it('[SN4] ages by the clock of the isolate, plus what it had aged in the cache', async () => {
    cached = { snapshot: version(1), at: time.now() - 400 };
    const first = isolate().snapshots;
    expect((await first.refresh(200)).ageMs).toBe(400);
    time.pass(700);
    expect(first.current().ageMs).toBe(1_100);
    cached = { snapshot: version(1), at: time.now() - 3_000 };
    expect((await isolate().snapshots.refresh(200)).ageMs).toBe(3_000);
    cached = { snapshot: version(1), at: time.now() + 3_000 };
    expect((await isolate().snapshots.refresh(200)).ageMs).toBe(0);
  });

  it('[SN4] is not taken from a cache that keeps it for too long', async () => {
    cached = { snapshot: version(1), at: time.now() - 6_000 };
    monitor = told(2);
    expect((await isolate().snapshots.refresh(200)).snapshot).toEqual(version(2));
  });

  it('[SN14] is asked of the monitor by one isolate when the cache has it for a second, and the others make do with it', async () => {
    cached = { snapshot: version(1), at: time.now() - 1_200 };
    const { promise, resolve } = Promise.withResolvers<ToldSnapshot>();
    monitor = () => promise;
    const first = isolate().snapshots.refresh(200);
    while (!asked.some((one) => one.startsWith('monitor'))) await Promise.resolve();
    expect(await isolate().snapshots.refresh(200)).toMatchObject({ snapshot: version(1) });
    expect(asked.filter((one) => one.startsWith('monitor'))).toHaveLength(1);
    resolve({ snapshot: version(2), at: 5 });
    expect((await first).snapshot).toEqual(version(2));
  });

  it('[SN14] is asked again by another one when the first has not heard for 300 ms', async () => {
    cached = { snapshot: version(1), at: time.now() - 1_200 };
    await isolate().snapshots.refresh(200);
    time.pass(300);
    monitor = told(2);
    expect((await isolate().snapshots.refresh(200)).snapshot).toEqual(version(2));
  });

  it('[SN5] is never replaced by an older one, and is as fresh as the last time it was confirmed', async () => {
    const { snapshots } = isolate();
    monitor = told(5);
    await snapshots.refresh(200);
    await Promise.all(later);
    time.pass(2_000);
    cached = undefined;
    monitor = told(4);
    expect(await snapshots.refresh(200)).toEqual({ snapshot: version(5), ageMs: 2_000 });
    await Promise.all(later);
    time.pass(2_000);
    cached = undefined;
    monitor = told(5);
    expect(await snapshots.refresh(200)).toEqual({ snapshot: version(5), ageMs: 0 });
  });

  it('[SN6] is asked for at most once a second, and who comes meanwhile looks at what the other has heard', async () => {
    const { snapshots } = isolate();
    monitor = told(1);
    const heard = await Promise.all([snapshots.refresh(200), snapshots.refresh(200), snapshots.refresh(200)]);
    expect(heard.map(({ snapshot }) => snapshot.version)).toEqual([1, 1, 1]);
    expect(asked.filter((one) => one.startsWith('monitor'))).toHaveLength(1);
    await snapshots.refresh(200);
    expect(asked.filter((one) => one.startsWith('monitor'))).toHaveLength(1);
  });

  it('[SN6] keeps nobody waiting while the sources are known to be away', async () => {
    const { snapshots } = isolate();
    await snapshots.refresh(200);
    const before = time.now();
    await snapshots.refresh(200);
    expect(time.now()).toBe(before);
  });

  it('[SN6] is asked for again when a question was never answered: its request may have been cancelled', async () => {
    const { snapshots } = isolate();
    const answering = match;
    match = () => new Promise(() => undefined);
    await snapshots.refresh(200);
    match = answering;
    monitor = told(2);
    time.pass(5_000);
    expect((await snapshots.refresh(200)).snapshot).toEqual(version(2));
  });

  it('[SN7] is waited for no longer than the patience, and taken when it comes after that', async () => {
    const { snapshots } = isolate();
    const { promise, resolve } = Promise.withResolvers<ToldSnapshot>();
    monitor = () => promise;
    const before = time.now();
    expect((await snapshots.refresh(200)).snapshot).toEqual(emptySnapshot);
    expect(time.now() - before).toBe(200);
    resolve({ snapshot: version(1), at: 5 });
    await Promise.all(later);
    expect(snapshots.current().snapshot).toEqual(version(1));
  });

  it('[SN8] with every source away or talking nonsense it stays what it was, and nothing throws', async () => {
    const { snapshots } = isolate();
    mirrored = JSON.parse('{"snapshot":7}') as ToldSnapshot;
    expect((await snapshots.refresh(200)).snapshot).toEqual(emptySnapshot);
  });
});

describe('a snapshot that needs to be made ready', () => {
  it('[RG9] is seen by nobody before, and not at all when that fails', async () => {
    monitor = told(3);
    prepare = () => Promise.reject(new Error('no such url'));
    const { snapshots } = isolate();
    expect((await snapshots.refresh(200)).snapshot).toEqual(emptySnapshot);
    const { promise, resolve } = Promise.withResolvers<void>();
    prepare = () => promise;
    const other = isolate();
    const refreshed = other.snapshots.refresh(200);
    await Promise.resolve();
    expect(other.snapshots.current().snapshot).toEqual(emptySnapshot);
    resolve();
    expect((await refreshed).snapshot).toEqual(version(3));
  });
});

describe('a report of a suspect', () => {
  it('[SN9] goes to the monitor, and never throws', async () => {
    await isolate().report(a);
    expect(asked).toEqual(['report a']);
  });
});

describe('the status of a pool', () => {
  it('[SN10] says that the monitor is unreachable rather than throw', async () => {
    const why = 'the monitor of pool shop did not answer';
    expect(await isolate().readStatus()).toEqual({ kind: 'unreachable', why });
  });
});
