import type { PromotionDesk } from '../ports.ts';
import { promote } from './promotion.ts';
import { type PromotionOptions, ShardLine } from './shard-line.ts';

/** A pool's replicas as an operator asks for them. Never throws. */
export function createPromotionDesk(options: PromotionOptions): PromotionDesk {
  const { pool, map } = options;
  return {
    async copies(shard) {
      const objects = new ShardLine(shard, options);
      const said = await objects.ask((one) => one.copies(pool, shard));
      return 'kind' in said ? said : { ...said, object: objects.object };
    },
    standings(shard) {
      const objects = new ShardLine(shard, options);
      const generation = map.promotionOf(shard)?.generation ?? 0;
      const asked = objects.replicasOf(generation).map(async ({ object, ask }) => ({
        ...(await ask((replica, of) => replica.standing(of))),
        object,
      }));
      return Promise.all(asked);
    },
    promote: (shard, wish) => promote(new ShardLine(shard, options), wish, options),
  };
}
