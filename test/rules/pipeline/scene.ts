import { fromBase64url } from '../../../worker/core/base64url.ts';
import type { OriginId } from '../../../worker/core/ids.ts';
import type { World } from '../visit.ts';

/** The origins that were tried, in order. */
export const pathIn = ({ sent }: World): OriginId[] => sent.map(({ origin }) => origin);

/** The states that were sent to origins, in order; undefined where none was. */
export function carriedIn({ sent }: World): (string | undefined)[] {
  return sent.map(({ headers }) => {
    const state = headers.get('limpet-state');
    return state === null ? undefined : new TextDecoder().decode(fromBase64url(state));
  });
}

export const codeOf = ({ status, headers }: Response) => [status, headers.get('limpet-code')];

/** Connections to these origins break, those of probes too. */
export function dies({ origins, verdicts }: World, ...dead: OriginId[]): void {
  for (const origin of dead) {
    origins.set(origin, () => Promise.reject(new TypeError('connection refused')));
    verdicts.set(origin, 'refuses');
  }
}

/** Takes requests and never answers, nor the probe of doubt. */
export function freezes({ origins, verdicts }: World, origin: OriginId): void {
  origins.set(origin, () => new Promise(() => undefined));
  verdicts.set(origin, 'silent');
}
