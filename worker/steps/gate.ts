import type { Edge } from '../visit.ts';

/** What is turned away before anything is routed; undefined where the request may come in. */
export function refuseAtGate({ method, headers }: Request, edge: Edge): Response | undefined {
  if (method === 'TRACE' || method === 'CONNECT')
    return refusal(405, 'method_not_allowed', `${method} is not served here.`, { allow });
  const via = headers.get('via');
  if (via?.includes(edge.via) === true) {
    return refusal(
      508,
      'loop_detected',
      'The request has come through this Limpet before: an origin of its configuration leads back to it.',
    );
  }
  return undefined;
}

const allow = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

export function unroutable(): Response {
  return refusal(404, 'no_route', 'No route of the configuration matches this host and path.');
}

export function misconfigured(): Response {
  return refusal(503, 'misconfigured', 'Limpet is not configured: its log says what is missing.');
}

/** An answer to a program: a stable code and a sentence. */
export function refusal(
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): Response {
  return new Response(JSON.stringify({ code, message }), {
    status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'limpet-code': code,
      ...headers,
    },
  });
}
