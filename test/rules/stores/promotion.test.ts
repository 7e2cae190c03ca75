import { describe, expect, it } from 'vitest';
import { poolName } from '../../../worker/core/ids.ts';
import { firstObject, lapsedMs, type Promotion, type Redirection } from '../../../worker/core/promotion.ts';
import type { Replication } from '../../../worker/core/replication.ts';
import { createPromotionDesk } from '../../../worker/stores/promotion-desk.ts';
import type { CopyObject, PromotableObject, PromotionMonitor } from '../../../worker/stores/shard-line.ts';
import { WorldTime } from './world-time.ts';

const pool = poolName('shop');
const place = { region: '', jurisdiction: '' };

interface Fake {
  seq: number;
  isAway?: boolean;
  isWhole?: boolean;
  whenClosed?: () => void;
}

/** A shard, its replicas, and the monitor; `said` is what they were told, in order. */
function world(durability: Replication['durability'], shard: 'answers' | 'away', fakes: Fake[]) {
  const time = new WorldTime();
  const said: string[] = [];
  const redirected: Redirection[] = [];
  const away = () => Promise.reject(new Error('away'));
  const closed = fakes.map(() => 0);
  let attempts = 0;
  const own: CopyObject = {
    copies: away,
    standFor: async () => {
      if (shard === 'away') return away();
      return { generation: 0, replacedBy: undefined, last: 9, replicas: [] };
    },
    makeWay: async (_pool, _shard, to) => (said.push(`hands over to ${to.object}`), { kind: 'handed', to }),
  };
  const standing = (at: number) => {
    const { seq = 0, isWhole = true } = fakes[at] ?? {};
    return { generation: 0, closedTo: closed[at] ?? 0, isWhole, seq, at: 0 };
  };
  const replica = (name: string): PromotableObject => {
    const at = Number(name.at(-1)) - 1;
    if (fakes[at]?.isAway === true)
      return { ...own, standing: away, closeTo: away, reopen: away, promote: away };
    return {
      ...own,
      standing: async () => standing(at),
      closeTo: async (_of, generation) => {
        said.push(`${name} is closed to ${generation}`);
        closed[at] = generation;
        fakes[at]?.whenClosed?.();
        return standing(at);
      },
      reopen: async () => (said.push(`${name} is opened`), (closed[at] = 0), 'reopened'),
      promote: async (_of, _attempt, by) => (
        said.push(`${name} is promoted at ${time.now() >= lapsedMs ? 'leisure' : 'once'}`),
        { kind: 'promoted', by }
      ),
    };
  };
  const monitor: PromotionMonitor = {
    beginPromotion: async () => ({ by: firstObject, attempt: ++attempts }),
    closeShard: async (_shard, attempt) => (attempt === attempts ? 'closed' : 'overtaken'),
    promoted: async (_shard, _attempt, by: Promotion) => (said.push('it is recorded'), by),
  };
  const replicas = { getByName: replica, jurisdiction: () => replicas };
  const desk = createPromotionDesk({
    pool,
    shards: { getByName: () => own },
    replicas,
    monitors: { getByName: () => monitor },
    map: { promotionOf: () => undefined, line: () => '', redirected: (to) => void redirected.push(to) },
    replication: { revision: 1, durability, places: fakes.map(() => place) },
    clock: time,
    timers: time,
  });
  const promote = (loss: 'refuse' | 'accept' = 'refuse', number?: number) =>
    desk.promote('xx00007', { replica: number, loss });
  return { promote, said, redirected, begin: () => ++attempts };
}

describe('to promote a replica', () => {
  it('[PR10] a shard that answers hands over to the one furthest ahead, at once', async () => {
    const { promote, said } = world('primary', 'answers', [{ seq: 3 }, { seq: 5 }]);
    expect(await promote()).toMatchObject({ kind: 'promoted', by: { generation: 1 }, loss: 'none' });
    expect(said).toEqual([
      'hands over to shop:xx00007:2',
      'shop:xx00007:2 is closed to 1',
      'shop:xx00007:2 is promoted at once',
      'it is recorded',
      'shop:xx00007:1 is closed to 1',
    ]);
  });

  it('[PR8] whoever asks the same isolate next hears of the new shard', async () => {
    const { promote, redirected } = world('primary', 'answers', [{ seq: 3 }]);
    const said = await promote();
    if (said.kind !== 'promoted') throw new Error(said.kind);
    expect(redirected).toEqual([{ kind: 'replaced', shard: 'xx00007', by: said.by }]);
  });

  it('[PR10] quorum, and the shard does not answer: all are closed, eight seconds pass, nothing is lost', async () => {
    const { promote, said } = world('quorum', 'away', [{ seq: 3 }, { seq: 5 }]);
    expect(await promote()).toMatchObject({ kind: 'promoted', loss: 'none' });
    expect(said.slice(0, 2)).toEqual(['shop:xx00007:1 is closed to 1', 'shop:xx00007:2 is closed to 1']);
    expect(said).toContain('shop:xx00007:2 is promoted at leisure');
  });

  it('[PR10] a copy that is not known whole takes a word of consent, and nothing is closed before', async () => {
    const cases = [
      world('primary', 'away', [{ seq: 5 }]),
      world('quorum', 'away', [{ seq: 5 }, { seq: 5, isAway: true }]),
    ];
    for (const { promote, said } of cases) {
      expect(await promote()).toMatchObject({ kind: 'refused', code: 'copy_not_known_whole' });
      expect(said).toEqual([]);
      expect(await promote('accept')).toMatchObject({ kind: 'promoted', loss: 'unknown' });
    }
  });

  it('[PR10] the one that is named must be as far as any under quorum', async () => {
    const { promote } = world('quorum', 'away', [{ seq: 3 }, { seq: 5 }]);
    expect(await promote('refuse', 1)).toMatchObject({ kind: 'refused', code: 'copy_not_known_whole' });
    expect(await promote('refuse', 2)).toMatchObject({ kind: 'promoted', by: { object: 'shop:xx00007:2' } });
    expect(await promote('refuse', 3)).toMatchObject({ kind: 'refused', code: 'unknown_replica' });
  });

  it('[PR10] without a whole copy nothing is done', async () => {
    for (const shard of ['answers', 'away'] as const) {
      const { promote, said } = world('quorum', shard, [{ seq: 0, isWhole: false }]);
      expect(await promote('accept')).toMatchObject({ kind: 'refused', code: 'no_whole_copy' });
      expect(said).toEqual([]);
    }
  });

  it('[PR5] an attempt that another one has overtaken promotes nobody', async () => {
    const { promote, said, begin } = world('quorum', 'away', [{ seq: 5, whenClosed: () => begin() }]);
    const outcome = await promote();
    expect(outcome).toMatchObject({ kind: 'refused', code: 'overtaken' });
    expect(said).not.toContain('it is recorded');
  });
});
