import type { ArrivingRequest } from './headers.ts';
import type { Refusal } from './refusals.ts';
import type { SealedNow, Visit } from './visit.ts';

/** What the SDK must see of a `Request`. */
export function arrivingOf(request: Request): ArrivingRequest {
  const { pathname, search } = new URL(request.url);
  const header = (name: string) => request.headers.get(name) ?? undefined;
  return { method: request.method, target: pathname + search, header };
}

/** The application's answer with what the edge must know, or the refusal that takes its place. */
export async function leave(visit: Visit, response: Response): Promise<Response> {
  const sealed = visit.seal('whole');
  return finish(response, sealed.kind === 'storing' ? await sealed.outcome : sealed);
}

async function finish(response: Response, sealed: SealedNow): Promise<Response> {
  if (sealed.kind === 'refused') {
    await response.body?.cancel();
    return answerOf(sealed.refusal);
  }
  if (sealed.headers.length === 0) return response;
  // The headers of a response from `fetch` cannot be changed.
  const answer = new Response(response.body, response);
  for (const [name, value] of sealed.headers) answer.headers.set(name, value);
  return answer;
}

/** A refusal as a `Response`. */
export function answerOf({ status, headers, body }: Refusal): Response {
  return new Response(body, {
    status,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
  });
}
