import type { PromotionDesk } from '../ports.ts';
import { promote } from './promotion.ts';
import { type PromotionOptions, ShardLine } from './shard-line.ts';

/** A pool's replicas as an operator asks for them. Never throws. */
export function createPromotionDesk(options: PromotionOptions): PromotionDesk {
  const { map } = options;
  return {
    async copies(shard) {
      const line = new ShardLine(shard, options);
      const said = await line.copies();
      return 'kind' in said ? said : { ...said, object: line.object };
    },
    standings(shard) {
      const line = new ShardLine(shard, options);
      const generation = map.promotionOf(shard)?.generation ?? 0;
      const asked = line.replicasOf(generation).map(async ({ object, ask }) => ({
        ...(await ask((replica, of) => replica.standing(of))),
        object,
      }));
      return Promise.all(asked);
    },
    async promote(shard, wish) {
      const said = await promote(new ShardLine(shard, options), wish, options);
      if (said.kind === 'promoted') map.redirected({ kind: 'replaced', shard, by: said.by });
      return said;
    },
  };
}
