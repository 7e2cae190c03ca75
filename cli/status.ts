import { adminArgs, type Answer, askAdmin, listIn } from './admin.ts';
import { repeatedly, watchArg } from './repeatedly.ts';
import { asJson } from './say.ts';
import { columns, spanOf } from './table.ts';
import { verb } from './verb.ts';

export const status = verb({
  name: 'status',
  description: 'Say which origins are up, since when, and what the last probe found',
  args: { ...adminArgs, watch: watchArg },
  run: ({ json, watch, ...site }) =>
    repeatedly(watch, async () => {
      const told = await askAdmin(site, 'status');
      return json ? asJson(told) : [table(told), ...stoppedIn(told), ...openIn(told)].join('\n');
    }),
});

function table(told: Answer): string {
  const rows = listIn(told, 'pools').flatMap((pool) =>
    listIn(pool, 'origins').map(({ id, health, state = 'active', sinceMs, lastProbe }) =>
      [
        pool['name'],
        id,
        state === 'active' ? health : `${String(health)}, ${String(state)}`,
        spanOf(Number(sinceMs)),
        lastProbe,
      ].map(String),
    ),
  );
  return columns([['POOL', 'ORIGIN', 'HEALTH', 'SINCE', 'LAST PROBE'], ...rows]);
}

/** Pools whose kill switch is on, one line each. */
function stoppedIn(told: Answer): string[] {
  return listIn(told, 'pools')
    .filter(({ routeOnly }) => routeOnly === 'on')
    .map(
      ({ name }) =>
        `ROUTE-ONLY pool ${String(name)}: nothing moves, nothing is stored. Its end: npx limpet route-only ${String(name)} off`,
    );
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
