import type { ConfigInput, PoolInput } from '../../../worker/config/input.ts';
import { type Client, createClient } from './client.ts';
import { type Dev, startDev } from './dev.ts';
import { type Origin, type Sessions, startOrigin } from './origins.ts';
import { freePorts } from './ports.ts';

/** Real origins, the real CLI in front of them, and clients. */
export interface World {
  readonly origins: readonly Origin[];
  readonly dev: Dev;
  readonly url: string;
  /** A new visitor, with an empty jar. */
  client(): Client;
  origin(id: string | undefined): Origin;
  others(id: string | undefined): Origin[];
  end(): Promise<void>;
}

export interface WorldOptions {
  /** Ids of the real origins. Default a, b, c. */
  readonly origins?: readonly string[];
  readonly sessions?: Sessions;
  /** Of origins and Worker, besides their own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Origins are reached through bindings, by names that no resolver knows. */
  readonly bound?: true;
  readonly pool?: Omit<Partial<PoolInput>, 'origins'>;
  readonly rest?: Omit<Partial<ConfigInput>, 'pools' | 'routes'>;
  /** More of the environment of an origin, by its id. */
  readonly envOf?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Origins that are not started here: another kind of process, or none at all. */
  readonly others?: PoolInput['origins'];
}

/** Starts it all; what has been started ends with it, also when the rest fails to start. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const {
    origins: ids = ['a', 'b', 'c'],
    sessions = 'kept',
    others = [],
    pool = {},
    rest = {},
    env = {},
    envOf = {},
    bound,
  } = options;
  const ports = await freePorts(ids.length);
  const origins: Origin[] = [];
  try {
    await Promise.all(
      ids.map(async (id, at) =>
        origins.push(await startOrigin(id, ports[at] ?? 0, sessions, { ...env, ...envOf[id] })),
      ),
    );
    origins.sort((one, other) => one.id.localeCompare(other.id));
    const listed = origins.map(({ id, url }) => (bound ? boundOrigin(id) : { id, url }));
    const ways = origins.map(({ id, url }) => `${boundOrigin(id).via}=${url}`).join(',');
    const config = configOf({ ...pool, origins: [...listed, ...others] }, rest);
    const dev = await startDev(config, bound ? ['--via', ways] : [], env);
    return worldOf(origins, dev);
  } catch (error) {
    await Promise.all(origins.map(({ kill }) => kill()));
    throw error;
  }
}

const boundOrigin = (id: string) => ({ id, url: `http://${id}.nowhere.internal`, via: `APP_${id}` });

function configOf(pool: PoolInput, rest: WorldOptions['rest']): ConfigInput {
  // A test that brings an origin back wants its sessions now.
  const passive = { slowStartMs: 0, ...pool.passive };
  const plain = { cookie: { secure: false }, health: { path: '/health' }, ...pool, passive };
  return { pools: { shop: plain }, routes: [{ match: '/*', pool: 'shop' }], ...rest };
}

function worldOf(origins: readonly Origin[], dev: Dev): World {
  const clients: Client[] = [];
  const origin = (id: string | undefined): Origin => {
    const found = origins.find((one) => one.id === id);
    if (found === undefined) throw new Error(`No origin ${id} in this world`);
    return found;
  };
  return {
    origins,
    dev,
    url: dev.url,
    client() {
      const client = createClient(dev.url);
      clients.push(client);
      return client;
    },
    origin,
    others: (id) => origins.filter((one) => one.id !== id),
    async end() {
      for (const client of clients) client.close();
      await Promise.all([dev.end(), ...origins.map(({ kill }) => kill())]);
    },
  };
}
