import type { ConfigInput, PoolInput } from '../../worker/config/input.ts';
import { loadConfig } from '../../worker/config/parse.ts';
import type { Drill } from '../../worker/core/drill.ts';
import type { CookieClaims } from '../../worker/core/cookie-value.ts';
import { instanceId, type OriginId, originId, poolName, type SessionId } from '../../worker/core/ids.ts';
import type { Row } from '../../worker/core/row.ts';
import { makeSessionId } from '../../worker/core/session-id.ts';
import type { OrderedStanding, Snapshot } from '../../worker/core/snapshot.ts';
import type { Bindings } from '../../worker/bindings.ts';
import { createEdge } from '../../worker/edge.ts';
import { serve } from '../../worker/pipeline.ts';
import type { LostWrite } from '../../worker/core/lost-write.ts';
import type {
  CachedAnswer,
  Connects,
  CopyInFallback,
  Doubt,
  IncidentDesk,
  MonitorStatus,
  Sighting,
  Unreachable,
} from '../../worker/ports.ts';
import { open } from '../../worker/steps/open.ts';
import { requestUrl } from '../../worker/steps/route.ts';
import { createLimpetStates } from '../../worker/stores/limpet-states.ts';
import type { Edge, Pool, Visit } from '../../worker/visit.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';
import { type MemoryShards, memoryShards } from './memory-shards.ts';

export const [a, b, c] = [originId('a'), originId('b'), originId('c')];
export const instance = instanceId('instance-one-0001');
export const startMs = Date.UTC(2026, 0, 1);
export const startS = startMs / 1000;
export const publicUrl = 'https://shop.example.com';

export const secrets = {
  cookieKeys: ['cookie-key-0123456789abcdef-0123456789abcdef'],
  originSecret: 'origin-secret-0123456789abcdef-0123456789abcdef',
  adminToken: 'admin-token-0123456789abcdef-0123456789abcdef',
  readToken: 'read-token-0123456789abcdef-0123456789abcdef',
};

/** What reached an origin. */
export interface Sent {
  readonly origin: OriginId;
  readonly url: string;
  readonly init: RequestInit;
  readonly headers: Headers;
}

type Handler = (sent: Sent) => Response | Promise<Response>;

export interface WorldOptions {
  readonly pool?: Partial<PoolInput>;
  readonly config?: Partial<ConfigInput>;
  readonly apiBase?: string;
  /** What is bound for origins that are reached through a binding. */
  readonly reach?: Bindings['reach'];
}

/** One isolate's Limpet between origins, shards and a monitor that are the test's. */
export interface World {
  readonly edge: Edge;
  readonly pool: Pool;
  readonly clock: ManualClock;
  readonly shards: MemoryShards;
  readonly sent: Sent[];
  readonly reported: OriginId[];
  /** What origins answer; those that are not named answer 200. */
  readonly origins: Map<OriginId, Handler>;
  /** What a probe of doubt finds; `answers` where it does not say. */
  readonly verdicts: Map<OriginId, Awaited<ReturnType<Doubt>>>;
  /** How often doubt was asked. */
  readonly doubted: OriginId[];
  /** What becomes of a connection; it opens where it does not say. */
  readonly connections: Map<OriginId, Awaited<ReturnType<Connects>>>;
  /** Origins to which a connection was tried. */
  readonly connected: OriginId[];
  readonly copies: Map<SessionId, CopyInFallback>;
  readonly cached: Map<string, CachedAnswer>;
  readonly kept: string[];
  /** Writes that the operator is told of. */
  lost: LostWrite[];
  /** What requests saw of origins that they had to leave. */
  readonly sighted: Sighting[];
  /** Drills that this isolate has stopped. */
  readonly stopped: Set<number>;
  /** The fire drill in the snapshot. */
  drill: Drill | undefined;
  /** What the monitor says to operators of incidents; it is away until the test says otherwise. */
  incidentDesk: IncidentDesk;
  ownPage: string | undefined;
  /** What the monitor says to operators. */
  status: MonitorStatus | Unreachable;
  /** Set the age to have the snapshot trusted less. */
  snapshotAgeMs: number;
  /** The kill switch. */
  routeOnly: boolean;
  standing(origin: OriginId, standing: Partial<OrderedStanding>): void;
  visit(request?: RequestLike): Promise<Visit>;
  /** The whole pipeline, with time that passes as far as it is waited for. */
  send(request?: RequestLike): Promise<Response>;
  /** Runs to the end what was handed to `waitUntil`. */
  settled(): Promise<void>;
  /** A session with a cookie: home a, epoch 0, started just now, unless told otherwise. */
  cookie(claims?: Partial<CookieClaims> & { home?: OriginId }): Promise<string>;
  /** What the cookie of an answer says. */
  told(response: Response): Promise<Told | undefined>;
  /** Puts a session with a stored state into the shard. */
  store(text: string, row?: Partial<Row>): Promise<void>;
}

