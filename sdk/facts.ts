import type { LimpetOrigin } from './origin.ts';
import type { SessionHandle } from './store-api.ts';
import type { Visit } from './visit.ts';

/** What a handler can know of its request's session: `req.limpet` in Express and Fastify, `session.facts` in a fetch handler. */
export interface LimpetFacts {
  /** The Limpet session's id: opaque, and another one after a login. */
  readonly session: string;
  /** How often the session has been claimed. */
  readonly epoch: number;
  /** This origin's id, and the nonce of this process. */
  readonly origin: string;
  readonly instance: string;
  /**
   * `new`: nothing can exist yet. `kept`: from this instance's memory. `restored`: handed over with this request, since this instance had no copy (its
   * old home died, or this one was started anew). `read-only`: a copy, while nothing can be stored.
   */
  readonly source: Visit['source'];
  /** For `origin.session`: changes that no request waits for. It stays in this process. */
  readonly handle: SessionHandle;
}

/** The facts of one visit. */
export function factsOf(
  { origin, instance }: LimpetOrigin,
  { session, copy, source, handle }: Visit,
): LimpetFacts {
  return { session, epoch: copy.epoch, origin, instance, source, handle };
}
