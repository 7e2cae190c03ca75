import { createHmac } from 'node:crypto';
import type { ArrivingRequest } from '../../../sdk/headers.ts';

export const KEY = 'E7Un_C9lIoU7wiiydqOWNWgRd80DYVGxt7K8LRD9zi4';
export const SESSION = 'xx00007Zq3vYk0hT5mR8wLcN1xQ4p';
export const API = `https://shop.example.com/.limpet/sessions/${SESSION} Y2FwYWJpbGl0eQ`;

export interface Parts {
  readonly session?: string;
  readonly epoch?: number;
  readonly bucket?: number;
  readonly method?: string;
  readonly target?: string;
  readonly sent?: Readonly<Record<string, string>>;
}

/** A request as the edge sends it, signed here without the SDK. */
export function sentRequest(
  parts: Parts = {},
): ArrivingRequest & { readonly headers: Record<string, string> } {
  const {
    session = SESSION,
    epoch = 3,
    bucket = 29_900_000,
    method = 'GET',
    target = '/',
    sent = {},
  } = parts;
  const names = Object.keys(sent).sort();
  const others = names.map((name) => `${name}:${sent[name]}`).join('\n');
  const scope = ['GET', 'HEAD', 'OPTIONS'].includes(method) ? 'safe' : `${method} ${target}`;
  const lines = ['limpet-request-v1', bucket, session, epoch, API, scope, others];
  const mac = createHmac('sha256', Buffer.from(KEY, 'base64url'))
    .update(lines.join('\n'))
    .digest('base64url');
  const headers: Record<string, string> = {
    'limpet-session': session,
    'limpet-epoch': String(epoch),
    'limpet-api': API,
    'limpet-signature': `v1.${bucket}.${mac}`,
    ...sent,
  };
  return { method, target, headers, header: (name) => headers[name] };
}
