// A shard and its replica in one workerd. Clocks are the same one: what is measured is the way, not two machines' disagreement.
import type { Claim } from '../../../worker/core/fence.ts';
import { instanceId, originId, poolName, type SessionId } from '../../../worker/core/ids.ts';
import { decodePage } from '../../../worker/core/page.ts';
import { replicaName, type Position, type Replication } from '../../../worker/core/replication.ts';
import { makeSessionId } from '../../../worker/core/session-id.ts';
import type { StatePut } from '../../../worker/ports.ts';
import { PoolMonitor, SessionShard, ShardReplica } from '../../../worker/package.ts';

export { PoolMonitor, SessionShard };

type Append = Parameters<ShardReplica['append']>;

/** The product's replica behind a line of so many milliseconds each way. It notes when each session became readable. */
export class FarReplica extends ShardReplica {
  readonly #readableAt = new Map<SessionId, number>();
  #lineMs = 0;

  async line(ms: number): Promise<void> {
    this.#lineMs = ms;
  }

  override async append(...words: Append): Promise<Position> {
    await sleep(this.#lineMs);
    const position = await super.append(...words);
    const now = Date.now();
    for (const { body } of words[1].rows)
      for (const { session } of decodePage(body)) this.#readableAt.set(session, now);
    await sleep(this.#lineMs);
    return position;
  }

  async readableAt(sessions: readonly SessionId[]): Promise<(number | undefined)[]> {
    return sessions.map((session) => this.#readableAt.get(session));
  }
}

interface BenchEnv {
  readonly SESSION_SHARD: { getByName(name: string): Pick<SessionShard, 'put'> };
  readonly SHARD_REPLICA: { getByName(name: string): Pick<FarReplica, 'line' | 'readableAt'> };
}

const pool = poolName('bench');
const place = { region: '', jurisdiction: '' };
const client = { home: originId('a'), instance: instanceId('instance-one-0001'), epoch: 0, version: 1 };

export default {
  async fetch(request: Request, env: BenchEnv): Promise<Response> {
    const words = new URL(request.url).searchParams;
    const number = (name: string) => Number(words.get(name));
    const durability = words.get('durability') === 'quorum' ? 'quorum' : 'primary';
    return Response.json(await run(env, number('lineMs'), number('puts'), number('shard'), durability));
  },
};

interface Sample {
  readonly session: SessionId;
  readonly putMs: number;
  readonly answeredAt: number;
}

/** Eight clients, each with pauses: one put after the other. */
async function run(
  env: BenchEnv,
  lineMs: number,
  puts: number,
  number: number,
  durability: Replication['durability'],
) {
  const address = { region: 'xx', generation: 0, number };
  const name = `${pool}:${makeSessionId(address, new Uint8Array(16)).slice(0, 7)}`;
  const [shard, replica] = [
    env.SESSION_SHARD.getByName(name),
    env.SHARD_REPLICA.getByName(replicaName(name, place, 0)),
  ];
  const replication = { revision: 1, durability, places: [place] };
  const put = async (): Promise<Sample> => {
    const session = makeSessionId(address, crypto.getRandomValues(new Uint8Array(16)));
    const begun = Date.now();
    await shard.put(pool, session, toStore(), replication);
    const answeredAt = Date.now();
    return { session, putMs: answeredAt - begun, answeredAt };
  };
  // The first makes both objects and has the replica filled.
  const first = await put();
  while ((await replica.readableAt([first.session]))[0] === undefined) {
    if (Date.now() - first.answeredAt > 2_000) break;
    await put();
    await sleep(20);
  }
  await replica.line(lineMs);
  const samples: Sample[] = [];
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (samples.length < puts) {
        samples.push(await put());
        await sleep(Math.random() * 60);
      }
    }),
  );
  await sleep(4 * lineMs + 500);
  const readable = await replica.readableAt(samples.map(({ session }) => session));
  const delays = samples.flatMap(({ answeredAt }, index) => {
    const at = readable[index];
    return at === undefined ? [] : [Math.max(0, at - answeredAt)];
  });
  return { delays, puts: samples.map(({ putMs }) => putMs), lost: samples.length - delays.length };
}

function toStore(): StatePut {
  const limits = { expiresAt: Date.now() + 3_600_000, endsAt: Date.now() + 7_200_000 };
  const assumed: Claim['assumed'] = { home: client.home, epoch: 0 };
  return {
    ...client,
    assumed,
    limits,
    state: { bytes: crypto.getRandomValues(new Uint8Array(1024)), seal: 's', epoch: 0 },
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
