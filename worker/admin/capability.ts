import { fromBase64url } from '../core/base64url.ts';
import { type OriginId, originId, type PoolName, poolName, type SessionId } from '../core/ids.ts';
import type { Edge, Pool } from '../visit.ts';

/** What an origin may do at the store API: only with a session that lives on it, and not for ever. */
export interface Capability {
  readonly pool: Pool;
  readonly session: SessionId;
  readonly home: OriginId;
  /** The epoch under which it was given; the origin may claim newer ones by itself. */
  readonly epoch: number;
  readonly startedS: number;
}

/** Opens `Authorization: Bearer <capability>` for this session; undefined where it is forged, expired, or another session's. */
export async function openCapability(
  edge: Edge,
  session: SessionId,
  authorization: string | null,
): Promise<Capability | undefined> {
  const [body = '', tag = ''] = (/^Bearer ([\w-]+\.[\w-]+)$/.exec(authorization ?? '')?.[1] ?? '').split('.');
  const bytes = fromBase64url(body);
  if (bytes === undefined || body === '') return undefined;
  const text = new TextDecoder().decode(bytes);
  const fields = readFields(text);
  const pool = fields && edge.pools.get(fields.pool);
  if (fields === undefined || pool === undefined || fields.untilMs <= edge.clock.now()) return undefined;
  if (!(await pool.keyring.capabilityIntact(`${session}\n${text}`, tag))) return undefined;
  return { pool, session, home: fields.home, epoch: fields.epoch, startedS: fields.startedS };
}

interface Fields {
  readonly pool: PoolName;
  readonly home: OriginId;
  readonly epoch: number;
  readonly startedS: number;
  readonly untilMs: number;
}

function readFields(text: string): Fields | undefined {
  const [pool = '', home = '', epoch, startedS, untilMs, ...rest] = text.split('\n');
  const numbers = [epoch, startedS, untilMs].map(Number);
  if (rest.length > 0 || !numbers.every(Number.isSafeInteger)) return undefined;
  const [epochN = 0, startedN = 0, untilN = 0] = numbers;
  return { pool: poolName(pool), home: originId(home), epoch: epochN, startedS: startedN, untilMs: untilN };
}
