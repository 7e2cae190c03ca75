import { addressKind } from '../../worker/config/address.ts';
import type { Config } from '../../worker/config/config.ts';

/** Which networks the Worker may connect to: what the configuration allows, whatever a name resolves to. */
export function networkOf({ allowPrivate, pools }: Config): string[] {
  if (allowPrivate) return ['public', 'private'];
  const urls = Object.values(pools).flatMap(({ origins }) => origins.map(({ url }) => url));
  const isLocal = urls.some((url) => addressKind(new URL(url).hostname) === 'loopback');
  return isLocal ? ['public', 'local'] : ['public'];
}
