import { bodyWithin } from '../core/body.ts';
import { bucketOf, decodePage, mirrorKey } from '../core/page.ts';
import type { PoolName, SessionId } from '../core/ids.ts';
import { current } from '../core/row.ts';
import { shardOf } from '../core/session-id.ts';
import type { CachedAnswer, Clock, CopyInFallback, Fallback } from '../ports.ts';

/** What of a KV namespace the fallback uses. */
export interface FallbackStore {
  get(key: string): Promise<string | null>;
  getWithMetadata<Metadata>(
    key: string,
    type: 'arrayBuffer',
  ): Promise<{ value: ArrayBuffer | null; metadata: Metadata | null }>;
  getWithMetadata<Metadata>(
    key: string,
    type: 'stream',
  ): Promise<{ value: ReadableStream | null; metadata: Metadata | null }>;
  put(key: string, value: ArrayBuffer, options: { metadata: unknown; expirationTtl: number }): Promise<void>;
}

interface AnswerMetadata {
  readonly at: number;
  readonly headers: readonly (readonly [string, string])[];
}

const keptForS = 86_400;
/** KV keys have at most 512 bytes. */
const keyMax = 480;

/** The KV-backed fallback: never the signal, always the last layer. It may be a minute old, and says how old it is. */
export function createFallback(
  pool: PoolName,
  store: FallbackStore,
  { clock, bodyBytesMax }: { clock: Clock; bodyBytesMax: number },
): Fallback {
  return {
    answer: (key) => read(() => readAnswer(store, answerKey(pool, key), clock.now())),
    keepAnswer: (key, response) =>
      keepAnswer(store, answerKey(pool, key), response, { at: clock.now(), bodyBytesMax }),
    session: (session) => read(() => readSession(store, pool, session, clock.now())),
    page: () => read(async () => (await store.get(`page:${pool}`)) ?? undefined),
  };
}

/** KV away too: there is no further layer, and the refusal says what is missing. */
async function read<Value>(work: () => Promise<Value | undefined>): Promise<Value | undefined> {
  try {
    return await work();
  } catch (error) {
    console.error(JSON.stringify({ event: 'fallback_unreadable', why: String(error) }));
    return undefined;
  }
}

function answerKey(pool: PoolName, key: string): string {
  return `answer:${pool}:${key}`;
}

async function readAnswer(store: FallbackStore, key: string, now: number): Promise<CachedAnswer | undefined> {
  if (key.length > keyMax) return undefined;
  const { value, metadata } = await store.getWithMetadata<AnswerMetadata>(key, 'stream');
  if (value === null || metadata === null) return undefined;
  const headers = new Headers(metadata.headers.map(([name, text]): [string, string] => [name, text]));
  return { response: new Response(value, { headers }), ageMs: Math.max(0, now - metadata.at) };
}

const keptHeaders = ['content-type', 'content-language', 'etag', 'last-modified', 'link'];

async function keepAnswer(
  store: FallbackStore,
  key: string,
  response: Response,
  { at, bodyBytesMax }: { at: number; bodyBytesMax: number },
): Promise<void> {
  const body = await bodyWithin(response.body, bodyBytesMax);
  if (body === undefined || key.length > keyMax) return;
  const headers = keptHeaders.flatMap((name) => {
    const text = response.headers.get(name);
    return text === null ? [] : [[name, text] as const];
  });
  await store.put(key, body.buffer, { metadata: { at, headers }, expirationTtl: keptForS });
}

async function readSession(
  store: FallbackStore,
  pool: PoolName,
  session: SessionId,
  now: number,
): Promise<CopyInFallback | undefined> {
  const key = mirrorKey(pool, shardOf(session), bucketOf(session));
  const { value, metadata } = await store.getWithMetadata<{ at: number }>(key, 'arrayBuffer');
  if (value === null) return undefined;
  const entry = decodePage(value).find((one) => one.session === session);
  if (entry === undefined || entry.state.kind !== 'inline') return undefined;
  const slot = current(entry.slot, now);
  if (slot.kind !== 'row') return undefined;
  const { bytes, seal, epoch } = entry.state;
  return {
    row: slot.row,
    state: { bytes: bytes.slice(), seal, epoch },
    ageMs: Math.max(0, now - (metadata?.at ?? now)),
  };
}
