import { base64url } from '../core/base64url.ts';
import { isSafe } from '../core/resend.ts';
import type { Carried, Seat, SessionSeat, SignedContract, Visit } from '../visit.ts';

/** Minutes: the time bucket that a signature covers. */
export const bucketMs = 60_000;
const capabilityForMs = 3_600_000;

export type ContractHeaders = Readonly<Record<string, string>>;

const noHeaders: ContractHeaders = {};

/**
 * The headers by which an origin knows session and epoch (docs/contract.md §2). For a safe request the signature covers what stays the same for a
 * minute, so that it is computed once per session and minute; for any other one it covers method and target too.
 */
export function contractHeaders(visit: Visit, seat: Seat): ContractHeaders | Promise<ContractHeaders> {
  if (seat.kind === 'stateless' || !visit.pool.config.session.contract) return noHeaders;
  const bucket = Math.floor(visit.now / bucketMs);
  const known = visit.pool.signed.peek(seat.session);
  const fits =
    known !== undefined && known.home === seat.home && known.epoch === seat.epoch && known.bucket === bucket;
  if (fits && isPlain(visit, seat)) return namesOf(visit, seat, known);
  return sign(visit, seat, bucket, fits ? known : undefined);
}

/** What stays the same for a minute: nothing is carried, and the kill switch is off. */
function isPlain({ request, view }: Visit, { carried }: SessionSeat): boolean {
  return carried.kind === 'nothing' && isSafe(request.method) && !view.snapshot.routeOnly;
}

/** By the operator's order nothing is stored now: the origin need not try. */
function unstoredHeader({ view }: Visit): ContractHeaders {
  return view.snapshot.routeOnly ? { 'limpet-unstored': '1' } : noHeaders;
}

function namesOf(
  visit: Visit,
  { session, epoch }: SessionSeat,
  { api, signature }: SignedContract,
): ContractHeaders {
  const names = {
    'limpet-session': session,
    'limpet-epoch': String(epoch),
    'limpet-api': api,
    'limpet-signature': signature,
  };
  return visit.pool.states === undefined ? names : { ...names, ...sharing(visit) };
}

/** In `external` mode an origin reads and writes the state itself, and decides what its client gets when it cannot. */
function sharing({ pool }: Visit): ContractHeaders {
  if (pool.states === undefined) return noHeaders;
  return { 'limpet-store': `shared; unreachable=${pool.config.session.onStoreFailure}` };
}

async function sign(
  visit: Visit,
  seat: SessionSeat,
  bucket: number,
  known: SignedContract | undefined,
): Promise<ContractHeaders> {
  const contract = known ?? (await signSafe(visit, seat, bucket));
  if (isPlain(visit, seat)) return namesOf(visit, seat, contract);
  const carried = {
    ...sharing(visit),
    ...carriedHeaders(seat.carried, headerRoom(visit)),
    ...unstoredHeader(visit),
  };
  const scope = isSafe(visit.request.method) ? 'safe' : `${visit.request.method} ${targetAt(visit, seat)}`;
  const signature = await signatureOf(visit, seat, bucket, contract.api, scope, carried);
  return { ...namesOf(visit, seat, { ...contract, signature }), ...carried };
}

async function signSafe(visit: Visit, seat: SessionSeat, bucket: number): Promise<SignedContract> {
  const api = `${apiUrl(visit)}/.limpet/sessions/${seat.session} ${await capabilityOf(visit, seat)}`;
  const signature = await signatureOf(visit, seat, bucket, api, 'safe', sharing(visit));
  const contract = { home: seat.home, epoch: seat.epoch, bucket, api, signature };
  visit.pool.signed.set(seat.session, contract);
  return contract;
}

async function signatureOf(
  { pool }: Visit,
  { session, epoch, home }: SessionSeat,
  bucket: number,
  api: string,
  scope: string,
  carried: ContractHeaders,
): Promise<string> {
  const others = Object.entries(carried)
    .map(([name, value]) => `${name}:${value}`)
    .sort()
    .join('\n');
  const message = ['limpet-request-v1', bucket, session, epoch, api, scope, others].join('\n');
  return `v1.${bucket}.${await pool.keyring.signRequest(home, message)}`;
}

/** What an origin may do at the store API: only with sessions that live on it (docs/contract.md §4). */
async function capabilityOf(
  { pool, now }: Visit,
  { session, home, epoch, startedS }: SessionSeat,
): Promise<string> {
  const until = Math.ceil((now + capabilityForMs) / bucketMs) * bucketMs;
  const text = [pool.name, home, epoch, startedS, until].join('\n');
  const tag = await pool.keyring.signCapability(`${session}\n${text}`);
  return `${base64url(new TextEncoder().encode(text))}.${tag}`;
}

function carriedHeaders(carried: Carried, room: number): ContractHeaders {
  switch (carried.kind) {
    case 'nothing':
      return noHeaders;
    case 'new':
      return { 'limpet-new': '1' };
    case 'release':
      return { 'limpet-release': '1' };
    case 'state':
      if (carried.bytes.length > room) return { 'limpet-restore': 'fetch' };
      return { 'limpet-state': base64url(carried.bytes), 'limpet-version': String(carried.version) };
    case 'read-only':
      return {
        'limpet-state': base64url(carried.bytes),
        'limpet-version': String(carried.version),
        'limpet-read-only': String(carried.ageS),
      };
    default:
      return carried satisfies never;
  }
}

/** Origins take 8 to 16 KB of headers in all: beside a large cookie jar the state is fetched instead. */
function headerRoom({ request, pool }: Visit): number {
  const jar = request.headers.get('cookie')?.length ?? 0;
  const left = headersBytesMax - jar;
  return Math.min(pool.config.session.headerStateBytesMax, Math.max(0, Math.floor(left * 0.75)));
}

const headersBytesMax = 6_144;

function apiUrl({ edge, url }: Visit): string {
  return edge.apiBase ?? `${url.scheme}://${url.host}`;
}

/** The request target as the origin receives it: behind the path that the origin's own url has. */
function targetAt({ pool, url }: Visit, { home }: SessionSeat): string {
  const base = pool.origins.get(home)?.url ?? '';
  const pathAt = base.indexOf('/', base.indexOf('//') + 2);
  return (pathAt < 0 ? '' : base.slice(pathAt)) + url.target;
}
