import type { Claim, Claimed, Ended, Label, Located, Put, PutSaid, Rotated } from './core/fence.ts';
import type { Phase } from './core/breaker.ts';
import type { DrillRefusal, DrillWish } from './core/drill.ts';
import type { Health } from './core/health.ts';
import type { InstanceId, OriginId, SessionId, SubjectTag } from './core/ids.ts';
import type { Incident } from './core/incident.ts';
import type { Tally } from './core/tally.ts';
import type { LostWrite } from './core/lost-write.ts';
import type { Leased, Registration } from './core/registration.ts';
import type { Promotion } from './core/promotion.ts';
import type { Lag } from './core/replication.ts';
import type { Assumed, Limits, Row } from './core/row.ts';
import type { Operation, Order } from './core/operation.ts';
import type { Registered, Snapshot } from './core/snapshot.ts';
import type { Stamp } from './core/stamp.ts';
import type { Swap, Swapped } from './core/swap.ts';

/** What the shell needs from the platform. Everything that differs between Cloudflare, a laptop and a simulated world stands here. */

export interface Clock {
  /** Milliseconds since 1970. On Cloudflare it only moves with I/O. */
  now(): number;
}

export interface Chance {
  bytes(count: number): Uint8Array<ArrayBuffer>;
}

export interface Timers {
  /** Runs once after `ms`, unless it is cancelled before. */
  after(ms: number, run: () => void): () => void;
  /** Resolves after `ms`, or at once when the signal fires. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Keeps work alive after the answer has left. */
export type WaitUntil = (work: Promise<unknown>) => void;

/** The shard did not answer within its retries. A write may nevertheless have been done. */
export interface Unreachable {
  readonly kind: 'unreachable';
  readonly why: string;
}

/** A session's newest state as bytes, opaque to Limpet, with the seal that binds it to (pool, session, epoch). */
export interface SealedState {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly seal: string;
  /** The epoch under which it was stored, which the seal covers. */
  readonly epoch: number;
}

export interface StatePut extends Put {
  readonly state: SealedState;
}

export interface Handover {
  /** Absent where nothing is stored: version 0. */
  readonly state?: SealedState;
}

export type LocatedSlot = Located | Ended | { readonly kind: 'none' };
export type ClaimAnswer = Claimed & Handover;
export type RotateWish = Put & { readonly to: SessionId; readonly state?: SealedState };
export type EndWish = { readonly home: OriginId; readonly instance: InstanceId; readonly endsAt: number };
export type RenewWish = { readonly assumed: Assumed; readonly limits: Limits };

/** A session's row with its state, for whoever may read both. */
export type ReadSlot = (Located & Handover) | Ended | { readonly kind: 'none' };
export type SwapWish = Swap & Handover;

/** What a pool's store has of a session. Without a state: nothing is stored yet. */
export type HeldState = { readonly kind: 'held'; readonly stamp: Stamp } & Handover;
export type StateWish = Omit<Swap, 'to'> & { readonly expected: Stamp; readonly state: SealedState };
export type EndStateWish = Omit<Swap, 'to' | 'subject'>;

/**
 * Where the states of a pool are whose origins share a store: Limpet's own shards, or one that the operator has. Whichever it is, it keeps the same
 * rules (docs/spec.md, XS), and never throws.
 */
export interface StateStore {
  get(session: SessionId): Promise<HeldState | Ended | Unreachable>;
  /** Compare-and-set: stored only where nobody has written since `expected` was read. */
  put(session: SessionId, wish: StateWish): Promise<Swapped | Unreachable>;
  /** For good: a mark stays until the session's absolute limit. */
  end(session: SessionId, wish: EndStateWish): Promise<Swapped | Unreachable>;
  /** Moves the expiry on; stores nothing where nothing is stored. */
  touch(session: SessionId, wish: RenewWish): Promise<{ readonly kind: 'touched' } | Ended | Unreachable>;
}

/** A session as operators see it: what the map knows, and how large its state is as it is stored. */
export type ListedRow = Row & { readonly session: SessionId; readonly stateBytes: number };

export interface ListPage {
  readonly rows: readonly ListedRow[];
  readonly cursor: string | undefined;
}

export type ShownSlot =
  | { readonly kind: 'none' }
  | { readonly kind: 'ended'; readonly endsAt: number }
  | { readonly kind: 'row'; readonly row: ListedRow };

/** A shard is searched for a subject page by page; `from` is the page to begin with. */
export interface SubjectWish {
  readonly subject: SubjectTag;
  readonly from: number;
  /** Until when the marks of ended sessions stay. */
  readonly endsAt: number;
}

/** One step of a search: `next` is the page to go on with, absent when the shard has been searched to its end. */
export interface SubjectStep<Found> {
  readonly found: readonly Found[];
  readonly next: number | undefined;
}

export type ExportedSession = ListedRow & Handover;

/** A session that lives on an origin, as its shard has it. */
export interface Resident {
  readonly session: SessionId;
  readonly epoch: number;
  /** 0 while nothing of it is stored. */
  readonly version: number;
}

export interface ResidentsWish {
  readonly origin: OriginId;
  /** The page to begin with. */
  readonly from: number;
  /** About so many: a page is not parted. */
  readonly limit: number;
}

/** Sessions that their home has let go of, and where each goes. */
export interface HandOverWish {
  readonly moves: readonly { readonly session: SessionId; readonly epoch: number; readonly home: OriginId }[];
  readonly nonce: string;
}

/** What an operator may ask of a pool's shards, one at a time (docs/decisions/007-ends.md). A shard is named by the seven characters of its ids. */
export interface ShardDesk {
  list(
    shard: string,
    wish: { readonly cursor: string | undefined; readonly limit: number },
  ): Promise<ListPage | Unreachable>;
  show(session: SessionId): Promise<ShownSlot | Unreachable>;
  /** Ends a session wherever it lives. Of one without a row the map does not know the home: then all `origins` are raised. */
  end(
    session: SessionId,
    wish: { readonly endsAt: number; readonly origins: readonly OriginId[] },
  ): Promise<Ended | Unreachable>;
  residents(shard: string, wish: ResidentsWish): Promise<SubjectStep<Resident> | Unreachable>;
  /** Answers with those that were claimed. */
  handOver(shard: string, wish: HandOverWish): Promise<readonly SessionId[] | Unreachable>;
  endSubject(shard: string, wish: SubjectWish): Promise<SubjectStep<SessionId> | Unreachable>;
  exportSubject(shard: string, wish: SubjectWish): Promise<SubjectStep<ExportedSession> | Unreachable>;
  /** Ends them, and has every page and every copy in KV that may hold one of their states written anew before it answers. */
  eraseSubject(shard: string, wish: SubjectWish): Promise<SubjectStep<SessionId> | Unreachable>;
}

/** What a shard says of itself. */
export interface ShardCopies {
  /** How many promotions its object is from the first one. */
  readonly generation: number;
  readonly replacedBy: Promotion | undefined;
  /** The newest row of its log. */
  readonly last: number;
  readonly replicas: readonly Lag[];
}

/** What a replica says of itself. */
export interface ReplicaStanding {
  /** The generation as which it was promoted; 0 for a replica. */
  readonly generation: number;
  /** It takes nothing of objects below this generation. */
  readonly closedTo: number;
  /** Whole as of one moment: it could be the shard. */
  readonly isWhole: boolean;
  readonly seq: number;
  /** When it last heard from its shard, by the shard's clock. */
  readonly at: number;
}

export interface PromotionWish {
  /** Which of the replicas, from 1 on; undefined: the one that is furthest ahead. */
  readonly replica: number | undefined;
  /** Whether changes that only the shard had may be lost. */
  readonly loss: 'refuse' | 'accept';
}

export type PromotionSaid =
  | {
      readonly kind: 'promoted';
      readonly by: Promotion;
      /** `none`: the replica has everything that was ever acknowledged. `unknown`: not what the shard had alone after `heardAt`. */
      readonly loss: 'none' | 'unknown';
      readonly heardAt: number;
      readonly waitedMs: number;
    }
  | {
      readonly kind: 'refused';
      readonly code: 'copy_not_known_whole' | 'no_whole_copy' | 'unknown_replica' | 'overtaken';
      readonly why: string;
    }
  | Unreachable;

/** Replicas as operators see them, and their promotion (docs/decisions/008-promotion.md). */
export interface PromotionDesk {
  copies(shard: string): Promise<(ShardCopies & { readonly object: string }) | Unreachable>;
  standings(
    shard: string,
  ): Promise<readonly ((ReplicaStanding | Unreachable) & { readonly object: string })[]>;
  promote(shard: string, wish: PromotionWish): Promise<PromotionSaid>;
}

/** Writes that were refused, fenced or left unstored, for the operator: kept by the pool's monitor, the newest thousand, for thirty days. */
export interface LostWrites {
  /** Never waits and never throws; a crowd of them is told together. */
  note(write: LostWrite): void;
  list(): Promise<readonly LostWrite[] | Unreachable>;
  /** Those of sessions whose subject is erased. */
  forget(sessions: readonly SessionId[]): Promise<{ readonly kind: 'forgotten' } | Unreachable>;
}

/** The store of one pool's sessions. The shard that owns a session is read from its id. */
export interface Shards {
  locate(session: SessionId): Promise<LocatedSlot | Unreachable>;
  read(session: SessionId): Promise<ReadSlot | Unreachable>;
  claim(session: SessionId, wish: Claim): Promise<ClaimAnswer | Unreachable>;
  put(session: SessionId, wish: StatePut): Promise<PutSaid | Unreachable>;
  swap(session: SessionId, wish: SwapWish): Promise<Swapped | Unreachable>;
  /** Whose session it is, without a change of its state. */
  label(session: SessionId, wish: Label): Promise<PutSaid | Unreachable>;
  renew(session: SessionId, wish: RenewWish): Promise<Located | Ended | Unreachable>;
  end(session: SessionId, wish: EndWish): Promise<Ended | Unreachable>;
  rotate(session: SessionId, wish: RotateWish): Promise<Rotated | Unreachable>;
}

/** What this isolate remembers of the pool's snapshot. */
export interface Snapshots {
  /** The snapshot at hand and its age; never waits. */
  current(): HeldSnapshot;
  /** Asks the colo's cache, then the monitor, then the KV mirror; waits for at most `patienceMs`. */
  refresh(patienceMs: number): Promise<HeldSnapshot>;
}

export interface HeldSnapshot {
  readonly snapshot: Snapshot;
  /** `Infinity` where this isolate has none yet. */
  readonly ageMs: number;
}

/** Tells the pool's monitor that an origin became suspect here. Transitions only, never a report per request. */
export type ReportSuspect = (origin: OriginId) => Promise<void>;

/** The monitor's own account of its pool, for operators. */
export interface MonitorStatus {
  readonly version: number;
  readonly revision: number | undefined;
  readonly alarmAt: number | undefined;
  readonly askedAt: number;
  readonly routeOnly: 'on' | 'off';
  readonly origins: readonly (Health & {
    readonly id: OriginId;
    readonly url: string;
    readonly operation: Operation;
    /** Only of an origin that has registered itself. */
    readonly leasedUntil?: number;
  })[];
}

/** The monitor's book of origins that have registered themselves. */
export interface Registrar {
  register(asked: Registration, max: number): Promise<Leased | Unreachable>;
  withdraw(
    origin: OriginId,
    instance: InstanceId,
    stamp: number,
  ): Promise<{ readonly kind: 'withdrawn' } | Unreachable>;
}

/** `not theirs`: an origin's own wish does not undo what an operator has ordered. */
export type Ordered =
  | {
      readonly kind: 'ordered';
      readonly said: 'changed' | 'the same' | 'not theirs';
      readonly version: number;
    }
  | { readonly kind: 'no such origin' };

/** Tells the pool's monitor what is wanted of an origin, or of the pool. */
export type GiveOrder = (order: Order) => Promise<Ordered | Unreachable>;

export type ReadStatus = () => Promise<MonitorStatus | Unreachable>;

/** What a request saw of an origin that it had to leave. */
export type Sighting = Omit<Tally, 'heardAt'>;

/** This isolate's account of origins that fail: told to the pool's monitor when something happens, at most every ten seconds. */
export interface Incidents {
  /** Never waits and never throws. */
  note(sighting: Sighting): void;
  /** Whether this isolate has seen that drill do harm. */
  isStopped(drill: number): boolean;
  /** A snapshot of a newer version has come in the place of this one. */
  heard(before: HeldSnapshot, snapshot: Snapshot): void;
}

export type DrillSaid = { readonly kind: 'begun'; readonly incident: Incident } | DrillRefusal;

/** The monitor's records, for operators: of thirty days, the newest thousand. */
export interface IncidentDesk {
  /** Newest first. */
  list(): Promise<readonly Incident[] | Unreachable>;
  drill(wish: DrillWish): Promise<DrillSaid | Unreachable>;
  /** The drill's incident, or none where there was no drill. */
  stopDrill(): Promise<{ readonly kind: 'stopped'; readonly number: number | null } | Unreachable>;
}

/** What isolates know by themselves of origins that failed them. */
export interface Suspicions {
  isSuspect(origin: OriginId, now: number): boolean;
  /** When this isolate first could not reach the origin; undefined while it is trusted. */
  since(origin: OriginId, now: number): number | undefined;
  suspect(origin: OriginId, now: number): 'newly' | 'already';
  trust(origin: OriginId, now: number): void;
}

/** An answer, as far as it says something of its origin's health. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  /** Milliseconds to its headers. */
  readonly tookMs: number;
  readonly now: number;
  /** The session that saw it; empty for a request without one. */
  readonly by: string;
}

