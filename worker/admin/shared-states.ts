import { base64url } from '../core/base64url.ts';
import { noInstance, type SubjectTag } from '../core/ids.ts';
import { limitsFrom } from '../core/row.ts';
import { etagOf, parseEtag } from '../core/stamp.ts';
import type { StateStore } from '../ports.ts';
import { refusal } from '../steps/gate.ts';
import { sealed, unsealed } from '../steps/sealed-state.ts';
import type { Edge } from '../visit.ts';
import {
  malformed,
  sessionEnded,
  stampHeaders,
  stateChanged,
  storeUnreachable,
  tooLarge,
} from './api-answers.ts';
import type { Capability } from './capability.ts';
import { nonceIn, noteIfLate, stateIn, subjectIn } from './given-state.ts';

/**
 * The calls of origins that share their states (`external` mode): any origin of the pool may make them, every put is compare-and-set, and no fence is
 * claimed (docs/external.md).
 */
export interface SharedCall {
  readonly request: Request;
  readonly capability: Capability;
  readonly states: StateStore;
  readonly edge: Edge;
}

export async function getShared({ request, capability, states, edge }: SharedCall): Promise<Response> {
  const { pool, session } = capability;
  const said = await states.get(session);
  switch (said.kind) {
    case 'held': {
      const headers = { ...stampHeaders(said.stamp), 'cache-control': 'no-store' };
      if (request.headers.get('if-none-match') === etagOf(said.stamp))
        return new Response(null, { status: 304, headers });
      const body = said.state && (await unsealed(pool.keyring, session, said.state));
      if (said.state !== undefined && body === undefined) return sealBroken(edge);
      return new Response(body ?? '', { headers });
    }
    case 'ended':
      return sessionEnded();
    case 'unreachable':
      return storeUnreachable();
    default:
      return said satisfies never;
  }
}

/** To hand over nothing would have the application begin anew, and store that over what is there. */
function sealBroken(edge: Edge): Response {
  edge.counters.add('state_refused.seal');
  return refusal(
    500,
    'state_refused',
    'The seal of the stored state does not fit it: it is not handed over.',
  );
}

export async function putShared({ request, capability, states, edge }: SharedCall): Promise<Response> {
  const { pool, session, home, epoch, startedS } = capability;
  const { headers } = request;
  if (!headers.has('if-match'))
    return refusal(
      428,
      'precondition_required',
      'A put of this pool needs If-Match: the ETag that was read.',
    );
  const expected = parseEtag(headers.get('if-match'));
  if (expected === undefined) return malformed('If-Match with one ETag of this API');
  const nonce = headers.has('limpet-request') ? nonceIn(headers) : base64url(edge.chance.bytes(12));
  if (nonce === undefined) return malformed('Limpet-Request of 8 to 128 characters, or none');
  const lost = noteIfLate(headers, capability, edge);
  const { stateBytesMax } = pool.config.session;
  const bytes = await stateIn(request, stateBytesMax);
  if (bytes === undefined) {
    lost('state_too_large');
    return tooLarge(stateBytesMax);
  }
  const subject = await subjectIn(headers, pool);
  const said = await states.put(session, {
    expected,
    nonce,
    state: await sealed(pool.keyring, session, epoch, bytes),
    subject,
    assumed: { home, epoch },
    limits: limitsFrom(startedS, edge.clock.now(), pool.config.session),
  });
  switch (said.kind) {
    case 'stored':
      if (subject !== undefined) await labelOnMap(capability, edge, subject);
      return Response.json({ result: 'stored' }, { headers: stampHeaders(said.stamp) });
    case 'changed':
      lost('state_changed');
      return stateChanged(said.stamp);
    case 'ended':
      lost('session_ended');
      return sessionEnded();
    case 'unreachable':
      lost('store_unreachable');
      return storeUnreachable();
    default:
      return said satisfies never;
  }
}

/** By it an operator finds the session, and the map is where operators look: a store of the operator's knows no subjects. */
async function labelOnMap(
  { pool, session, home, epoch, startedS }: Capability,
  edge: Edge,
  subject: SubjectTag,
): Promise<void> {
  if (pool.config.session.store === 'limpet') return;
  const slot = await pool.shards.locate(session);
  const assumed = slot.kind === 'row' ? { home: slot.row.home, epoch: slot.row.epoch } : { home, epoch };
  const limits = limitsFrom(startedS, edge.clock.now(), pool.config.session);
  const said = await pool.shards.label(session, {
    ...assumed,
    instance: noInstance,
    assumed,
    limits,
    subject,
  });
  if (said.kind !== 'stored') edge.counters.add(`label_shared.${said.kind}`);
}

/** With If-Match only what was read is ended; without, whatever there is. */
export async function endShared({ request, capability, states, edge }: SharedCall): Promise<Response> {
  const { pool, session, home, epoch, startedS } = capability;
  const match = request.headers.get('if-match');
  const expected = parseEtag(match);
  if (match !== null && expected === undefined) return malformed('If-Match with one ETag of this API');
  const said = await states.end(session, {
    expected,
    nonce: '',
    assumed: { home, epoch },
    limits: limitsFrom(startedS, edge.clock.now(), pool.config.session),
  });
  switch (said.kind) {
    case 'ended':
    case 'stored':
      return new Response(null, { status: 204 });
    case 'changed':
      return stateChanged(said.stamp);
    case 'unreachable':
      return storeUnreachable();
    default:
      return said satisfies never;
  }
}

export async function touchShared({ capability, states, edge }: SharedCall): Promise<Response> {
  const { pool, session, home, epoch, startedS } = capability;
  const said = await states.touch(session, {
    assumed: { home, epoch },
    limits: limitsFrom(startedS, edge.clock.now(), pool.config.session),
  });
  if (said.kind === 'unreachable') return storeUnreachable();
  return said.kind === 'ended' ? sessionEnded() : new Response(null, { status: 204 });
}
