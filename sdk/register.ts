import { toBase64url } from './base64url.ts';
import { parseJson } from './json.ts';

/** Where this process can be reached, and for how long to count on it. */
export interface RegisterOptions {
  /** Where Limpet is: any url that its routes serve. Default: `LIMPET_URL`. */
  readonly limpet?: string;
  /** Where Limpet reaches this process, such as `http://10.1.2.3:8080`. */
  readonly url: string;
  /** Share of new sessions, 0 to 1000. Default: 1. */
  readonly weight?: number;
  /** Milliseconds after its last word for which this process stays in the pool; at most the pool's `registration.leaseMs`, which is the default. */
  readonly leaseMs?: number;
}

/** A process that is in the pool, or on its way there. */
export interface Registered {
  /** Resolves once Limpet has granted the first lease, and never rejects: what goes wrong is told to `onProblem` and tried again. */
  readonly joined: Promise<void>;
  /** Leaves the pool: no new session comes, and those that live here are moved with their data. Resolves when Limpet has heard it, or after two seconds. */
  leave(): Promise<void>;
}

export interface RegisterSurroundings {
  readonly origin: string;
  readonly key: Uint8Array<ArrayBuffer>;
  readonly instance: string;
  readonly now: () => number;
  fetch(url: string, init: RequestInit): Promise<Response>;
  readonly onProblem: (problem: { code: string; message: string }) => void;
}

const CALL_MS = 2_000;
const AGAIN_MS = 1_000;
const LEASE_SHARE = 3;

type Said =
  | { readonly kind: 'leased'; readonly leaseMs: number }
  | { readonly kind: 'left' }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

/** Registers the process, renews its lease at a third of it, and goes on trying whatever happens, unless another instance has taken its place. */
export function createRegistration(options: RegisterOptions, surroundings: RegisterSurroundings): Registered {
  const { onProblem } = surroundings;
  const call = createWord(placeOf(options, surroundings), surroundings);
  const body = JSON.stringify({ url: options.url, weight: options.weight ?? 1, ...leaseOf(options) });
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lastCode = '';
  let isOver = false;
  let join = (): void => undefined;
  const joined = new Promise<void>((resolve) => {
    join = resolve;
  });

  async function renew(): Promise<void> {
    const said = await call('POST', body);
    if (isOver) return;
    if (said.kind === 'leased') join();
    if (said.kind === 'refused' && said.code !== lastCode) onProblem(said);
    lastCode = said.kind === 'refused' ? said.code : '';
    if (lastCode === 'replaced') return;
    timer = setTimeout(() => void renew(), said.kind === 'leased' ? said.leaseMs / LEASE_SHARE : AGAIN_MS);
    // A process that has nothing else to do may end.
    if (typeof timer === 'object' && 'unref' in timer) timer.unref();
  }

  void renew();
  return {
    joined,
    async leave() {
      isOver = true;
      clearTimeout(timer);
      const said = await call('DELETE', '');
      if (said.kind === 'refused') onProblem(said);
    },
  };
}

function leaseOf({ leaseMs }: RegisterOptions): { leaseMs?: number } {
  return leaseMs === undefined ? {} : { leaseMs };
}

function placeOf({ limpet, url }: RegisterOptions, { origin }: RegisterSurroundings): string {
  const place = limpet ?? (typeof process === 'undefined' ? undefined : process.env['LIMPET_URL']);
  for (const [name, found] of [
    ['limpet (or LIMPET_URL)', place],
    ['url', url],
  ] as const) {
    if (found === undefined || !/^https?:\/\/[^\s/]/.test(found) || !URL.canParse(found))
      throw new TypeError(
        `Cannot register the origin: ${name} must be an http or https url, found ${found === undefined ? 'nothing' : JSON.stringify(found)}.`,
      );
  }
  return new URL(`/.limpet/origins/${origin}`, place).href;
}

/** One signed call. The time is the edge's: it is told where this clock is off. */
function createWord(place: string, { origin, key, instance, now, fetch }: RegisterSurroundings) {
  const imported = crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  let offMs = 0;

  async function once(method: 'POST' | 'DELETE', body: string): Promise<Response> {
    const stamp = Math.round(now() + offMs);
    const message = ['limpet-register-v1', method, origin, instance, stamp, body].join('\n');
    const mac = await crypto.subtle.sign('HMAC', await imported, new TextEncoder().encode(message));
    const signature = `v1.${stamp}.${toBase64url(new Uint8Array(mac))}`;
    return fetch(place, {
      method,
      headers: { 'limpet-instance': instance, 'limpet-signature': signature },
      redirect: 'manual',
      signal: AbortSignal.timeout(CALL_MS),
      ...(method === 'POST' ? { body } : {}),
    });
  }

  return async (method: 'POST' | 'DELETE', body: string): Promise<Said> => {
    try {
      let response = await once(method, body);
      const time = Number(response.headers.get('limpet-time') ?? Number.NaN);
      if (response.status === 401 && Number.isFinite(time)) {
        offMs = time - now();
        response = await once(method, body);
      }
      return await saidBy(response);
    } catch (error) {
      return { kind: 'refused', code: 'limpet_unreachable', message: `${place}: ${String(error)}` };
    }
  };
}

async function saidBy(response: Response): Promise<Said> {
  if (response.status === 204) return { kind: 'left' };
  const found = parseJson(await response.text());
  const said: { leaseMs?: unknown; code?: unknown; message?: unknown } = Object(found);
  if (response.status === 200 && typeof said.leaseMs === 'number')
    return { kind: 'leased', leaseMs: said.leaseMs };
  return {
    kind: 'refused',
    code: typeof said.code === 'string' ? said.code : 'limpet_unreachable',
    message: typeof said.message === 'string' ? said.message : `Limpet answered ${response.status}`,
  };
}
