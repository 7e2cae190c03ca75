import { fromBase64url, base64url } from '../../core/base64url.ts';
import type { PoolName, SessionId } from '../../core/ids.ts';
import { isReplyError, type Reply } from '../../core/resp.ts';
import type { Stamp } from '../../core/stamp.ts';
import type { Clock, EndStateWish, SealedState, StateStore, Timers, Unreachable } from '../../ports.ts';
import { persist } from '../session-shards.ts';
import { script } from './script.ts';

/** One command, one reply. Throws where there is none; an error with `retryable` may be asked again. */
export type Ask = (command: readonly string[]) => Promise<Reply>;

export interface RedisStatesOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly deadlineMs?: number;
}

/**
 * A Redis as the store that a pool's origins share. One script decides, so that a compare-and-set is one step there; every call may be repeated, since the
 * script knows its last writer's nonce. The bytes stand there as base64url, so that both ways to a Redis read what the other has written.
 */
export function createRedisStates(pool: PoolName, ask: Ask, options: RedisStatesOptions): StateStore {
  const { clock } = options;
  const run = async <Answer>(
    session: SessionId,
    words: readonly string[],
    read: (reply: readonly Reply[]) => Answer | undefined,
  ): Promise<Answer | { readonly kind: 'ended' } | Unreachable> =>
    persist(async () => {
      const reply = await ask(['EVAL', script, '1', keyOf(pool, session), ...words]);
      return meaningOf(reply, read);
    }, options);
  const leftMs = (until: number) => String(Math.max(1, until - clock.now()));

  return {
    get: (session) => run(session, ['get'], readHeld),
    put: (session, { expected, nonce, state, assumed, limits }) =>
      run(
        session,
        [
          'put',
          leftMs(limits.expiresAt),
          ...stampWords(expected),
          nonce,
          String(assumed.epoch),
          textOf(state),
        ],
        readSwapped,
      ),
    end: (session, { expected, limits }: EndStateWish) =>
      run(session, ['end', leftMs(limits.endsAt), ...stampWords(expected)], readSwapped),
    touch: (session, { limits }) => run(session, ['touch', leftMs(limits.expiresAt)], readTouched),
  };
}

function keyOf(pool: PoolName, session: SessionId): string {
  return `limpet:${pool}:${session}`;
}

function stampWords(stamp: Stamp | undefined): [string, string] {
  return stamp === undefined ? ['', ''] : [String(stamp.epoch), String(stamp.version)];
}

function meaningOf<Answer>(reply: Reply, read: (reply: readonly Reply[]) => Answer | undefined) {
  if (isReplyError(reply)) throw refusedByRedis(reply.error);
  const list = Array.isArray(reply) ? reply : [];
  if (list[0] === 'ended') return { kind: 'ended' } as const;
  const answer = read(list);
  if (answer === undefined) throw new Error('Cannot use the answer of Redis: it is not one of the script');
  return answer;
}

/** Redis says so itself: still loading its data, or a replica without its master. Both pass. */
function refusedByRedis(text: string): Error {
  const passes = /^(LOADING|MASTERDOWN|TRYAGAIN|BUSY|READONLY|CLUSTERDOWN)\b/.test(text);
  return Object.assign(new Error(`Redis refused: ${text}`), passes ? { retryable: true } : {});
}

function readHeld([kind, epoch, version, text]: readonly Reply[]) {
  if (kind !== 'held' || typeof epoch !== 'number' || typeof version !== 'number') return undefined;
  const state = stateIn(text);
  const held = { kind: 'held', stamp: { epoch, version } } as const;
  return state === undefined ? held : { ...held, state };
}

function readSwapped([kind, epoch, version]: readonly Reply[]) {
  if (typeof epoch !== 'number' || typeof version !== 'number') return undefined;
  return kind === 'stored' || kind === 'changed' ? ({ kind, stamp: { epoch, version } } as const) : undefined;
}

function readTouched([kind]: readonly Reply[]) {
  return kind === 'touched' ? ({ kind } as const) : undefined;
}

function textOf({ bytes, seal, epoch }: SealedState): string {
  return `${epoch}.${seal}.${base64url(bytes)}`;
}

function stateIn(text: Reply | undefined): SealedState | undefined {
  const [, epoch, seal = '', body = ''] = typeof text === 'string' ? (statePattern.exec(text) ?? []) : [];
  const bytes = fromBase64url(body);
  return epoch === undefined || bytes === undefined ? undefined : { bytes, seal, epoch: Number(epoch) };
}

const statePattern = /^(\d{1,15})\.([\w-]*)\.([\w-]*)$/;
