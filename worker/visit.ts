import type { Config, OriginConfig, PoolConfig } from './config/config.ts';
import type { Identity } from './core/identity.ts';
import type { Symptom } from './core/tally.ts';
import type { OriginId, PoolName, SessionId } from './core/ids.ts';
import type { Keyring } from './core/keyring.ts';
import type { Lru } from './core/lru.ts';
import type { Outcome, Reason } from './core/outcome.ts';
import type { Placement } from './core/rendezvous.ts';
import type { Snapshot } from './core/snapshot.ts';
import type { View } from './core/decide.ts';
import type {
  Chance,
  Clock,
  Connects,
  Counters,
  Doubt,
  Fallback,
  Fetch,
  GiveOrder,
  IncidentDesk,
  Incidents,
  LostWrites,
  Passive,
  PromotionDesk,
  ReadStatus,
  Registrar,
  Replicas,
  ReportSuspect,
  ShardDesk,
  Shards,
  StateStore,
  Snapshots,
  Suspicions,
  Timers,
  WaitUntil,
} from './ports.ts';

/** One isolate's Limpet: the configuration made ready, and the ports. */
export interface Edge {
  readonly config: Config;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly timers: Timers;
  readonly fetch: Fetch;
  /** By the name of a binding: how origins are reached that are reached through one. */
  readonly bound: ReadonlyMap<string, Fetch>;
  readonly counters: Counters;
  readonly pools: ReadonlyMap<PoolName, Pool>;
  /** The name under which this deployment stands in `Via`. */
  readonly via: string;
  /** Where origins reach the store API; undefined: under the host that the client used. */
  readonly apiBase: string | undefined;
  readonly runtime: 'cloudflare' | 'local';
  /** Opens the admin API, and the debug headers where `debug` is `token`. */
  readonly adminToken: string;
  /** Opens what only reads of the admin API; empty where there is none. */
  readonly readToken: string;
}

export interface Pool {
  readonly name: PoolName;
  readonly config: PoolConfig;
  readonly origins: ReadonlyMap<OriginId, OriginConfig>;
  readonly placement: Placement;
  /** The same with the weights that a snapshot orders. */
  readonly placements: WeakMap<Snapshot, Placement>;
  readonly cookieName: string;
  readonly keyring: Keyring;
  /** Cookie headers that this isolate has read and verified before. */
  readonly jars: Lru<Jar>;
  /** Contract headers computed before: one signature per session and minute. */
  readonly signed: Lru<SignedContract>;
  /** Homes of learned keys, remembered for at most 5 s. */
  readonly learned: Lru<RememberedHome>;
  /** When an answer was last copied for the fallback, by its key. */
  readonly copied: Lru<number>;
  readonly suspicions: Suspicions;
  readonly passive: Passive;
  readonly shards: Shards;
  /** Where the states are that the origins share; undefined where each session's state is its home's. */
  readonly states: StateStore | undefined;
  readonly desk: ShardDesk;
  readonly promotions: PromotionDesk;
  readonly lost: LostWrites;
  readonly snapshots: Snapshots;
  readonly incidents: Incidents;
  readonly incidentDesk: IncidentDesk;
  readonly report: ReportSuspect;
  readonly status: ReadStatus;
  readonly doubt: Doubt;
  readonly connects: Connects;
  readonly order: GiveOrder;
  /** When an origin's wish to be drained was last passed on. */
  readonly drainAsked: Map<OriginId, number>;
  readonly fallback: Fallback;
  readonly replicas: Replicas;
  readonly registrar: Registrar;
  readonly membership: Membership;
}

/** What of a pool changes when origins register themselves. */
export type Members = Pick<Pool, 'origins' | 'placement' | 'keyring'>;

/** The origins of the configuration, with those that a snapshot names besides. */
export interface Membership {
  /** Makes ready what needs keys; a snapshot is kept only after it. */
  prepare(snapshot: Snapshot): Promise<void>;
  /** The pool as that snapshot has it. */
  asOf(pool: Pool, snapshot: Snapshot): Pool;
}

