// Rules across fields: each gets well-formed values and returns what is wrong, paths relative to what it got.
import { isName, readAffinityKey, readOriginUrl } from './patterns.ts';
import type { Flaw } from './problems.ts';

interface Origin {
  readonly id: string;
  readonly url: string;
  readonly via?: string | undefined;
  readonly weight: number;
}

export function originRules(origins: readonly Origin[]): Flaw[] {
  const sameId = repeats(origins, (origin) => origin.id).map(([at, first]) => ({
    at: [at, 'id'],
    wanted: `an id of its own (origins.${first} has this one)`,
    found: origins[at]?.id,
  }));
  const sameUrl = repeats(origins, (origin) => `${origin.via ?? ''} ${readOriginUrl(origin.url).url}`).map(
    ([at, first]) => ({
      at: [at, 'url'],
      wanted: `a url of its own (origins.${first} has this one)`,
      found: origins[at]?.url,
    }),
  );
  const idle = origins.length > 0 && origins.every((origin) => origin.weight === 0);
  const weight = {
    at: [],
    wanted: 'at least one origin with a weight above 0',
    found: origins.map((origin) => origin.weight),
  };
  return [...sameId, ...sameUrl, ...(idle ? [weight] : [])];
}

export function affinityRules(rules: readonly { readonly by: string }[]): Flaw[] {
  const keys = rules.map((rule) => JSON.stringify(readAffinityKey(rule.by)));
  const same = repeats(keys, (key) => key).map(([at, first]) => ({
    at: [at, 'by'],
    wanted: `a key that affinity.${first} does not have already`,
    found: rules[at]?.by,
  }));
  const early = rules.findIndex((rule, at) => rule.by === 'cookie' && at < rules.length - 1);
  const order = {
    at: [early, 'by'],
    wanted: '"cookie" as the last rule, because it always matches',
    found: 'cookie',
  };
  return early < 0 || same.length > 0 ? same : [order];
}

interface Pool {
  readonly affinity: readonly { readonly by: string }[];
  readonly cookie: { readonly name?: string | undefined };
  readonly origins: readonly unknown[];
  readonly registration?: unknown;
}

export function poolRules(pool: Pool): Flaw[] {
  const { origins, registration } = pool;
  const isEmpty = origins.length === 0 && registration === undefined;
  const empty = { at: ['origins'], wanted: 'a list of 1 to 1000 origins, or registration', found: origins };
  return [...ownCookieRules(pool), ...(isEmpty ? [empty] : [])];
}

/** An application's cookie cannot be Limpet's own. */
function ownCookieRules({ affinity, cookie: { name = 'limpet' } }: Pool): Flaw[] {
  const own = [`cookie:${name}`, `cookie:__Host-${name}`];
  const wanted = `an application's cookie ("cookie" alone is Limpet's own)`;
  return affinity.flatMap(({ by }, at) =>
    own.includes(by) ? [{ at: ['affinity', at, 'by'], wanted, found: by }] : [],
  );
}

/** Names that every object has would be found in a lookup though nobody defined them. */
export function poolNameRules(names: readonly string[]): Flaw[] {
  const wanted =
    "a pool's name: a letter or digit, then up to 63 letters, digits, dots, dashes and underscores";
  return names.flatMap((name) => {
    if (!isName(name)) return [{ at: ['pools', name], wanted, found: name }];
    return name in {} || name === 'prototype'
      ? [{ at: ['pools', name], wanted: 'a name that JavaScript does not use itself', found: name }]
      : [];
  });
}

/** Pairs (index, index of the first with the same key). */
function repeats<T>(items: readonly T[], key: (item: T) => string): [at: number, first: number][] {
  const firsts = new Map<string, number>();
  return items.flatMap((item, at): [number, number][] => {
    const first = firsts.get(key(item));
    if (first === undefined) firsts.set(key(item), at);
    return first === undefined ? [] : [[at, first]];
  });
}
