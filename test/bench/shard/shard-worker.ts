// One shard in a workerd, and clients that ask it without pause. Each run has a shard of its own.
import { instanceId, noInstance, originId, poolName, type SessionId } from '../../../worker/core/ids.ts';
import { makeSessionId, shardOf } from '../../../worker/core/session-id.ts';
import type { StatePut } from '../../../worker/ports.ts';
import { PoolMonitor, SessionShard, ShardReplica } from '../../../worker/package.ts';

export { PoolMonitor, SessionShard, ShardReplica };

type Shard = Pick<SessionShard, 'put' | 'claim' | 'renew' | 'fold' | 'stats'>;

interface BenchEnv {
  readonly SESSION_SHARD: { getByName(name: string): Shard };
}

export interface Told {
  readonly done: number;
  readonly ms: number;
  /** Rows that will be billed: those of the log as it is answered, and those of the pages later. */
  readonly loggedRows: number;
  readonly foldedRows: number;
}

const pool = poolName('bench');
const [a, b] = [originId('a'), originId('b')];
const one = instanceId('instance-one-0001');
const assumed = { home: a, epoch: 0 };

export default {
  async fetch(request: Request, env: BenchEnv): Promise<Response> {
    const words = new URL(request.url).searchParams;
    const number = (name: string) => Number(words.get(name));
    const address = { region: 'xx', generation: 0, number: number('shard') };
    const session = () => makeSessionId(address, crypto.getRandomValues(new Uint8Array(16)));
    const shard = env.SESSION_SHARD.getByName(`${pool}:${shardOf(session())}`);
    const run = {
      shard,
      session,
      clients: number('clients'),
      forMs: number('forMs'),
      bytes: number('bytes'),
    };
    return Response.json(await measured(run, words.get('what') ?? ''));
  },
};

interface Run {
  readonly shard: Shard;
  session(): SessionId;
  readonly clients: number;
  readonly forMs: number;
  readonly bytes: number;
}

/** Every client has a session of its own, and changes it again and again; `create` takes a new one each time. */
async function measured(run: Run, what: string): Promise<Told> {
  const { shard, clients, forMs } = run;
  const turns = await Promise.all(Array.from({ length: clients }, () => turnOf(run, what)));
  const before = await shard.stats();
  const begun = Date.now();
  let done = 0;
  await Promise.all(
    turns.map(async (turn) => {
      for (let count = 1; Date.now() - begun < forMs; count++) {
        await turn(count);
        done++;
      }
    }),
  );
  const ms = Date.now() - begun;
  const after = await shard.stats();
  await shard.fold();
  const folded = await shard.stats();
  const loggedRows = after.rowsWritten - before.rowsWritten;
  return { done, ms, loggedRows, foldedRows: folded.rowsWritten - after.rowsWritten };
}

async function turnOf(
  { shard, session, bytes }: Run,
  what: string,
): Promise<(count: number) => Promise<void>> {
  const own = session();
  const state = noise(bytes);
  switch (what) {
    case 'create':
      return async () => must(await shard.renew(pool, session(), { assumed, limits: limits() }), 'row');
    case 'put':
      return async (count) => must(await shard.put(pool, own, toStore(count, state)), 'stored');
    case 'claim': {
      must(await shard.put(pool, own, toStore(1, noise(1_024))), 'stored');
      return async (count) => {
        const home = count % 2 === 0 ? a : b;
        const wish = {
          by: 'edge',
          expected: count - 1,
          home,
          instance: noInstance,
          nonce: `${count}`,
        } as const;
        must(
          await shard.claim(pool, own, { ...wish, uncopied: 'move', assumed, limits: limits() }),
          'claimed',
        );
      };
    }
    default:
      throw new Error(`Cannot measure ${what}`);
  }
}

function toStore(version: number, bytes: Uint8Array<ArrayBuffer>): StatePut {
  const state = { bytes, seal: 's'.repeat(22), epoch: 0 };
  return { home: a, instance: one, epoch: 0, version, assumed, limits: limits(), state };
}

function limits() {
  return { expiresAt: Date.now() + 3_600_000, endsAt: Date.now() + 7_200_000 };
}

function noise(count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}

function must({ kind }: { readonly kind: string }, wanted: string): void {
  if (kind !== wanted) throw new Error(`The shard answered ${kind} where it must answer ${wanted}`);
}
