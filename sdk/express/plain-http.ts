import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ArrivingRequest, Refusal } from '../origin.ts';

/** A request of Node's as the origin looks at it. */
export function arriving(req: IncomingMessage): ArrivingRequest {
  const target =
    'originalUrl' in req && typeof req.originalUrl === 'string' ? req.originalUrl : (req.url ?? '/');
  return {
    method: req.method ?? 'GET',
    target,
    header(name) {
      const value = req.headers[name];
      return typeof value === 'string' ? value : undefined;
    },
  };
}

/** An answer in place of the application's. */
export function send(res: ServerResponse, { status, headers, body }: Refusal): void {
  for (const [name, value] of headers) res.setHeader(name, value);
  res.statusCode = status;
  res.end(body);
}

/** It did not come through Limpet: neither a session's request nor an order of the edge's. */
export function isDirect({ headers }: IncomingMessage): boolean {
  return headers['limpet-session'] === undefined && headers['limpet-control'] === undefined;
}
