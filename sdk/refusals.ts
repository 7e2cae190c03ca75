import type { Need } from './arrival.ts';
import type { RefusedReason } from './store-api.ts';

/** Headers as pairs, in the order in which they are sent. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** An answer that the SDK gives instead of the application's. */
export interface Refusal {
  /** Why, as data: the `code` of the JSON body. */
  readonly code: string;
  readonly status: number;
  readonly headers: HeaderList;
  /** JSON `{ code, message }`. */
  readonly body: string;
}

const REFUSED: Readonly<Record<RefusedReason, { status: number; code: string; message: string }>> = {
  moved: {
    status: 409,
    code: 'session_moved',
    message: 'Cannot keep the change: the session lives on another origin now.',
  },
  ended: { status: 409, code: 'session_ended', message: 'Cannot keep the change: the session was ended.' },
  unreachable: {
    status: 503,
    code: 'store_unreachable',
    message: 'The request was executed, but its session change is not known to be kept.',
  },
  changed: {
    status: 409,
    code: 'state_changed',
    message: 'Cannot keep the change: another request of this session was stored first.',
  },
  'too-large': {
    status: 503,
    code: 'state_too_large',
    message: 'Cannot keep the change: the session state is over session.stateBytesMax.',
  },
};

const NEED: Readonly<Record<Need, { code: string; message: string }>> = {
  state: {
    code: 'state_needed',
    message: 'Cannot serve without the state of the session: send it again with the request.',
  },
  row: { code: 'session_elsewhere', message: 'Cannot serve the session: it lives on another origin.' },
  store: {
    code: 'store_unreachable',
    message: 'Cannot serve the session: the session store did not answer.',
  },
  session: {
    code: 'session_ended',
    message: 'Cannot serve the session: it was ended. A new session id is needed.',
  },
};

/** The change of an executed request is not kept: `Limpet-Refused`. */
export function refusedChange(reason: RefusedReason, headers: HeaderList): Refusal {
  return refusal(REFUSED[reason], [['limpet-refused', reason], ...headers]);
}

/** The application has not run, the edge must act first: `Limpet-Need`. */
export function neededFirst(need: Need, headers: HeaderList): Refusal {
  return refusal({ status: 409, ...NEED[need] }, [['limpet-need', need], ...headers]);
}

/** The request did not come through Limpet, or long ago. */
export function signatureInvalid(): Refusal {
  const message = 'Cannot serve the request: Limpet-Signature must verify with LIMPET_KEY and be fresh.';
  return refusal({ status: 403, code: 'signature_invalid', message }, []);
}

/** An order of a Limpet that is newer than this SDK. */
export function orderUnknown(): Refusal {
  const message = 'Cannot follow the order: Limpet-Control must be one that this SDK knows.';
  return refusal({ status: 400, code: 'order_unknown', message }, []);
}

/** The state came from Limpet whole, but not from this SDK: nothing may overwrite it. */
export function stateUnreadable(): Refusal {
  const message = 'Cannot serve the session: its state must be one that this SDK wrote.';
  return refusal({ status: 503, code: 'state_unreadable', message }, []);
}

function refusal(
  { status, code, message }: { status: number; code: string; message: string },
  headers: HeaderList,
): Refusal {
  const plain: HeaderList = [
    ['content-type', 'application/json; charset=utf-8'],
    ['cache-control', 'no-store'],
  ];
  return { code, status, headers: [...plain, ...headers], body: JSON.stringify({ code, message }) };
}
