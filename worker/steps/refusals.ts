import { type FailureKind, failures } from '../core/failure.ts';
import type { OriginId } from '../core/ids.ts';
import type { Refusal, SessionSeat, Visit } from '../visit.ts';

/** Every public failure has a stable code and a sentence that says the action, what was wanted and what was found. */

export function noOrigin(visit: Visit): Refusal {
  return {
    kind: 'refusal',
    status: 503,
    outcome: 'refused',
    code: 'no_origin',
    retryAfterS: retryAfter(visit),
    message: 'No origin of this pool can serve this request now. The session is kept.',
  };
}

export function storeUnreachable(executed: 'executed' | 'not executed', retryAfterS: number): Refusal {
  const message =
    executed === 'executed'
      ? 'The request was executed, and it is not known whether its session change was kept: the session store did not answer.'
      : 'The request was not sent: its home cannot serve, and the session store that could move the session did not answer. The session is kept.';
  return {
    kind: 'refusal',
    status: 503,
    outcome: 'refused',
    code: 'store_unreachable',
    retryAfterS,
    message,
  };
}

export function homeInDoubt(retryAfterS: number): Refusal {
  return {
    kind: 'refusal',
    status: 503,
    outcome: 'refused',
    code: 'home_in_doubt',
    retryAfterS,
    message:
      'The request was not sent: the only copy of this session is at an origin that does not answer just now. The session is kept.',
  };
}

export function routeOnly(retryAfterS: number): Refusal {
  return {
    kind: 'refusal',
    status: 503,
    outcome: 'refused',
    code: 'route_only',
    retryAfterS,
    message:
      "The request could not be served: its home did not serve it, and by the operator's order nothing moves now. The session is kept.",
  };
}

export function notResent(failure: FailureKind, origin: OriginId): Refusal {
  const { status, code } = failures[failure];
  return {
    kind: 'refusal',
    status,
    outcome: 'refused',
    code,
    message: `${sentences[failure]} (origin ${origin}).`,
  };
}

const sentences: Readonly<Record<FailureKind, string>> = {
  undelivered: 'The origin could not be reached, and the request could not be sent elsewhere',
  refused: 'The origin could not be reached, and the request could not be sent elsewhere',
  lost: 'The connection to the origin was lost before an answer came; the request may have been executed, so it was not sent again',
  hangs: 'The origin stopped answering; the request may have been executed, so it was not sent again',
  timeout: 'The origin did not answer in time; the request may have been executed, so it was not sent again',
  unavailable: 'The origin cannot serve now, and the request could not be sent elsewhere',
  protocol: 'The origin sent an answer that HTTP does not allow',
};

/** The origin has lost its copy and asked for the request again, but what was streamed to it is gone. */
export function bodyGone(origin: OriginId): Refusal {
  return {
    kind: 'refusal',
    status: 502,
    outcome: 'refused',
    code: 'not_replayed',
    message: `The request was not executed: origin ${origin} wanted it again with the session's state, and its body was too large to be kept. Repeat it.`,
  };
}

export function sessionMoved(seat: SessionSeat): Refusal {
  return {
    kind: 'refusal',
    status: 409,
    outcome: 'fenced',
    code: 'session_moved',
    seat,
    message:
      'The request was executed, but its session had moved meanwhile: the session change was not kept. Repeat it.',
  };
}

/** Compare-and-set at the shared store has found another state than the one that was read. */
export function stateChanged(seat: SessionSeat): Refusal {
  return {
    kind: 'refusal',
    status: 409,
    outcome: 'refused',
    code: 'state_changed',
    seat,
    message:
      'The request was executed, but another one of the same session was stored first: the session change was not kept. Repeat it.',
  };
}

export function stateMisplaced(): Refusal {
  return {
    kind: 'refusal',
    status: 502,
    outcome: 'refused',
    code: 'protocol_error',
    message:
      'The request was executed, but its session change was not kept: the origin sent the state in its answer, and a pool in external mode takes it by PUT with If-Match only.',
  };
}

/** Said by the origin, which asks the shared store itself. */
export function stateOutOfReach(retryAfterS: number): Refusal {
  return {
    kind: 'refusal',
    status: 503,
    outcome: 'refused',
    code: 'store_unreachable',
    retryAfterS,
    message: 'The request was not executed: the session store did not answer. The session is kept.',
  };
}

export function sessionEnded(): Refusal {
  return {
    kind: 'refusal',
    status: 409,
    outcome: 'refused',
    code: 'session_ended',
    message: 'The session was ended while the request was under way: its session change was not kept.',
  };
}

export function stateTooLarge(bytesMax: number): Refusal {
  return {
    kind: 'refusal',
    status: 503,
    outcome: 'refused',
    code: 'state_too_large',
    message: `The request was executed, but its session state has more than ${bytesMax} bytes: the previous state is kept.`,
  };
}

export function retryAfter(visit: Visit): number {
  return visit.pool.config.fallback.retryAfterS;
}
