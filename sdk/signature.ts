import { fromBase64url } from './base64url.ts';
import type { ArrivingRequest } from './headers.ts';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);
const BUCKETS_BACK_MAX = 2;
const REMEMBERED_MAX = 10_000;
const OPTIONAL = [
  'limpet-new',
  'limpet-read-only',
  'limpet-release',
  'limpet-restore',
  'limpet-state',
  'limpet-store',
  'limpet-unstored',
  'limpet-version',
];

/** The seven parts of contract section 5, joined by LF: what `Limpet-Signature` signs. */
export function signedMessage(request: ArrivingRequest, bucket: string): string {
  const others = OPTIONAL.flatMap((name) => {
    const value = request.header(name);
    return value === undefined ? [] : [`${name}:${value}`];
  });
  const scope = SAFE.has(request.method) ? 'safe' : `${request.method} ${request.target}`;
  const [session, epoch, api] = ['limpet-session', 'limpet-epoch', 'limpet-api'].map(
    (name) => request.header(name) ?? '',
  );
  return ['limpet-request-v1', bucket, session, epoch, api, scope, others.join('\n')].join('\n');
}

/** What signs an order of the edge's own, which belongs to no session. */
export function signedOrder(order: string, bucket: string): string {
  return ['limpet-control-v1', bucket, order].join('\n');
}

/** Tells whether a request came through Limpet, and lately. */
export interface SignatureCheck {
  verify(request: ArrivingRequest): Promise<boolean>;
}

/**
 * Verifies signatures made with the 32 bytes of `LIMPET_KEY`, in constant time. Freshness needs no clock: a bucket
 * (minutes since 1970) more than two below the newest one that ever verified is refused.
 */
export function createSignatureCheck(key: Uint8Array<ArrayBuffer>): SignatureCheck {
  const imported = crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
  const remembered = new Map<string, string>();
  let newestBucket = 0;

  async function verify(request: ArrivingRequest): Promise<boolean> {
    const signature = request.header('limpet-signature') ?? '';
    const [, bucket, text] = /^v1\.(\d{1,10})\.([A-Za-z0-9_-]{43})$/.exec(signature) ?? [];
    if (bucket === undefined || text === undefined) return false;
    const session = request.header('limpet-session') ?? '';
    const order = request.header('limpet-control');
    const message = order === undefined ? signedMessage(request, bucket) : signedOrder(order, bucket);
    // In the steady state a session's safe requests carry the same signature for a minute.
    if (remembered.get(session) !== `${signature}\n${message}`) {
      const mac = fromBase64url(text);
      if (
        !mac ||
        !(await crypto.subtle.verify('HMAC', await imported, mac, new TextEncoder().encode(message)))
      )
        return false;
      remember(session, `${signature}\n${message}`);
    }
    newestBucket = Math.max(newestBucket, Number(bucket));
    return Number(bucket) >= newestBucket - BUCKETS_BACK_MAX;
  }

  function remember(session: string, verified: string): void {
    remembered.delete(session);
    remembered.set(session, verified);
    const oldest = remembered.keys().next().value;
    if (remembered.size > REMEMBERED_MAX && oldest !== undefined) remembered.delete(oldest);
  }

  return { verify };
}