/** What this isolate's own requests say of the pool's origins (docs/health.md). */
export interface Passive {
  /** False in the steady state: no breaker is open, and none need be asked. */
  readonly isAnyOpen: boolean;
  phase(origin: OriginId, now: number): Phase;
  /** Takes the one trial of a half-open breaker. */
  try(origin: OriginId, now: number): void;
  answered(origin: OriginId, answer: Answered): void;
  failed(origin: OriginId, now: number, by: string): void;
  /** The origin's failures led to a suspicion: they are not counted a second time. */
  acted(origin: OriginId): void;
  /** Of origins that have registered themselves only these are in the pool. */
  keepTo(registered: Registered | undefined): void;
  /** Counted only where the origin has a cap. What it returns says that the request's headers are here, or never will be. */
  begin(origin: OriginId, now: number): () => void;
  isFull(origin: OriginId, now: number): boolean;
  /** Whether a newcomer with this key may go there: neither full, busy nor slow, and let in if it has just come back. */
  welcomes(origin: OriginId, key: number, returnedAt: number | undefined, now: number): boolean;
  mayRetry(now: number): boolean;
  retried(now: number): void;
  seen(origin: OriginId, now: number): SeenOrigin;
}

/** An origin as this isolate has seen it in the last ten seconds, for operators. */
export interface SeenOrigin {
  readonly breaker: Phase;
  readonly attempts: number;
  readonly failures: number;
  readonly typicalMs: number | null;
  readonly isSlow: boolean;
  readonly isBusy: boolean;
}

