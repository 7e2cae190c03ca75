import type { IncomingMessage } from 'node:http';
import { factsOf, type LimpetFacts } from '../facts.ts';
import type { LimpetOrigin, Visit } from '../origin.ts';

export type { LimpetFacts } from '../facts.ts';

declare global {
  namespace Express {
    interface Request {
      /** What is known of the request's session; `undefined` for a request that did not come through Limpet. */
      limpet?: LimpetFacts | undefined;
    }
  }
}

/** `req.limpet`, for the handlers. */
export function setFacts(req: IncomingMessage, origin: LimpetOrigin, visit: Visit): void {
  Object.assign(req, { limpet: factsOf(origin, visit) });
}
