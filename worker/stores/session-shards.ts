import type { Claim, Ended, Label, Located, PutSaid, Rotated } from '../core/fence.ts';
import type { Swapped } from '../core/swap.ts';
import type { PoolName, SessionId } from '../core/ids.ts';
import { type Redirection, redirectionIn } from '../core/promotion.ts';
import type { Replication } from '../core/replication.ts';
import { shardOf } from '../core/session-id.ts';
import type {
  Clock,
  ClaimAnswer,
  EndWish,
  ListPage,
  LocatedSlot,
  ReadSlot,
  RenewWish,
  RotateWish,
  Shards,
  StatePut,
  SwapWish,
  Timers,
  Unreachable,
} from '../ports.ts';

/** What a shard's Durable Object answers to. */
export interface ShardObject {
  locate(pool: PoolName, session: SessionId): Promise<LocatedSlot>;
  read(pool: PoolName, session: SessionId): Promise<ReadSlot>;
  claim(
    pool: PoolName,
    session: SessionId,
    wish: Claim,
    replication?: Replication,
  ): Promise<ClaimAnswer | Unreachable>;
  put(
    pool: PoolName,
    session: SessionId,
    wish: StatePut,
    replication?: Replication,
  ): Promise<PutSaid | Unreachable>;
  swap(
    pool: PoolName,
    session: SessionId,
    wish: SwapWish,
    replication?: Replication,
  ): Promise<Swapped | Unreachable>;
  label(
    pool: PoolName,
    session: SessionId,
    wish: Label,
    replication?: Replication,
  ): Promise<PutSaid | Unreachable>;
  renew(
    pool: PoolName,
    session: SessionId,
    wish: RenewWish,
    replication?: Replication,
  ): Promise<Located | Ended>;
  end(
    pool: PoolName,
    session: SessionId,
    wish: EndWish,
    replication?: Replication,
  ): Promise<Ended | Unreachable>;
  rotate(
    pool: PoolName,
    session: SessionId,
    wish: RotateWish,
    replication?: Replication,
  ): Promise<Rotated | Unreachable>;
  list(wish: { cursor?: string | undefined; limit: number }): Promise<ListPage>;
}

export interface ShardObjects {
  /** A new stub every time: one that has thrown stays broken. */
  getByName(name: string): ShardObject;
}

export interface ShardsOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly deadlineMs?: number;
  readonly callMs?: number;
  /** Where the shards' replicas are; without it they keep to what they were told. */
  readonly replication?: Replication;
  /** An object has said that another one is the shard: the next attempt asks that one. */
  readonly redirected?: (redirection: Redirection) => void;
}

/** Every operation may be done twice, so what failed is asked again; what is overloaded is left alone. */
const pausesMs = [10, 40, 160];
/** While a shard is handed over, neither the old object answers nor the new one. */
const handOverPauseMs = 50;

export function shardName(pool: PoolName, shard: string): string {
  return `${pool}:${shard}`;
}

/** The pool's sessions, whichever shard they are in. Never throws. */
export function createShards(pool: PoolName, objects: ShardObjects, options: ShardsOptions): Shards {
  const ask = <Answer>(session: SessionId, call: (shard: ShardObject) => Promise<Answer>) =>
    persist(() => call(objects.getByName(shardName(pool, shardOf(session)))), options);
  const { replication } = options;
  return {
    locate: (session) => ask(session, (shard) => shard.locate(pool, session)),
    read: (session) => ask(session, (shard) => shard.read(pool, session)),
    claim: (session, wish) => ask(session, (shard) => shard.claim(pool, session, wish, replication)),
    async put(session, wish) {
      let asked = 0;
      const said = await ask(session, (shard) => {
        asked += 1;
        return shard.put(pool, session, wish, replication);
      });
      return asked > 1 ? unlessUnknown(said, wish) : said;
    },
    swap: (session, wish) => ask(session, (shard) => shard.swap(pool, session, wish, replication)),
    label: (session, wish) => ask(session, (shard) => shard.label(pool, session, wish, replication)),
    renew: (session, wish) => ask(session, (shard) => shard.renew(pool, session, wish, replication)),
    end: (session, wish) => ask(session, (shard) => shard.end(pool, session, wish, replication)),
    rotate: (session, wish) => ask(session, (shard) => shard.rotate(pool, session, wish, replication)),
  };
}

/** An earlier asking whose answer was lost may have stored it before the session moved: to say "not kept" then would be a guess. */
function unlessUnknown(said: PutSaid | Unreachable, { version }: StatePut): PutSaid | Unreachable {
  if (said.kind !== 'fenced' || said.row.version < version) return said;
  return { kind: 'unreachable', why: 'stored or not before the session moved: the answer was lost' };
}

/** Asks until there is an answer or the deadline has come; what fails is a value. */
export async function persist<Answer>(
  call: () => Promise<Answer>,
  options: ShardsOptions,
): Promise<Answer | Unreachable> {
  const { clock, timers, redirected, deadlineMs = 2_000, callMs = 1_000 } = options;
  const deadline = clock.now() + deadlineMs;
  for (let tried = 0; ; tried++) {
    const leftMs = deadline - clock.now();
    const attempt = await attemptOnce(call, timers, Math.min(callMs, leftMs));
    if (attempt.kind === 'answer') return attempt.answer;
    const redirection = redirectionIn(attempt.why);
    if (redirection !== undefined && redirected !== undefined) {
      redirected(redirection);
      tried = -1;
    }
    const pauseMs = redirection === undefined ? pausesMs[tried] : handOverPauseMs;
    const isLate = pauseMs === undefined || clock.now() + pauseMs >= deadline;
    if ((attempt.kind === 'failed' && redirection === undefined) || isLate)
      return { kind: 'unreachable', why: attempt.why };
    await timers.sleep(pauseMs);
  }
}

type Attempt<Answer> =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'again' | 'failed'; readonly why: string };

async function attemptOnce<Answer>(
  call: () => Promise<Answer>,
  timers: Timers,
  limitMs: number,
): Promise<Attempt<Answer>> {
  const answered = new AbortController();
  const silence = timers
    .sleep(limitMs, answered.signal)
    .then((): Attempt<Answer> => ({ kind: 'again', why: `no answer within ${limitMs} ms` }));
  try {
    return await Promise.race([called(call), silence]);
  } finally {
    answered.abort();
  }
}

async function called<Answer>(call: () => Promise<Answer>): Promise<Attempt<Answer>> {
  try {
    return { kind: 'answer', answer: await call() };
  } catch (error) {
    return {
      kind: isWorthRepeating(error) ? 'again' : 'failed',
      why: error instanceof Error ? error.message : String(error),
    };
  }
}

/** Cloudflare marks what it throws: `retryable`, `overloaded`, `durableObjectReset`. Everything else is our own fault. */
function isWorthRepeating(error: unknown): boolean {
  const isMarked = (mark: string) =>
    typeof error === 'object' && error !== null && mark in error && Reflect.get(error, mark) === true;
  return !isMarked('overloaded') && (isMarked('retryable') || isMarked('durableObjectReset'));
}
