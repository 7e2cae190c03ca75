import { limitsFrom, type Row } from '../core/row.ts';
import { etagOf, isSameStamp, parseEtag } from '../core/stamp.ts';
import { nothing, stampOf } from '../core/swap.ts';
import { refusal } from '../steps/gate.ts';
import { unsealed } from '../steps/sealed-state.ts';
import type { Edge } from '../visit.ts';
import {
  elsewhere,
  malformed,
  sessionEnded,
  stampHeaders,
  stateChanged,
  storeUnreachable,
} from './api-answers.ts';
import type { Capability } from './capability.ts';

/** The calls by which an origin reads what is its own: only while the session lives on it. */

export async function getOwn(request: Request, capability: Capability, edge: Edge): Promise<Response> {
  const { pool, session, home } = capability;
  const slot = await pool.shards.read(session);
  if (slot.kind === 'unreachable') return storeUnreachable();
  if (slot.kind === 'ended') return sessionEnded();
  if (slot.kind === 'row' && slot.row.home !== home) return elsewhere();
  const stamp = slot.kind === 'row' ? stampOf(slot.row) : nothing;
  const headers = { ...stampHeaders(stamp), 'cache-control': 'no-store' };
  if (request.headers.get('if-none-match') === etagOf(stamp))
    return new Response(null, { status: 304, headers });
  const state = slot.kind === 'row' ? slot.state : undefined;
  const body = state && (await unsealed(pool.keyring, session, state));
  if (state !== undefined && body === undefined) {
    edge.counters.add('state_refused.seal');
    return refusal(
      500,
      'state_refused',
      'The seal of the stored state does not fit it: it is not handed over.',
    );
  }
  return new Response(body ?? '', { headers });
}

export async function touchOwn(_request: Request, capability: Capability, edge: Edge): Promise<Response> {
  const { pool, session, home, epoch, startedS } = capability;
  const row = await ownRow(capability);
  if (row instanceof Response) return row;
  const said = await pool.shards.renew(session, {
    assumed: { home, epoch },
    limits: limitsFrom(startedS, edge.clock.now(), pool.config.session),
  });
  if (said.kind === 'unreachable') return storeUnreachable();
  return said.kind === 'ended' ? sessionEnded() : new Response(null, { status: 204 });
}

/** If-Match of a put: the fence alone decides who may write, this only whether the writer has read the newest. Undefined: it may go on. */
export async function refusedByMatch(
  { headers }: Request,
  capability: Capability,
): Promise<Response | undefined> {
  if (!headers.has('if-match')) return undefined;
  const expected = parseEtag(headers.get('if-match'));
  if (expected === undefined) return malformed('If-Match with one ETag of this API');
  const row = await ownRow(capability);
  if (row instanceof Response) return row;
  const stamp = row === undefined ? nothing : stampOf(row);
  return isSameStamp(stamp, expected) ? undefined : stateChanged(stamp);
}

async function ownRow({ pool, session, home }: Capability): Promise<Row | undefined | Response> {
  const slot = await pool.shards.locate(session);
  if (slot.kind === 'unreachable') return storeUnreachable();
  if (slot.kind === 'ended') return sessionEnded();
  if (slot.kind === 'none') return undefined;
  return slot.row.home === home ? slot.row : elsewhere();
}
