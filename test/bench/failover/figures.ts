import { median } from '../numbers.ts';
import type { Seen } from './run.ts';
import type { Event, Kind } from './visitor.ts';

/** What one run says of a contender. */
export interface Figures {
  /** Half of the answers before the fault came within this time, reads and writes. */
  readonly steadyMs: { readonly get: number; readonly post: number };
  readonly victims: number;
  readonly failed: Readonly<Record<Kind, number>>;
  /** The most failures that one client saw. */
  readonly failedMost: number;
  /** From the first failure that anybody saw to the last of a POST without a key. */
  readonly failedWithinMs: number;
  /** Of every failure: its status and code. */
  readonly codes: readonly string[];
  /** Of every victim: from its first request that met the fault (or the fault, for one under way) to its first success elsewhere. */
  readonly firstSuccessMs: Readonly<Record<Kind, readonly number[]>>;
  /** Sessions that miss an acknowledged write: of those that lived on the origin that was hit, and of all others. */
  readonly lost: { readonly victims: number; readonly others: number };
  readonly twice: number;
  /** Executed twice under an `Idempotency-Key`, which asks for it: the application knows the key. */
  readonly keyedTwice: number;
  /** Failures and strayed answers of clients whose home was not hit. */
  readonly others: number;
  readonly slow: 'whole' | 'cut';
}

type Client = Seen['clients'][number];

/** What makes figures of a run worthless, or undefined. */
export function wrongIn({ clients, faultAt, victim }: Seen): string | undefined {
  const before = clients.flatMap(({ home, events }) =>
    events.filter(({ endedAt }) => endedAt < faultAt).map((event) => ({ home, event })),
  );
  const failed = before.find(({ event }) => event.status !== 200);
  if (failed !== undefined) return `a request failed before anything had happened (${say(failed.event)})`;
  const strayed = before.find(({ home, event }) => event.origin !== home);
  if (strayed !== undefined)
    return `a session of ${strayed.home} was served by ${strayed.event.origin} before anything had happened`;
  const victims = clients.filter(({ home }) => home === victim);
  return new Set(victims.map(({ kind }) => kind)).size === 3
    ? undefined
    : 'too few sessions lived on the origin that was hit';
}

export function figuresOf(seen: Seen): Figures {
  const { clients, victim, faultAt, executed, slow } = seen;
  const victims = clients.filter(({ home }) => home === victim);
  const failures = victims.flatMap(failuresOf);
  const posts = failures.filter(({ kind }) => kind === 'post');
  const firstAt = Math.min(...failures.map(({ endedAt }) => endedAt));
  const repeated = repeatedIn(executed);
  return {
    steadyMs: { get: steady(seen, ['get']), post: steady(seen, ['keyed', 'post']) },
    victims: victims.length,
    failed: byKind((kind) => failures.filter((event) => event.kind === kind).length),
    failedMost: Math.max(0, ...victims.map((client) => failuresOf(client).length)),
    failedWithinMs: posts.length === 0 ? 0 : Math.max(...posts.map(({ endedAt }) => endedAt)) - firstAt,
    codes: failures.map(say),
    firstSuccessMs: byKind((kind) =>
      victims.filter((client) => client.kind === kind).map((client) => firstSuccess(client, victim, faultAt)),
    ),
    lost: {
      victims: victims.filter(hasLost).length,
      others: clients.filter((client) => client.home !== victim && hasLost(client)).length,
    },
    twice: repeated.filter((item) => item.includes('.post.')).length,
    keyedTwice: repeated.filter((item) => item.includes('.keyed.')).length,
    others: clients
      .filter(({ home }) => home !== victim)
      .flatMap(({ home, events }) => events.filter(({ status, origin }) => status !== 200 || origin !== home))
      .length,
    slow: slow.status === 200 && slow.origin !== victim ? 'whole' : 'cut',
  };
}

function byKind<Value>(of: (kind: Kind) => Value): Record<Kind, Value> {
  return { get: of('get'), keyed: of('keyed'), post: of('post') };
}

function steady({ clients, faultAt }: Seen, kinds: readonly Kind[]): number {
  const before = clients.flatMap(({ events }) => events.slice(1)).filter(({ endedAt }) => endedAt < faultAt);
  const times = before
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ startedAt, endedAt }) => endedAt - startedAt);
  return median(times);
}

function failuresOf({ events }: Client): Event[] {
  return events.filter(({ status }) => status !== 200);
}

function say({ status, code }: Event): string {
  return `${status} ${code}`.trim();
}

/** A request that the struck origin had answered just before does not count as met. */
function firstSuccess({ events }: Client, victim: string, faultAt: number): number {
  const met = events.filter(
    ({ endedAt, status, origin }) => endedAt > faultAt && !(status === 200 && origin === victim),
  );
  const success = met.find(({ status }) => status === 200);
  return success === undefined
    ? Number.POSITIVE_INFINITY
    : success.endedAt - Math.max(faultAt, met[0]?.startedAt ?? 0);
}

/** The last look misses a write that was acknowledged. */
function hasLost({ acknowledged, end }: Client): boolean {
  if (end.status !== 200 || end.count < acknowledged.length) return true;
  const newest = acknowledged.at(-1);
  return newest !== undefined && !end.last.includes(newest);
}

function repeatedIn(items: readonly string[]): string[] {
  const seen = new Set<string>();
  return items.filter((item) => seen.size === seen.add(item).size);
}
