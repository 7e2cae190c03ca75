import type { ArgsDef } from 'citty';
import { adminArgs, type Answer, askAdmin, listIn, poolArg, withQuery } from './admin.ts';
import { pagesOf } from './answers.ts';
import { asJson, print } from './say.ts';
import { columns } from './table.ts';
import { verb } from './verb.ts';

const args = { ...adminArgs, pool: poolArg } as const satisfies ArgsDef;

export const shards = verb({
  name: 'shards',
  description: 'List which object each shard is, and how far its replicas are behind',
  args,
  run: async ({ json, pool, ...site }) => {
    const all: Answer[] = [];
    const ask = (cursor: string | undefined) => askAdmin(site, withQuery('shards', { pool, cursor }));
    for await (const page of pagesOf(ask)) all.push(...listIn(page, 'shards'));
    print(json ? asJson({ version: 1, shards: all }) : table(all));
  },
});

function table(all: readonly Answer[]): string {
  const rows = all.flatMap((shard) => {
    const own = [shard['pool'], shard['number'], shard['generation'] ?? '?', stateOf(shard)];
    const replicas = listIn(shard, 'replicas').map((replica) => ['', '', '', lagOf(replica)]);
    return [own, ...replicas].map((row) => row.map(String));
  });
  return columns([['POOL', 'SHARD', 'GENERATION', 'OBJECT'], ...rows]);
}

function stateOf({ object, seq, unreachable }: Answer): string {
  return unreachable === undefined
    ? `${String(object)}, at row ${String(seq)}`
    : `away: ${String(unreachable)}`;
}

function lagOf({ object, whole, seq, seqBehind, msBehind, unreachable }: Answer): string {
  if (unreachable !== undefined) return `  ${String(object)}: away: ${String(unreachable)}`;
  if (whole !== true) return `  ${String(object)}: no whole copy yet`;
  const behind =
    seqBehind === undefined ? '' : `, ${String(seqBehind)} rows and ${String(msBehind)} ms behind`;
  return `  ${String(object)}: at row ${String(seq)}${behind}`;
}
