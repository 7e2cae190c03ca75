import { describe, expect, it } from 'vitest';
import { poolName } from '../../../worker/core/ids.ts';
import { notPromotedText, type Promotion, replacedText } from '../../../worker/core/promotion.ts';
import { emptySnapshot, type Snapshot } from '../../../worker/core/snapshot.ts';
import { persist } from '../../../worker/stores/session-shards.ts';
import { createShardMap, followingMap } from '../../../worker/stores/shard-map.ts';
import { WorldTime } from './world-time.ts';

const pool = poolName('shop');
const promoted = (generation: number, object: string): Promotion => ({
  generation,
  object,
  jurisdiction: '',
});
const first = promoted(1, 'shop:xx00007:1');

/** Objects that each say the same thing whenever they are asked: a name, or why not. */
function world(says: Record<string, () => string>, snapshot: Snapshot = emptySnapshot) {
  const time = new WorldTime();
  const asked: string[] = [];
  const stub = (name: string) => {
    asked.push(name);
    return async () => says[name]?.() ?? name;
  };
  const replicas = { getByName: stub, jurisdiction: () => replicas };
  const map = createShardMap(pool, { current: () => ({ snapshot, ageMs: 0 }) });
  const objects = followingMap(pool, { getByName: stub }, replicas, map);
  const options = { clock: time, timers: time, redirected: map.redirected };
  const ask = () => persist(() => objects.getByName('shop:xx00007')(), options);
  return { ask, asked, map };
}

const refuse = (text: string) => () => {
  throw new Error(text);
};

describe('which object is asked', () => {
  it('[PR9] is the shard\u2019s own, or the one that the snapshot names', async () => {
    expect(await world({}).ask()).toBe('shop:xx00007');
    const { ask, map } = world({}, { ...emptySnapshot, promoted: { xx00007: first } });
    expect(await ask()).toBe('shop:xx00007:1');
    expect([map.line('xx00007'), map.line('xx00008')]).toEqual(['shop:xx00007:g1', 'shop:xx00008']);
  });

  it('[PR9] is the one that a replaced object names, within the same request and from then on', async () => {
    const { ask, asked } = world({ 'shop:xx00007': refuse(replacedText('xx00007', first)) });
    expect(await ask()).toBe('shop:xx00007:1');
    expect(await ask()).toBe('shop:xx00007:1');
    expect(asked).toEqual(['shop:xx00007', 'shop:xx00007:1', 'shop:xx00007:1']);
  });

  it('[PR9] is the old one again while the one named is not promoted', async () => {
    let left = 3;
    const { ask } = world({
      'shop:xx00007': refuse(replacedText('xx00007', first)),
      'shop:xx00007:1': () => (left-- > 0 ? refuse(notPromotedText('xx00007'))() : 'at last'),
    });
    expect(await ask()).toBe('at last');
  });

  it('[PR9] is given up when neither answers in time', async () => {
    const { ask } = world({
      'shop:xx00007': refuse(replacedText('xx00007', first)),
      'shop:xx00007:1': refuse(notPromotedText('xx00007')),
    });
    expect(await ask()).toMatchObject({ kind: 'unreachable' });
  });

  it('[PR9] the snapshot counts where it is newer than what was heard', () => {
    const second = promoted(2, 'shop:xx00007:g1:2');
    const { map } = world({}, { ...emptySnapshot, promoted: { xx00007: second } });
    map.redirected({ kind: 'replaced', shard: 'xx00007', by: first });
    expect(map.promotionOf('xx00007')).toEqual(second);
  });
});
