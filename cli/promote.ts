import type { ArgsDef } from 'citty';
import { adminArgs, type Answer, askAdmin } from './admin.ts';
import { usageFailure } from './failure.ts';
import { asJson, print } from './say.ts';
import { verb } from './verb.ts';

const args = {
  ...adminArgs,
  pool: { type: 'string', description: 'The pool', valueHint: 'NAME', required: true },
  shard: {
    type: 'string',
    description: 'Its number, or the first seven characters of its ids',
    valueHint: 'SHARD',
    required: true,
  },
  replica: {
    type: 'string',
    description: 'Which replica, from 1 on (default: the one furthest ahead)',
    valueHint: 'NUMBER',
  },
  'accept-loss': {
    type: 'boolean',
    description: 'Also when changes that only the old shard has would be lost',
  },
} as const satisfies ArgsDef;

export const promote = verb({
  name: 'promote',
  description: 'Make a replica the shard; the old one answers nothing any more',
  args,
  run: async ({ json, pool, shard, replica, 'accept-loss': acceptLoss, ...site }) => {
    if (replica !== undefined && !/^\d+$/.test(replica))
      throw usageFailure(`Wanted a number for --replica, found ${JSON.stringify(replica)}`);
    const order = {
      pool,
      shard,
      acceptLoss: acceptLoss === true,
      ...(replica === undefined ? {} : { replica: Number(replica) }),
    };
    const answer = await askAdmin({ config: site.config, url: site.url }, 'promote', order);
    print(json ? asJson(answer) : sentence(answer));
  },
});

function sentence({ pool, shard, generation, object, loss, heardAt, waitedMs }: Answer): string {
  const lost =
    loss === 'none'
      ? 'nothing acknowledged is lost'
      : `what the old shard had alone since ${new Date(Number(heardAt)).toISOString()} is lost`;
  return `Shard ${String(shard)} of ${String(pool)} is ${String(object)} now (generation ${String(generation)}, ${String(waitedMs)} ms): ${lost}`;
}
