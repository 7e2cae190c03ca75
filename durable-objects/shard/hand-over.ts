import type { Lag } from '../../worker/core/replication.ts';
import type { Promotion } from '../../worker/core/promotion.ts';
import type { Feed } from './feed.ts';
import type { Tenure } from './tenure.ts';

const catchUpMs = 5_000;

export type HandedOver =
  /** The object that is the shard from now on has everything; this one answers nothing any more. */
  | { readonly kind: 'handed'; readonly to: Promotion }
  /** It goes on as it was. */
  | { readonly kind: 'behind'; readonly replicas: readonly Lag[] }
  /** Another attempt has begun since. */
  | { readonly kind: 'overtaken' };

interface HandOverParts {
  readonly tenure: Tenure;
  readonly feed: Feed;
  flush(): void;
}

/** Makes way for a replica: takes no more questions, gives it what is left, and is replaced for good once it has all. */
export async function handOver({ tenure, feed, flush }: HandOverParts, to: Promotion): Promise<HandedOver> {
  const { replacedBy } = tenure;
  if (replacedBy !== undefined) return { kind: 'handed', to: replacedBy };
  if (tenure.attempt !== to.generation) return { kind: 'overtaken' };
  tenure.yieldTo(to);
  try {
    flush();
    if (!(await feed.isKeptAt(to.object, catchUpMs)))
      return { kind: 'behind', replicas: feed.lags(Date.now()) };
    if (tenure.attempt !== to.generation) return { kind: 'overtaken' };
    tenure.replace(to);
    return { kind: 'handed', to };
  } finally {
    tenure.resume();
  }
}
