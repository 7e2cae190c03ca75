import type { ArgsDef } from 'citty';
import { adminArgs, type Answer, askAdmin, listIn, poolArg, withQuery } from './admin.ts';
import { heardPoolsIn } from './answers.ts';
import { asJson, print } from './say.ts';
import { columns } from './table.ts';
import { verb } from './verb.ts';

const args = {
  ...adminArgs,
  pool: poolArg,
  full: { type: 'boolean', description: 'Show the whole session ids' },
} as const satisfies ArgsDef;

export const lost = verb({
  name: 'lost',
  description: 'List the writes that were refused, fenced or left unstored, of the last 30 days',
  args,
  run: async ({ json, pool, full, ...site }) => {
    const told = await askAdmin(site, withQuery('lost', { pool, ...(full === true ? { full: '1' } : {}) }));
    print(json ? asJson(told) : table(told));
  },
});

function table(told: Answer): string {
  const rows = heardPoolsIn(told).flatMap((answer) =>
    listIn(answer, 'writes').map(({ at, session, why, told: how, method, path }) =>
      [
        new Date(Number(at)).toISOString(),
        answer['pool'],
        session,
        why,
        how,
        `${String(method)} ${String(path)}`,
      ].map(String),
    ),
  );
  return columns([['WHEN', 'POOL', 'SESSION', 'WHY', 'CLIENT WAS', 'REQUEST'], ...rows]);
}