/** A probe of doubt: does the origin answer at all? At most one at a time runs per isolate and origin. */
export type Doubt = (origin: OriginId) => Promise<'answers' | 'refuses' | 'silent'>;

/** Whether a connection to the origin opens. Nothing is sent over it. */
export type Connects = (origin: OriginId) => Promise<'opens' | 'refused' | 'silent'>;

export interface CopyInFallback {
  readonly row: Row;
  readonly state: SealedState;
  readonly ageMs: number;
}

/** A session as a replica of its shard has it. */
export interface CopyInReplica extends CopyInFallback {
  readonly layer: 'replica';
}

/** The replicas of the pool's shards, as far as an edge reads them. Never throws, and is never the signal. */
export interface Replicas {
  /** The newest copy that a replica has; undefined where none has one, or none answers in time. */
  session(session: SessionId): Promise<CopyInReplica | undefined>;
}

export interface CachedAnswer {
  readonly response: Response;
  readonly ageMs: number;
}

/** The KV-backed fallback. Never the signal, always the last layer. */
export interface Fallback {
  answer(key: string): Promise<CachedAnswer | undefined>;
  keepAnswer(key: string, response: Response): Promise<void>;
  session(session: SessionId): Promise<CopyInFallback | undefined>;
  page(): Promise<string | undefined>;
}

/** Counters of this isolate. */
export interface Counters {
  add(name: string): void;
  all(): Readonly<Record<string, number>>;
}