export interface Told extends CookieClaims {
  readonly home: OriginId | undefined;
}

export interface RequestLike extends RequestInit {
  readonly path?: string;
  readonly url?: string;
}

/** A session id whose random part is made of one digit. */
export function sessionNo(number: number): SessionId {
  return makeSessionId({ region: 'xx', generation: 0, number: 3 }, new Uint8Array(16).fill(number));
}

export const session = sessionNo(1);

/** An answer as the Worker's runtime gives it: it has a `webSocket`, which is null. */
export function reply(body: BodyInit | null = 'ok', init: ResponseInit = {}): Response {
  return Object.defineProperty(new Response(body, init), 'webSocket', { value: null });
}

/** An answer by the contract, of `instance`. */
export function contractReply(headers: Record<string, string>, init: ResponseInit = {}): Response {
  return reply('ok', { ...init, headers: { 'limpet-instance': instance, ...headers } });
}

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const clock = manualClock(startMs);
  const shards = memoryShards(clock);
  const standings = new Map<OriginId, OrderedStanding>();
  const waited: Promise<unknown>[] = [];
  const origins = new Map<OriginId, Handler>();
  const world = {
    sent: [] as Sent[],
    reported: [] as OriginId[],
    doubted: [] as OriginId[],
    connected: [] as OriginId[],
    connections: new Map<OriginId, Awaited<ReturnType<Connects>>>(),
    kept: [] as string[],
    lost: [] as LostWrite[],
    sighted: [] as Sighting[],
    stopped: new Set<number>(),
    drill: undefined as Drill | undefined,
    incidentDesk: awayDesk,
    verdicts: new Map<OriginId, Awaited<ReturnType<Doubt>>>(),
    copies: new Map<SessionId, CopyInFallback>(),
    cached: new Map<string, CachedAnswer>(),
    ownPage: undefined as string | undefined,
    status: { kind: 'unreachable', why: 'the test says so' } as MonitorStatus | Unreachable,
    snapshotAgeMs: 0,
    routeOnly: false,
  };
  let drawn = 0;

  const config = loadConfig(configOf(options), { production: false });
  const made = await createEdge(
    config,
    secrets,
    { ...noBindings, apiBase: options.apiBase, reach: options.reach ?? noBindings.reach },
    {
      clock,
      timers: clock,
      chance: { bytes: (count) => new Uint8Array(count).fill((drawn += 1) + 100) },
      waitUntil: (work) => void waited.push(work),
      fetch: async (url, init) => {
        const sent = {
          origin: originId(new URL(url).hostname.split('.')[0] ?? ''),
          url,
          init,
          headers: new Headers(init.headers),
        };
        world.sent.push(sent);
        return origins.get(sent.origin)?.(sent) ?? reply(`from ${sent.origin}`);
      },
    },
  );
  const built = made.pools.get(poolName('shop'));
  if (built === undefined) throw new Error('Cannot make a world without a pool named shop');

  const held = () => ({
    snapshot: {
      version: 1,
      origins: Object.fromEntries(standings),
      ...(world.routeOnly ? { routeOnly: true } : {}),
      ...(world.drill === undefined ? {} : { drill: world.drill }),
    } as Snapshot,
    ageMs: world.snapshotAgeMs,
  });
  const pool: Pool = {
    ...built,
    shards,
    states: built.states && createLimpetStates(shards),
    snapshots: { current: held, refresh: async () => held() },
    report: async (origin) => void world.reported.push(origin),
    lost: {
      note: (write) => void world.lost.push(write),
      list: async () => world.lost,
      async forget(sessions) {
        world.lost = world.lost.filter((write) => !sessions.includes(write.session));
        return { kind: 'forgotten' };
      },
    },
    incidents: {
      note: (sighting) => void world.sighted.push(sighting),
      isStopped: (drill) => world.stopped.has(drill),
      heard: () => undefined,
    },
    incidentDesk: {
      list: () => world.incidentDesk.list(),
      drill: (wish) => world.incidentDesk.drill(wish),
      stopDrill: () => world.incidentDesk.stopDrill(),
    },
    status: async () => world.status,
    doubt: async (origin) => {
      world.doubted.push(origin);
      return world.verdicts.get(origin) ?? 'answers';
    },
    connects: async (origin) => {
      world.connected.push(origin);
      return world.connections.get(origin) ?? 'opens';
    },
    fallback: {
      answer: async (key) => world.cached.get(key),
      keepAnswer: async (key) => void world.kept.push(key),
      session: async (id) => world.copies.get(id),
      page: async () => world.ownPage,
    },
  };
  const edge: Edge = { ...made, pools: new Map([...made.pools, [pool.name, pool]]) };

  const visit = async ({ path = '/', url = publicUrl + path, ...init }: RequestLike = {}) =>
    open(new Request(url, init), edge, pool, requestUrl(url), (work) => void waited.push(work));

  return Object.assign(world, {
    edge,
    pool,
    clock,
    shards,
    origins,
    visit,
    standing: (origin: OriginId, standing: Partial<OrderedStanding>) =>
      void standings.set(origin, { health: 'up', incarnation: 0, ...standings.get(origin), ...standing }),
    send: async (request?: RequestLike) => clock.through(serve(await visit(request))),
    settled: async () => void (await Promise.all(waited)),
    async cookie({ home = a, ...claims }: Partial<CookieClaims> & { home?: OriginId } = {}) {
      const homeTag = pool.keyring.homeTag(home);
      const value = await pool.keyring.signCookie(pool.cookieName, {
        session,
        homeTag,
        epoch: 0,
        incarnation: 0,
        startedS: startS,
        renewedS: startS,
        ...claims,
      });
      return `${pool.cookieName}=${value}`;
    },
    async told(response: Response) {
      const ours = response.headers.getSetCookie().find((cookie) => cookie.startsWith(`${pool.cookieName}=`));
      const value = /=([^;]*)/.exec(ours ?? '')?.[1];
      if (value === undefined) return undefined;
      const opened = await pool.keyring.openCookie(pool.cookieName, value);
      return typeof opened === 'string' ? undefined : { ...opened.claims, home: opened.home };
    },
    async store(text: string, row: Partial<Row> = {}) {
      const bytes = new TextEncoder().encode(text);
      const full = {
        home: a,
        instance,
        epoch: 0,
        version: 1,
        claimedBy: '',
        expiresAt: startMs + 1_800_000,
        endsAt: startMs + 43_200_000,
        ...row,
      };
      const seal = await pool.keyring.sealState(session, full.epoch, bytes);
      shards.write(session, { kind: 'row', row: full }, { bytes, seal, epoch: full.epoch });
    },
  });
}

