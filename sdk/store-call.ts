/** How the store is asked. */
export interface CallOptions {
  readonly instance: string;
  /** Milliseconds for a call with all its repetitions. */
  readonly deadlineMs: number;
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/** An answer of the store that means something. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** What is asked. */
export interface Call {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: BodyInit;
}

const BACKOFF_MS = [20, 50, 100, 200, 400];

/** One answer that means something, or `undefined` when the deadline has passed without one. */
export function createCall(options: CallOptions) {
  return async (
    url: string,
    { method, headers, body }: Call,
    capability: string,
  ): Promise<Answer | undefined> => {
    const deadline = AbortSignal.timeout(options.deadlineMs);
    const all = { ...headers, authorization: `Bearer ${capability}`, 'limpet-instance': options.instance };
    const init: RequestInit = {
      method,
      headers: all,
      redirect: 'manual',
      signal: deadline,
      ...(body === undefined ? {} : { body }),
    };
    for (let attempt = 0; !deadline.aborted; attempt += 1) {
      const answer = await once(options, url, init);
      if (answer !== undefined) return answer;
      await pause(BACKOFF_MS[Math.min(attempt, BACKOFF_MS.length - 1)] ?? 0, deadline);
    }
    return undefined;
  };
}

/** A network failure and an answer of 429 or 5xx are the same: not known, to be asked again. */
async function once(options: CallOptions, url: string, init: RequestInit): Promise<Answer | undefined> {
  try {
    const response = await options.fetch(url, init);
    const body = new Uint8Array(await response.arrayBuffer());
    const { status, headers } = response;
    return status >= 500 || status === 429 ? undefined : { status, headers, body };
  } catch {
    return undefined;
  }
}

function pause(delayMs: number, deadline: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, delayMs);
    function done(): void {
      clearTimeout(timer);
      deadline.removeEventListener('abort', done);
      resolve();
    }
    deadline.addEventListener('abort', done);
  });
}
