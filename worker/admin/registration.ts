import { type IRequest, Router } from 'itty-router';
import { fitsIds, readRegisteredUrl } from '../config/registration.ts';
import type { RegistrationPolicy } from '../config/config.ts';
import { bodyWithin } from '../core/body.ts';
import { type InstanceId, originId, type OriginId, parseInstance } from '../core/ids.ts';
import { type Leased, registrationMessage } from '../core/registration.ts';
import type { Unreachable } from '../ports.ts';
import { refusal } from '../steps/gate.ts';
import type { Edge, Pool } from '../visit.ts';

/** How far the signed time may be from the edge's own. An origin whose clock is off is told the time. */
const clockMs = 60_000;
const bodyBytesMax = 4_096;
const leaseMsTop = 600_000;

/** Where origins come and go by themselves (docs/contract.md §7). Nothing is done without a signature of the origin's key. */
const router = Router<IRequest, [Edge], Response>({ base: '/.limpet/origins' });
router.post('/:id', signed(register));
router.delete('/:id', signed(withdraw));

export async function registration(request: Request, edge: Edge): Promise<Response> {
  const answer: Response | undefined = await router.fetch(request, edge);
  return (
    answer ??
    refusal(404, 'not_found', `No such endpoint: ${request.method} ${new URL(request.url).pathname}`)
  );
}

interface Word {
  readonly pool: Pool;
  readonly policy: RegistrationPolicy;
  readonly id: OriginId;
  readonly instance: InstanceId;
  readonly stamp: number;
  readonly body: string;
}

type Endpoint = (word: Word, edge: Edge) => Promise<Response>;

function signed(endpoint: Endpoint) {
  return async (request: IRequest, edge: Edge): Promise<Response> => {
    const id = originId(request.params['id'] ?? '');
    const pools = [...edge.pools.values()].filter(({ config }) => mayRegister(id, config.registration));
    if (pools.length === 0)
      return refusal(
        404,
        'not_registrable',
        `No pool has a registration.ids that ${JSON.stringify(id)} fits.`,
      );
    const word = await readWord(request, id);
    if (word instanceof Response) return word;
    for (const pool of pools) {
      const policy = pool.config.registration;
      if (policy === 'off' || !(await isSigned(pool, word))) continue;
      return isTimely(word.stamp, edge) ? endpoint({ ...word, pool, policy }, edge) : clockDiffers(edge);
    }
    return refusal(
      401,
      'signature_invalid',
      'This is not signed with the key that `limpet key` prints for this id.',
    );
  };
}

function mayRegister(id: string, policy: RegistrationPolicy | 'off'): boolean {
  return policy !== 'off' && fitsIds(id, policy.ids);
}

type SignedWord = Omit<Word, 'pool' | 'policy'> & { readonly method: string; readonly mac: string };

async function readWord({ method, headers, body }: IRequest, id: OriginId): Promise<SignedWord | Response> {
  const instance = parseInstance(headers.get('limpet-instance'));
  const [, stamp, mac] = /^v1\.(\d{1,15})\.([\w-]{43})$/.exec(headers.get('limpet-signature') ?? '') ?? [];
  const bytes = await bodyWithin(body, bodyBytesMax);
  if (instance === undefined || stamp === undefined || mac === undefined || bytes === undefined)
    return malformed(`Limpet-Instance, Limpet-Signature, and a body of at most ${bodyBytesMax} bytes`);
  return { method, id, instance, stamp: Number(stamp), mac, body: new TextDecoder().decode(bytes) };
}

function isSigned({ keyring }: Pool, { method, mac, body, ...word }: SignedWord): Promise<boolean> {
  return keyring.registrationIntact(word.id, registrationMessage(method, word, body), mac);
}

function isTimely(stamp: number, { clock }: Edge): boolean {
  return Math.abs(clock.now() - stamp) <= clockMs;
}

function clockDiffers({ clock }: Edge): Response {
  return refusal(
    401,
    'clock_differs',
    'The signed time is off by more than a minute: sign again with Limpet-Time.',
    {
      'limpet-time': String(clock.now()),
    },
  );
}

async function register({ pool, policy, id, instance, stamp, body }: Word, edge: Edge): Promise<Response> {
  const wish = wishIn(body);
  if (wish === undefined)
    return malformed('a JSON body with url, weight (0 to 1000) and leaseMs (1000 to 600000)');
  const { allowPrivate, routes } = edge.config;
  const url = readRegisteredUrl(wish.url, {
    allowPrivate,
    production: edge.runtime === 'cloudflare',
    hosts: routes.map(({ host }) => host),
    allowed: policy.hosts,
  });
  if (!url.ok) return refusal(403, 'url_refused', url.why);
  const known = [...pool.origins].find(([one, origin]) => one === id || origin.url === url.url);
  if (known !== undefined) return configuredAlready(known[0], id);
  const leaseMs = Math.min(wish.leaseMs, policy.leaseMs);
  const asked = { id, url: url.url, weight: wish.weight, instance, stamp, leaseMs };
  return answerTo(await pool.registrar.register(asked, policy.max), pool, leaseMs);
}

async function withdraw({ pool, id, instance, stamp }: Word): Promise<Response> {
  const said = await pool.registrar.withdraw(id, instance, stamp);
  return said.kind === 'unreachable' ? monitorAway(pool, said) : new Response(null, { status: 204 });
}

interface Wish {
  readonly url: unknown;
  readonly weight: number;
  readonly leaseMs: number;
}

const leaseMsMin = 1_000;

function wishIn(body: string): Wish | undefined {
  const found = recordIn(body);
  if (found === undefined) return undefined;
  const { url, weight = 1, leaseMs = leaseMsTop } = found;
  if (!isWhole(weight, 0, 1000) || !isWhole(leaseMs, leaseMsMin, leaseMsTop)) return undefined;
  return { url, weight, leaseMs };
}

function isWhole(found: unknown, min: number, max: number): found is number {
  return Number.isInteger(found) && Number(found) >= min && Number(found) <= max;
}

function recordIn(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined; // it becomes 400 malformed
  }
}

function answerTo(said: Leased | Unreachable, pool: Pool, leaseMs: number): Response {
  switch (said.kind) {
    case 'leased':
      return Response.json({ pool: pool.name, leaseMs }, { headers: { 'cache-control': 'no-store' } });
    case 'replaced':
      return refusal(409, 'replaced', 'Another instance has registered under this id since.');
    case 'url_taken':
      return urlTaken(said.by);
    case 'configured':
      return configured();
    case 'pool_full':
      return refusal(
        409,
        'pool_full',
        `Pool ${pool.name} has as many registered origins as registration.max allows.`,
      );
    case 'unreachable':
      return monitorAway(pool, said);
    default:
      return said satisfies never;
  }
}

function configuredAlready(known: OriginId, asked: OriginId): Response {
  return known === asked ? configured() : urlTaken(known);
}

function configured(): Response {
  return refusal(409, 'configured', 'The configuration has an origin of this id.');
}

function urlTaken(by: OriginId): Response {
  return refusal(409, 'url_taken', `Origin ${by} has this url.`);
}

function monitorAway({ name }: Pool, { why }: Unreachable): Response {
  return refusal(503, 'monitor_unreachable', `The monitor of pool ${name} did not answer: ${why}.`, {
    'retry-after': '1',
  });
}

function malformed(wanted: string): Response {
  return refusal(400, 'malformed', `This call needs ${wanted}; docs/contract.md, section 7, says how.`);
}
