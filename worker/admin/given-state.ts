import { bodyWithin } from '../core/body.ts';
import type { SubjectTag } from '../core/ids.ts';
import type { Reason } from '../core/outcome.ts';
import { parseSubject } from '../steps/returned.ts';
import type { Edge, Pool } from '../visit.ts';
import type { Capability } from './capability.ts';

/** The body of a put; undefined where it is larger than the pool allows, whether it said so or not. */
export async function stateIn(
  { headers, body }: Request,
  bytesMax: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return Number(headers.get('content-length') ?? 0) > bytesMax ? undefined : bodyWithin(body, bytesMax);
}

/** What names a call, so that it can be repeated; undefined where there is nothing that could. It is stored with the session. */
export function nonceIn(headers: Headers): string | undefined {
  const name = headers.get('limpet-request') ?? '';
  return name.length >= 8 && name.length <= 128 ? name : undefined;
}

export async function subjectIn(headers: Headers, { keyring }: Pool): Promise<SubjectTag | undefined> {
  const name = parseSubject(headers.get('limpet-subject'));
  return name === undefined ? undefined : keyring.subjectTag(name);
}

/** A change that is stored after its answer has begun: what becomes of it no answer can say, only the operator's list. */
export function noteIfLate(
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
