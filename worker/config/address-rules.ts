import { addressKind } from './address.ts';
import type { HostMatch } from './config.ts';
import { readOriginUrl } from './patterns.ts';
import { type Flaw, flaws } from './problems.ts';
import { coversHost } from './route-rules.ts';

export interface AddressRules {
  readonly allowPrivate: boolean;
  readonly production: boolean;
  /** Whether a binding leads there: then its url is a name for it, and where it lies is the binding's matter. */
  readonly isBound?: boolean;
  /** What the routes listen to: an origin there would be Limpet itself. */
  readonly hosts: readonly HostMatch[];
}

/** Where an origin may be. Only what is written can be judged: a name may still resolve to anything. */
export function addressRules(
  url: string,
  { allowPrivate, production, isBound = false, hosts }: AddressRules,
): Flaw[] {
  const { hostname } = readOriginUrl(url);
  const kind = addressKind(hostname);
  const self =
    !isBound &&
    kind !== 'loopback' &&
    hosts.some((host) => host.kind !== 'any' && coversHost(host, { kind: 'exact', host: hostname }));
  return flaws(
    kind === 'forbidden' && {
      at: [],
      wanted: 'an address that is not link-local, reserved or a metadata service',
      found: url,
    },
    kind === 'private' &&
      !isBound &&
      !allowPrivate && { at: [], wanted: 'a public address, or allowPrivate: true', found: url },
    (kind === 'public' || kind === 'loopback') &&
      production &&
      !isBound && {
        at: [],
        wanted: 'a host name that Cloudflare can reach (a bare address gets error 1003)',
        found: url,
      },
    self && { at: [], wanted: 'a host that no route matches, as requests would come back here', found: url },
  );
}
