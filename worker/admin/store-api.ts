import { type IRequest, Router } from 'itty-router';
import { bodyWithin } from '../core/body.ts';
import { parseInstance, type SubjectTag } from '../core/ids.ts';
import type { Reason } from '../core/outcome.ts';
import { limitsFrom } from '../core/row.ts';
import { parseSessionId } from '../core/session-id.ts';
import { waitAfterMs } from '../core/snapshot.ts';
import { refusal } from '../steps/gate.ts';
import { sealed, unsealed } from '../steps/sealed-state.ts';
import { parseSubject, wholeNumber } from '../steps/returned.ts';
import type { Edge, Pool } from '../visit.ts';
import { type Capability, openCapability } from './capability.ts';

type Api = [Edge];

/** Where origins claim and store what is theirs (docs/contract.md §4). Nothing answers without a capability. */
const router = Router<IRequest, Api, Response>({ base: '/.limpet/sessions' });
router.post('/:id/claim', withCapability(claim));
router.put('/:id', withCapability(put));
router.delete('/:id', withCapability(end));

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
    if (await isRouteOnly(capability.pool))
      return refusal(503, 'route_only', "By the operator's order nothing is stored now.", {
        'retry-after': '5',
      });
    return endpoint(request, capability, edge);
  };
}

async function claim(
  { headers }: Request,
  { pool, session, home, ...capability }: Capability,
  edge: Edge,
): Promise<Response> {
  const [expected, instance, nonce] = [
    wholeNumber(headers.get('limpet-epoch')),
    parseInstance(headers.get('limpet-instance')),
    headers.get('limpet-request'),
  ];
  if (typeof expected !== 'number' || instance === undefined || nonce === null || nonce.length < 8) {
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
        : refusal(409, 'elsewhere', 'This session lives on another origin.');
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
  const { stateBytesMax } = pool.config.session;
  const bytes = await stateIn(request, stateBytesMax);
  const lost = noteIfLate(headers, { pool, session }, edge);
  if (bytes === undefined) {
    lost('state_too_large');
    return refusal(
      413,
      'state_too_large',
      `A state of this pool has at most ${stateBytesMax} bytes; the previous state stays.`,
    );
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

/** A change that is stored after its answer has begun: what becomes of it no answer can say, only the operator's list. */
function noteIfLate(
  headers: Headers,
  { pool, session }: Pick<Capability, 'pool' | 'session'>,
  edge: Edge,
): (why: Reason) => void {
  if (headers.get('limpet-late') !== '1') return () => undefined;
  const write = {
    session,
    at: edge.clock.now(),
    told: 'answered',
    method: 'PUT',
    path: '/.limpet/sessions/:id',
  } as const;
  return (why) => pool.lost.note({ ...write, why });
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

async function subjectIn(headers: Headers, { keyring }: Pool): Promise<SubjectTag | undefined> {
  const name = parseSubject(headers.get('limpet-subject'));
  return name === undefined ? undefined : keyring.subjectTag(name);
}

async function stateIn(
  { headers, body }: Request,
  bytesMax: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return Number(headers.get('content-length') ?? 0) > bytesMax ? undefined : bodyWithin(body, bytesMax);
}

function malformed(wanted: string): Response {
  return refusal(
    400,
    'malformed',
    `This call needs ${wanted}, well-formed; docs/contract.md, section 4, says how.`,
  );
}

function sessionEnded(): Response {
  return refusal(410, 'session_ended', 'This session was ended; nothing brings it back.');
}

function storeUnreachable(): Response {
  return refusal(
    503,
    'store_unreachable',
    'The session store did not answer; it is not known whether this was done.',
    { 'retry-after': '1' },
  );
}
