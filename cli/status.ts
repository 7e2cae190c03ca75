import { type ArgsDef, defineCommand } from 'citty';
import { adminArgs, type Answer, askAdmin, listIn } from './admin.ts';
import { print } from './say.ts';
import { strictFlags } from './strict-flags.ts';
import { columns, spanOf } from './table.ts';

const args = adminArgs satisfies ArgsDef;

export const status = defineCommand({
  meta: {
    name: 'limpet status',
    description: 'Say which origins are up, since when, and what the last probe found',
  },
  args,
  plugins: [strictFlags('status', args)],
  run: async ({ args: { json, ...site } }) => {
    const told = await askAdmin(site, 'status');
    print(json ? JSON.stringify(told, null, 2) : table(told));
  },
});

function table(told: Answer): string {
  const rows = listIn(told, 'pools').flatMap((pool) =>
    listIn(pool, 'origins').map(({ id, health, sinceMs, lastProbe }) =>
      [pool['name'], id, health, spanOf(Number(sinceMs)), lastProbe].map(String),
    ),
  );
  return columns([['POOL', 'ORIGIN', 'HEALTH', 'SINCE', 'LAST PROBE'], ...rows]);
}
