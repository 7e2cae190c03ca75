/** What is asked of a client: node-redis has `sendCommand(words)`, ioredis `call(name, …words)`. */
export type RedisClient =
  | { sendCommand(words: string[]): Promise<unknown> }
  | { call(name: string, ...words: string[]): Promise<unknown> };

/** Whose request reads or writes: one Limpet session, the epoch under which it was sent, and where it is served. */
export interface Place {
  readonly session: string;
  readonly epoch: number;
  readonly origin: string;
}

/** What the fence says: `moved` where the session has been read under a newer epoch, or elsewhere, since. */
export type Fenced = 'done' | 'moved' | 'ended';

/** The calls at the Redis, each one script: what is compared and what is set is one step there. */
export interface FencedCalls {
  /** Reads, and raises the fence to this place's epoch. */
  load(key: string, place: Place, ttlS: number): Promise<{ fenced: Fenced; text: string | undefined }>;
  save(key: string, place: Place, text: string, ttlS: number): Promise<Fenced>;
  touch(key: string, place: Place, ttlS: number): Promise<Fenced>;
  /** Ends it whatever the epoch; the mark keeps a stale process from saving it again. */
  destroy(key: string, ttlS: number): Promise<void>;
  /** Without a fence: for requests that did not come through Limpet. */
  plain(...words: string[]): Promise<unknown>;
}

// The fence stands beside the record, in the same slot of a cluster: `{sess:id}:limpet` hashes as `sess:id` does.
const FENCE = `
local fence = redis.call('HMGET', KEYS[2], 'session', 'epoch', 'origin', 'ended')
local function verdict()
  if fence[4] then return 'ended' end
  if not fence[1] then return 'done' end
  if fence[1] == ARGV[2] then
    if tonumber(fence[2]) > tonumber(ARGV[3]) then return 'moved' end
    return 'done'
  end
  if ARGV[1] == 'load' or fence[3] == ARGV[4] then return 'done' end
  return 'moved'
end
local function raise()
  redis.call('HSET', KEYS[2], 'session', ARGV[2], 'epoch', ARGV[3], 'origin', ARGV[4])
  redis.call('EXPIRE', KEYS[2], ARGV[5])
end
if ARGV[1] == 'destroy' then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[2], 'ended', '1')
  redis.call('EXPIRE', KEYS[2], ARGV[5])
  return {'done'}
end
local said = verdict()
if said ~= 'done' then return {said} end
if ARGV[1] == 'load' then
  local text = redis.call('GET', KEYS[1])
  if text then raise() end
  return {said, text or ''}
end
if ARGV[1] == 'touch' then
  redis.call('EXPIRE', KEYS[1], ARGV[6])
  redis.call('EXPIRE', KEYS[2], ARGV[5])
  return {said}
end
raise()
redis.call('SET', KEYS[1], ARGV[7], 'EX', ARGV[6])
return {said}
`;

/** The fence outlives its record: who thaws later than that finds the session gone, as its client does. */
const FENCE_OUTLIVES_S = 86_400;

/** The scripts through whichever client the application has. */
export function createFencedCalls(client: RedisClient, deadlineMs: number): FencedCalls {
  const ask = commandOf(client);
  const command = (words: string[]) => within(deadlineMs, ask(words));
  const run = async (op: string, key: string, { session, epoch, origin }: Place, ttlS: number, text = '') => {
    const words = [op, session, String(epoch), origin, String(ttlS + FENCE_OUTLIVES_S), String(ttlS), text];
    const reply = await command(['EVAL', FENCE, '2', key, `{${key}}:limpet`, ...words]);
    const [said, found]: unknown[] = Array.isArray(reply) ? reply : [];
    return { fenced: asFenced(said), text: typeof found === 'string' && found !== '' ? found : undefined };
  };
  return {
    load: (key, place, ttlS) => run('load', key, place, ttlS),
    save: async (key, place, text, ttlS) => (await run('save', key, place, ttlS, text)).fenced,
    touch: async (key, place, ttlS) => (await run('touch', key, place, ttlS)).fenced,
    destroy: async (key, ttlS) => void (await run('destroy', key, NOBODY, ttlS)),
    plain: (...words) => command(words),
  };
}

const NOBODY: Place = { session: '', epoch: 0, origin: '' };

/** A client that queues while it is not connected would keep the answer waiting for as long as Redis is away. */
async function within(ms: number, reply: Promise<unknown>): Promise<unknown> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Redis did not answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([reply, late]);
  } finally {
    clearTimeout(timer);
  }
}

function asFenced(said: unknown): Fenced {
  if (said === 'done' || said === 'moved' || said === 'ended') return said;
  throw new Error(`Cannot use the answer of Redis as it must be one of the script: found ${String(said)}`);
}

function commandOf(client: RedisClient): (words: string[]) => Promise<unknown> {
  // ioredis has a `sendCommand` too, which takes something else.
  if ('call' in client && typeof client.call === 'function')
    return ([name = '', ...words]) => client.call(name, ...words);
  if ('sendCommand' in client && typeof client.sendCommand === 'function')
    return (words) => client.sendCommand(words);
  throw new TypeError(
    'Cannot keep sessions with this client as it must be one of node-redis (sendCommand) or ioredis (call)',
  );
}
