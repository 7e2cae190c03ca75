// Rules across fields: each gets well-formed values and returns what is wrong, paths relative to what it got.
import type { HostMatch, PathMatch } from './config.ts';
import { readMatch } from './patterns.ts';
import type { Flaw } from './problems.ts';

/** First match wins, so what an earlier route covers is never reached. */
export function routeRules(routes: readonly { readonly match: string }[]): Flaw[] {
  const read = routes.map((route) => readMatch(route.match));
  return routes.flatMap(({ match }, at) => {
    const mine = read[at];
    const by = read.findIndex((other, earlier) => earlier < at && mine !== undefined && covers(other, mine));
    return by < 0
      ? []
      : [
          {
            at: [at, 'match'],
            wanted: `a match that routes.${by} ("${routes[by]?.match}") does not cover`,
            found: match,
          },
        ];
  });
}

interface Match {
  readonly host: HostMatch;
  readonly path: PathMatch;
}

const covers = (one: Match, other: Match) =>
  coversHost(one.host, other.host) && coversPath(one.path, other.path);

function coversPath(one: PathMatch, other: PathMatch): boolean {
  if (one.kind === 'prefix') return other.path.startsWith(one.path);
  return other.kind === 'exact' && other.path === one.path;
}

export function coversHost(one: HostMatch, other: HostMatch): boolean {
  if (one.kind === 'any') return true;
  if (one.kind === 'exact') return other.kind === 'exact' && other.host === one.host;
  if (other.kind === 'any') return false;
  return (other.kind === 'exact' ? other.host : other.suffix).endsWith(one.suffix);
}