/** A visit to a world of its own, for the steps that need no more. */
export async function visitTo(request: RequestLike = {}, options: WorldOptions = {}): Promise<Visit> {
  return (await createWorld(options)).visit(request);
}

function configOf({ pool, config }: WorldOptions): ConfigInput {
  const origins = [a, b, c].map((id) => ({ id, url: `http://${id}.internal:9000` }));
  return { pools: { shop: { origins, ...pool } }, routes: [{ match: '/*', pool: 'shop' }], ...config };
}

const away: Unreachable = { kind: 'unreachable', why: 'the test says so' };
const awayDesk: IncidentDesk = {
  list: async () => away,
  drill: async () => away,
  stopDrill: async () => away,
};

const unused = () => {
  throw new Error('Cannot ask a binding here: the ports of the pool are the fakes of test/rules/visit.ts');
};
const noBindings: Omit<Bindings, 'apiBase'> = {
  shards: { getByName: unused },
  monitors: { getByName: unused },
  replicas: { getByName: unused, jurisdiction: unused },
  fallback: { get: unused, getWithMetadata: unused, put: unused },
  cache: { match: unused, put: unused },
  stores: { redis: undefined, redisHttp: undefined },
  openSocket: unused,
  reach: () => undefined,
  runtime: 'cloudflare',
  revision: 0,
};
