import type { ArgsDef } from 'citty';
import { adminArgs, type Answer, askAdmin, poolArg } from './admin.ts';
import { usageFailure } from './failure.ts';
import { asJson, print } from './say.ts';
import { verb } from './verb.ts';

export const originArgs = {
  id: { type: 'positional', description: 'The origin', required: true },
  ...adminArgs,
  pool: { ...poolArg, description: 'The pool, where more than one has such an origin' },
} as const satisfies ArgsDef;

/** A state that is ordered and needs no waiting for. */
function stateVerb(name: string, description: string) {
  return verb({
    name,
    description,
    args: originArgs,
    run: async ({ id, json, pool, ...site }) => {
      const told = await askAdmin(site, `origins/${encodeURIComponent(id)}/${name}`, { pool });
      print(json ? asJson(told) : sentence(told));
    },
  });
}

export const activate = stateVerb('activate', 'Let an origin take new sessions again; nothing moves back');
export const down = stateVerb(
  'down',
  'Take an origin for down: its sessions move at their next request, with their data',
);
export const disable = stateVerb('disable', 'Take an origin out of the pool: as down, and it is not probed');

export const weight = verb({
  name: 'weight',
  description: "Set an origin's share of new sessions, 0 to 1000, or `configured`; nobody moves",
  args: {
    id: originArgs.id,
    share: { type: 'positional', description: 'The weight, or `configured`', required: true },
    ...adminArgs,
    pool: originArgs.pool,
  },
  run: async ({ id, share, json, pool, ...site }) => {
    const order = { pool, weight: shareIn(share) };
    const told = await askAdmin(site, `origins/${encodeURIComponent(id)}/weight`, order);
    print(json ? asJson(told) : sentence(told));
  },
});

export const routeOnly = verb({
  name: 'route-only',
  description: 'The kill switch of a pool: cookies route, nothing moves, nothing is stored',
  args: {
    pool: { type: 'positional', description: 'The pool', required: true },
    to: { type: 'positional', description: '`on` or `off`', required: true },
    ...adminArgs,
  },
  run: async ({ pool, to, json, ...site }) => {
    if (to !== 'on' && to !== 'off')
      throw usageFailure(`route-only: wanted "on" or "off", found ${JSON.stringify(to)}`);
    const told = await askAdmin(site, `pools/${encodeURIComponent(pool)}/route-only`, { to });
    print(json ? asJson(told) : `${pool} is route-only: ${String(told['routeOnly'])}`);
  },
});

export function sentence({ pool, origin, state, weight: share, changed }: Answer): string {
  const was = changed === true ? '' : ' already';
  return `${String(origin)} of pool ${String(pool)} is ${String(state)}${was}, weight ${String(share)}; every edge knows within two seconds`;
}

function shareIn(text: string): number | 'configured' {
  if (text === 'configured') return text;
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw usageFailure(
    `weight: wanted a whole number from 0 to 1000, or "configured", found ${JSON.stringify(text)}`,
  );
}
