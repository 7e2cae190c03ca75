import type { RedisHttp } from '../../config/store-secrets.ts';
import type { Reply } from '../../core/resp.ts';
import type { Fetch } from '../../ports.ts';
import type { Ask } from './redis-states.ts';

const callMs = 900;

/** Redis over HTTP as Upstash speaks it: a command is a JSON list, an answer is `{ result }` or `{ error }`. */
export function createRedisHttp({ url, token }: RedisHttp, fetch: Fetch): Ask {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return async (command) => {
    const init = { method: 'POST', headers, body: JSON.stringify(command), redirect: 'manual' } as const;
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(callMs) }).catch(
      (error: unknown) => {
        throw failed(error instanceof Error ? error.message : String(error), 'again');
      },
    );
    const said = answerIn(await response.json().catch((error: unknown) => ({ broken: String(error) })));
    if (said !== undefined) return said;
    throw failed(
      `status ${response.status}`,
      response.status >= 500 || response.status === 429 ? 'again' : 'no',
    );
  };
}

function answerIn(body: unknown): Reply | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  if ('error' in body && typeof body.error === 'string') return { error: body.error };
  return 'result' in body && isReply(body.result) ? body.result : undefined;
}

function isReply(value: unknown): value is Reply {
  return (
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    (Array.isArray(value) && value.every(isReply))
  );
}

function failed(why: string, retry: 'again' | 'no'): Error {
  const error = new Error(`Redis over HTTP did not answer: ${why}`);
  return retry === 'again' ? Object.assign(error, { retryable: true }) : error;
}
