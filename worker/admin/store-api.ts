import { type IRequest, Router } from 'itty-router';
import { parseInstance } from '../core/ids.ts';
import { limitsFrom } from '../core/row.ts';
import { parseSessionId } from '../core/session-id.ts';
import { waitAfterMs } from '../core/snapshot.ts';
import { refusal } from '../steps/gate.ts';
import { sealed, unsealed } from '../steps/sealed-state.ts';
import { wholeNumber } from '../steps/returned.ts';
import type { Edge, Pool } from '../visit.ts';
import { elsewhere, malformed, sessionEnded, storeUnreachable, tooLarge } from './api-answers.ts';
import { type Capability, openCapability } from './capability.ts';
import { nonceIn, noteIfLate, stateIn, subjectIn } from './given-state.ts';
import { getOwn, refusedByMatch, touchOwn } from './own-state.ts';
import { endShared, getShared, putShared, type SharedCall, touchShared } from './shared-states.ts';

type Api = [Edge];

/** Where origins claim and store what is theirs (docs/contract.md §4). Nothing answers without a capability. */
const router = Router<IRequest, Api, Response>({ base: '/.limpet/sessions' });
router.get('/:id', withCapability(either(getOwn, getShared)));
router.post('/:id/claim', withCapability(either(claim, noClaims)));
router.post('/:id/touch', withCapability(either(touchOwn, touchShared)));
router.put('/:id', withCapability(either(put, putShared)));
router.delete('/:id', withCapability(either(end, endShared)));

export async function storeApi(request: Request, edge: Edge): Promise<Response> {
  const answer: Response | undefined = await router.fetch(request, edge);
  return (
    answer ??
    refusal(404, 'not_found', `No such endpoint: ${request.method} ${new URL(request.url).pathname}`)
  );
}

const patienceMs = 200;

/** An isolate that only origins call has nobody else who keeps its snapshot young. */
async function isRouteOnly({ snapshots }: Pool): Promise<boolean> {
  const held = snapshots.current();
  const { snapshot } = held.ageMs > waitAfterMs ? await snapshots.refresh(patienceMs) : held;
  return snapshot.routeOnly === true;
}

type Endpoint = (request: Request, capability: Capability, edge: Edge) => Promise<Response>;

function withCapability(endpoint: Endpoint) {
  return async (request: IRequest, edge: Edge): Promise<Response> => {
    const session = parseSessionId(request.params['id'] ?? '');
    const capability = session && (await openCapability(edge, session, request.headers.get('authorization')));
    if (capability === undefined) {
      return refusal(
        401,
        'capability_invalid',
        'This capability is forged, expired, or of another session; each request to the origin brings a fresh one.',
      );
    }
    // To read is neither to move nor to store: without it the origins of an external pool could serve nobody.
    if (request.method !== 'GET' && (await isRouteOnly(capability.pool)))
      return refusal(503, 'route_only', "By the operator's order nothing is stored now.", {
        'retry-after': '5',
      });
    return endpoint(request, capability, edge);
  };
}

/** One call, as pools have it whose sessions live on one origin each, and as pools have it whose origins share their states. */
function either(own: Endpoint, shared: (call: SharedCall) => Promise<Response>): Endpoint {
  return (request, capability, edge) => {
    const { states } = capability.pool;
    return states === undefined
      ? own(request, capability, edge)
      : shared({ request, capability, states, edge });
  };
}

async function noClaims(): Promise<Response> {
  return refusal(
    404,
    'not_found',
    'A pool in external mode has no claims: read the state with GET, and PUT it with If-Match.',
  );
}

async function claim(
  { headers }: Request,
  { pool, session, home, ...capability }: Capability,
  edge: Edge,
): Promise<Response> {
  const [expected, instance, nonce] = [
    wholeNumber(headers.get('limpet-epoch')),
    parseInstance(headers.get('limpet-instance')),
    nonceIn(headers),
  ];
  if (typeof expected !== 'number' || instance === undefined || nonce === undefined) {
    return malformed('Limpet-Epoch, Limpet-Instance and Limpet-Request');
  }
  const assumed = { home, epoch: capability.epoch };
  const said = await pool.shards.claim(session, {
    by: 'origin',
    expected,
    home,
    instance,
    nonce,
    uncopied: 'move',
    assumed,
    limits: limitsFrom(capability.startedS, edge.clock.now(), pool.config.session),
  });
  switch (said.kind) {
    case 'claimed': {
      const body = said.state && (await unsealed(pool.keyring, session, said.state));
      if (said.state !== undefined && body === undefined) edge.counters.add('state_refused.seal');
      return new Response(body ?? '', {
        headers: { 'limpet-epoch': String(said.row.epoch), 'limpet-version': String(said.row.version) },
      });
    }
    case 'row':
    case 'uncopied':
      return said.row.home === home
        ? refusal(409, 'claimed', 'This session is at a newer epoch of this origin.', {
            'limpet-epoch': String(said.row.epoch),
          })
        : elsewhere();
    case 'ended':
      return sessionEnded();
    case 'unreachable':
      return storeUnreachable();
    default:
      return said satisfies never;
  }
}

async function put(
  request: Request,
  { pool, session, home, ...capability }: Capability,
  edge: Edge,
): Promise<Response> {
  const { headers } = request;
  const [epoch, version, instance] = [
    wholeNumber(headers.get('limpet-epoch')),
    wholeNumber(headers.get('limpet-version')),
    parseInstance(headers.get('limpet-instance')),
  ];
  if (typeof epoch !== 'number' || typeof version !== 'number' || instance === undefined)
    return malformed('Limpet-Epoch, Limpet-Version and Limpet-Instance');
  const unmatched = await refusedByMatch(request, { pool, session, home, ...capability });
  if (unmatched !== undefined) return unmatched;
  const { stateBytesMax } = pool.config.session;
  const bytes = await stateIn(request, stateBytesMax);
  const lost = noteIfLate(headers, { pool, session }, edge);
  if (bytes === undefined) {
    lost('state_too_large');
    return tooLarge(stateBytesMax);
  }
  const state = await sealed(pool.keyring, session, epoch, bytes);
  const subject = await subjectIn(headers, pool);
  const said = await pool.shards.put(session, {
    subject,
    home,
    epoch,
    version,
    instance,
    state,
    assumed: { home, epoch: capability.epoch },
    limits: limitsFrom(capability.startedS, edge.clock.now(), pool.config.session),
  });
  switch (said.kind) {
    case 'stored':
    case 'superseded':
      return Response.json({ result: said.kind });
    case 'fenced':
      lost('session_moved');
      return refusal(409, 'session_moved', 'Fenced: the session lives elsewhere, this change is not kept.');
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

async function end(
  { headers }: Request,
  { pool, session, home, ...capability }: Capability,
  edge: Edge,
): Promise<Response> {
  const instance = parseInstance(headers.get('limpet-instance'));
  if (instance === undefined) return malformed('Limpet-Instance');
  const { endsAt } = limitsFrom(capability.startedS, edge.clock.now(), pool.config.session);
  const said = await pool.shards.end(session, { home, instance, endsAt });
  return said.kind === 'unreachable' ? storeUnreachable() : new Response(null, { status: 204 });
}
