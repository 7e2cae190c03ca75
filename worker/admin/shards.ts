import type { IRequest } from 'itty-router';
import { bodyWithin } from '../core/body.ts';
import { poolName } from '../core/ids.ts';
import { shardKey } from '../core/session-id.ts';
import type { PromotionSaid } from '../ports.ts';
import { refusal } from '../steps/gate.ts';
import type { Edge, Pool } from '../visit.ts';
import { json } from './json.ts';
import { cursorOf, namedPools, type Place, placesFrom, unanswered } from './places.ts';

const orderBytesMax = 1_024;
/** Shards that one answer asks, and their replicas. */
const shardsPerAnswer = 16;

/** `GET /shards?pool=&cursor=`: which object each shard is, and how far its replicas are behind. */
export async function listShards({ url }: IRequest, edge: Edge): Promise<Response> {
  const wanted = new URL(url).searchParams;
  const pools = namedPools(wanted.get('pool'), edge);
  if (pools instanceof Response) return pools;
  const places = placesFrom(pools, wanted.get('cursor'));
  if (places instanceof Response) return places;
  const shards = await Promise.all(places.slice(0, shardsPerAnswer).map(told));
  const next = places[shardsPerAnswer];
  return json(next === undefined ? { shards } : { shards, cursor: cursorOf(next, '') });
}

async function told({ pool, shard }: Place) {
  const [copies, standings] = await Promise.all([
    pool.promotions.copies(shard),
    pool.promotions.standings(shard),
  ]);
  const lags = 'why' in copies ? [] : copies.replicas;
  const replicas = standings.map(({ object, ...standing }) => {
    const lag = lags.find(({ replica }) => replica === object);
    if ('why' in standing) return { object, unreachable: standing.why };
    const { isWhole, seq, at } = standing;
    const known = { object, whole: isWhole, seq, heardAt: at, ...lag };
    // A shard that has just woken up has not heard from its replicas yet: they know better themselves.
    const hasAll = !('why' in copies) && isWhole && seq >= copies.last;
    return lag !== undefined && hasAll ? { ...known, seqBehind: 0, msBehind: 0 } : known;
  });
  const place = { pool: pool.name, shard, number: Number.parseInt(shard.slice(4), 36) };
  if ('why' in copies) return { ...place, unreachable: copies.why, replicas };
  const { object, generation, last } = copies;
  return { ...place, object, generation, seq: last, replicas };
}

/** `POST /promote` `{ pool, shard, replica?, acceptLoss? }`: a replica becomes the shard. */
export async function promote(request: IRequest, edge: Edge): Promise<Response> {
  const order = await orderIn(request, edge);
  if (order instanceof Response) return order;
  const { pool, shard, replica, loss } = order;
  const said = await pool.promotions.promote(shard, { replica, loss });
  return answerOf(said, { pool, shard });
}

function answerOf(said: PromotionSaid, { pool, shard }: Pick<Place, 'pool' | 'shard'>): Response {
  switch (said.kind) {
    case 'unreachable':
      return unanswered({ pool, shard }, said.why);
    case 'refused':
      return refusal(409, said.code, hinted(said));
    case 'promoted': {
      const { by, loss, heardAt, waitedMs } = said;
      const { generation, object } = by;
      return json({ pool: pool.name, shard, generation, object, loss, heardAt, waitedMs });
    }
    default:
      return said satisfies never;
  }
}

function hinted({ code, why }: Extract<PromotionSaid, { kind: 'refused' }>): string {
  if (code !== 'copy_not_known_whole') return why;
  return `${why} With acceptLoss (--accept-loss) it is promoted all the same, and what only the old shard has is lost.`;
}

interface Order {
  readonly pool: Pool;
  readonly shard: string;
  readonly replica: number | undefined;
  readonly loss: 'refuse' | 'accept';
}

async function orderIn({ body }: IRequest, edge: Edge): Promise<Order | Response> {
  const bytes = await bodyWithin(body, orderBytesMax);
  const given = bytes === undefined ? {} : parsed(new TextDecoder().decode(bytes));
  const { pool: name, shard, replica, acceptLoss = false } = given;
  const pool = edge.pools.get(poolName(String(name)));
  if (pool === undefined)
    return malformed(
      `Wanted "pool", one of ${[...edge.pools.keys()].join(', ')}, found ${JSON.stringify(name)}.`,
    );
  const key = shardIn(shard, pool);
  if (key === undefined)
    return malformed(
      `Wanted "shard", a number below ${pool.config.session.shards} or the first seven characters of its ids, found ${JSON.stringify(shard)}.`,
    );
  const { replicas } = pool.config.session;
  if (replicas === 0)
    return refusal(409, 'no_replica', `Pool ${pool.name} has no replicas: session.replicas is 0.`);
  if (replica !== undefined && !isOneOf(replica, replicas))
    return malformed(`Wanted "replica", a number from 1 to ${replicas}, found ${JSON.stringify(replica)}.`);
  if (typeof acceptLoss !== 'boolean')
    return malformed(`Wanted "acceptLoss", true or false, found ${JSON.stringify(acceptLoss)}.`);
  return { pool, shard: key, replica, loss: acceptLoss ? 'accept' : 'refuse' };
}

function shardIn(shard: unknown, { config }: Pool): string | undefined {
  const { region, generation } = config.session;
  if (typeof shard === 'string' && /^[0-9a-z]{7}$/.test(shard)) return shard;
  const number = Number(shard);
  if (!Number.isInteger(number) || number < 0 || number >= 36 ** 3) return undefined;
  return shardKey({ region, generation, number });
}

function isOneOf(replica: unknown, count: number): replica is number {
  return typeof replica === 'number' && Number.isInteger(replica) && replica >= 1 && replica <= count;
}

function malformed(message: string): Response {
  return refusal(400, 'malformed', message);
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
