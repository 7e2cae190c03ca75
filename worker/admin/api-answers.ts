import { etagOf, type Stamp } from '../core/stamp.ts';
import { refusal } from '../steps/gate.ts';

/** What the store API answers, whichever of its calls is asked. */

export function malformed(wanted: string): Response {
  return refusal(
    400,
    'malformed',
    `This call needs ${wanted}, well-formed; docs/contract.md, section 4, says how.`,
  );
}

export function sessionEnded(): Response {
  return refusal(410, 'session_ended', 'This session was ended; nothing brings it back.');
}

export function storeUnreachable(): Response {
  return refusal(
    503,
    'store_unreachable',
    'The session store did not answer; it is not known whether this was done.',
    { 'retry-after': '1' },
  );
}

export function elsewhere(): Response {
  return refusal(409, 'elsewhere', 'This session lives on another origin.');
}

export function tooLarge(bytesMax: number): Response {
  return refusal(
    413,
    'state_too_large',
    `A state of this pool has at most ${bytesMax} bytes; the previous state stays.`,
  );
}

/** Compare-and-set has found another state than the one that was read. */
export function stateChanged(stamp: Stamp): Response {
  return refusal(
    412,
    'state_changed',
    'Another state was stored since this one was read: read again, and decide anew.',
    stampHeaders(stamp),
  );
}

export function stampHeaders(stamp: Stamp): Record<string, string> {
  const { epoch, version } = stamp;
  return { etag: etagOf(stamp), 'limpet-epoch': String(epoch), 'limpet-version': String(version) };
}
