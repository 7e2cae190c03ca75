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
    print(json ? JSON.stringify(told, null, 2) : [table(told), ...openIn(told)].join('\n'));
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

/** Incidents that are not over, one line each. */
function openIn(told: Answer): string[] {
  const open = listIn(told, 'pools').flatMap((pool) =>
    'incidents' in pool ? listIn(pool, 'incidents') : [],
  );
  return open.map(
    ({ id, kind, origin, how, moved, failed }) =>
      `${kind === 'drill' ? 'DRILL' : 'INCIDENT'} ${String(id)}: origin ${String(origin)} (${String(how)}), ${String(moved)} sessions moved, ${String(failed)} requests failed. See: npx limpet incidents show ${String(id)}`,
  );
}
