import type { ArgsDef } from 'citty';
import { adminArgs, type Answer, askAdmin, listIn, poolArg, withQuery } from './admin.ts';
import { heardPoolsIn } from './answers.ts';
import { repeatedly, watchArg } from './repeatedly.ts';
import { asJson } from './say.ts';
import { columns, spanOf } from './table.ts';
import { verb } from './verb.ts';

const args = { ...adminArgs, pool: poolArg, watch: watchArg } as const satisfies ArgsDef;

export const origins = verb({
  name: 'origins',
  description: 'List what is ordered of each origin, its weight and its health',
  args,
  run: ({ json, pool, watch, ...site }) =>
    repeatedly(watch, async () => {
      const told = await askAdmin(site, withQuery('origins', { pool }));
      return json ? asJson(told) : table(told);
    }),
});

function table(told: Answer): string {
  const rows = heardPoolsIn(told).flatMap((pool) => {
    const name = pool['routeOnly'] === 'on' ? `${String(pool['pool'])} (route-only)` : String(pool['pool']);
    return listIn(pool, 'origins').map((origin) => [name, ...cellsOf(origin)]);
  });
  return columns([['POOL', 'ORIGIN', 'STATE', 'SINCE', 'BY', 'WEIGHT', 'HEALTH', 'SINCE'], ...rows]);
}

function cellsOf({ id, state, stateMs, by, weight, configuredWeight, health, healthMs }: Answer): string[] {
  const share =
    weight === configuredWeight
      ? String(weight)
      : `${String(weight)} (configured ${String(configuredWeight)})`;
  const since = stateMs === undefined ? '' : spanOf(Number(stateMs));
  return [id, state, since, by ?? '', share, health, spanOf(Number(healthMs))].map(String);
}
