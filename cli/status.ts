import { adminArgs, type Answer, askAdmin, listIn } from './admin.ts';
import { repeatedly, watchArg } from './repeatedly.ts';
import { asJson } from './say.ts';
import { columns, spanOf } from './table.ts';
import { verb } from './verb.ts';

export const status = verb({
  name: 'status',
  description:
    'Say what is ordered of each origin, whether it is up, since when, and what the last probe found',
  args: { ...adminArgs, watch: watchArg },
  run: ({ json, watch, ...site }) =>
    repeatedly(watch, async () => {
      const told = await askAdmin(site, 'status');
      return json ? asJson(told) : [table(told), ...stoppedIn(told), ...openIn(told)].join('\n');
    }),
});

function table(told: Answer): string {
  const rows = listIn(told, 'pools').flatMap((pool) =>
    listIn(pool, 'origins').map((origin) => [String(pool['name']), ...cellsOf(origin)]),
  );
  return columns([['POOL', 'ORIGIN', 'STATE', 'HEALTH', 'SINCE', 'LAST PROBE'], ...rows]);
}

function cellsOf(origin: Answer): string[] {
  const { id, health, sinceMs, lastProbe } = origin;
  return [id, stateOf(origin), health, spanOf(Number(sinceMs)), lastProbe].map(String);
}

/** What is ordered of it; and how long it stays in the pool by itself, where it has registered. */
function stateOf({ state = 'active', by, leaseEndsInMs }: Answer): string {
  const ordered =
    by === undefined || by === 'operator' ? String(state) : `${String(state)} (by ${String(by)})`;
  return leaseEndsInMs === undefined ? ordered : `${ordered}, lease ends in ${spanOf(Number(leaseEndsInMs))}`;
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