/** A Cookie header, read once: whose it is, and what of it an origin may see. */
export interface Jar {
  readonly identity: Identity;
  readonly stripped: string;
}

export interface SignedContract {
  readonly home: OriginId;
  readonly epoch: number;
  readonly bucket: number;
  readonly api: string;
  readonly signature: string;
}

export interface RememberedHome {
  readonly home: OriginId;
  readonly epoch: number;
  readonly incarnation: number;
  readonly until: number;
}

/** One request on its way. */
export interface Visit {
  readonly request: Request;
  readonly edge: Edge;
  readonly pool: Pool;
  readonly waitUntil: WaitUntil;
  readonly url: RequestUrl;
  /** Milliseconds, read once: all of this request's decisions see the same time. */
  readonly now: number;
  readonly view: PoolSight;
  /** Origins that failed this request, attempts made, and what of the body can be sent again. */
  readonly trail: Trail;
}

/** The pool as this isolate sees it, and what is ordered of its origins. */
export interface PoolSight extends View {
  isDraining(origin: OriginId): boolean;
  isSurelyAway(origin: OriginId): boolean;
}

export interface RequestUrl {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  /** Path and query, as they came. */
  readonly target: string;
}

export interface Trail {
  readonly failed: Set<OriginId>;
  /** Origins that lost one connection of this request and answered a probe since. */
  readonly struck: Set<OriginId>;
  attempts: number;
  /** Origins that this request had to leave, for their incidents. */
  flights: readonly Flight[];
  body: ArrayBuffer | undefined;
}

/** A request's way from a lost home, until it is answered. */
export interface Flight {
  readonly origin: OriginId;
  /** The incident of the drill, where nothing has failed. */
  readonly drill: number | undefined;
  readonly how: Symptom;
  readonly isSuspect: boolean;
  readonly knownAt: number;
  /** What became of the session. */
  readonly session: 'none' | 'moved' | 'restored' | 'empty';
}

/** What the attempt carries besides the request itself. */
export type Carried =
  | { readonly kind: 'nothing' }
  /** Nothing can exist yet. Only on the first attempt for an id that was just drawn. */
  | { readonly kind: 'new' }
  /** Home is being drained: it may let go of the session with this answer. */
  | { readonly kind: 'release' }
  /** After a claim, once: the newest state, or the word that there is none (version 0). */
  | { readonly kind: 'state'; readonly version: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | {
      readonly kind: 'read-only';
      readonly layer: 'replica' | 'kv';
      readonly version: number;
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly ageS: number;
    };

/** Where this request goes, and as what. */
export type Seat =
  | SessionSeat
  | {
      readonly kind: 'stateless';
      readonly home: OriginId;
      readonly outcome: Outcome;
      readonly reason: Reason;
    };

export interface SessionSeat {
  readonly kind: 'session';
  readonly session: SessionId;
  readonly home: OriginId;
  readonly epoch: number;
  /** How the session is known: only what a cookie carries is told to the client by a cookie. */
  readonly by: 'cookie' | 'learned-key';
  readonly startedS: number;
  readonly renewedS: number;
  readonly carried: Carried;
  readonly outcome: Outcome;
  readonly reason: Reason;
}

/** An answer that Limpet gives itself. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly status: 409 | 502 | 503 | 504;
  readonly outcome: Outcome;
  readonly code: Reason;
  readonly message: string;
  readonly retryAfterS?: number;
  /** Where the session is known to be now, for the cookie that goes out with the refusal. */
  readonly seat?: SessionSeat;
}

/** The try that answered. */
export interface Delivery {
  readonly kind: 'delivery';
  readonly response: Response;
  readonly seat: Seat;
}

/** The delivery as the client may have it. `again`: fenced, and safe to send to where the session is now. */
export type Kept = KeptAnswer | { readonly kind: 'again'; readonly seat: SessionSeat } | Refusal;

export interface KeptAnswer {
  readonly kind: 'answer';
  readonly response: Response;
  readonly seat: Seat;
  /** `handed`: the answer carries contract headers, which are taken off. */
  readonly contract: 'handed' | 'none';
}
