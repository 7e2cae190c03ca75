import type { Config } from './config.ts';
import { type Problem, problemOf } from './problems.ts';

/** Limpet's own, through which no origin is reached. */
const ownNames = new Set([
  'SESSION_SHARD',
  'SHARD_REPLICA',
  'POOL_MONITOR',
  'PROBER',
  'FALLBACK',
  'VERSION',
  'COOKIE_KEYS',
  'ORIGIN_SECRET',
  'ADMIN_TOKEN',
  'READ_TOKEN',
]);

export function isBindingName(text: string): boolean {
  return /^[A-Za-z_$][\w$]{0,63}$/.test(text) && !ownNames.has(text) && !text.startsWith('LIMPET_');
}

const wanted =
  'a binding of this name in wrangler.toml that can fetch ([[services]], [[vpc_services]], [[mtls_certificates]])';

/** Origins that are to be reached through a binding which the deployment does not have. */
export function bindingProblems({ pools }: Config, has: (name: string) => boolean): Problem[] {
  return Object.values(pools).flatMap(({ name, origins }) =>
    origins.flatMap(({ via }, at) =>
      via === '' || has(via)
        ? []
        : [problemOf({ at: ['pools', name, 'origins', at, 'via'], wanted, found: via })],
    ),
  );
}

/** The bindings that the configuration names, each once. */
export function bindingNames({ pools }: Pick<Config, 'pools'>): string[] {
  const named = Object.values(pools).flatMap(({ origins }) => origins.map(({ via }) => via));
  return [...new Set(named)].filter((via) => via !== '');
}
