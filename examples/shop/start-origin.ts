import { fileURLToPath } from 'node:url';
import { limpetKey } from './limpet-key.ts';
import { startChild } from './children.ts';

export interface Place {
  readonly id: string;
  readonly url: string;
  readonly port: number;
}

export interface ShopOrigin extends Place {
  readonly pid: number;
  isRunning(): boolean;
}

const shop = fileURLToPath(new URL('./shop.mjs', import.meta.url));
const leaveWithParent = new URL('./leave-with-parent.mjs', import.meta.url).href;

/** The origins of a configuration that can run on this machine. */
export function originsOf(module: {
  default: { pools: Record<string, { origins: readonly { id: string; url: string }[] }> };
}): Place[] {
  const origins = Object.values(module.default.pools).flatMap((pool) => pool.origins);
  const places = origins.map(({ id, url }) => ({ id, url, port: Number(new URL(url).port) }));
  return places.filter(({ url }) => /^http:\/\/(localhost|127(\.\d+){3}):\d+/.test(url));
}

/** Starts one origin and returns when it listens. `died` hears how it ended, unless this program ended it. */
export async function startOrigin(
  place: Place,
  configFile: string,
  died: (how: string) => void,
): Promise<ShopOrigin> {
  const environment = { ...(await limpetKey(place.id, configFile)), PORT: String(place.port) };
  const child = await startChild(
    ['--import', leaveWithParent, shop],
    environment,
    /listens on/,
    ({ pid, signal, code }) => {
      const how = signal === null ? `ended with code ${code}` : `was killed by ${signal}`;
      died(`origin ${place.id} (pid ${pid}) ${how}`);
    },
  );
  return { ...place, ...child };
}
