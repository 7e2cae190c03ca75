import type { ProbeResult } from '../../worker/core/health.ts';
import type { Fetch } from '../../worker/ports.ts';
import { reachThrough } from '../../worker/stores/reach.ts';
import {
  hasBody,
  isExpected,
  type ProbedOrigin,
  type ProbePolicy,
  type ProbeRequest,
  probeRequest,
  probeSocket,
} from '../../worker/core/probing.ts';
import { within } from './within.ts';

/** Bytes of a body that are searched for what it must have. */
const bodyBytesMax = 65_536;
const redirectsMax = 5;

/** 404 asks for a drain where it may: the origin itself is well. */
function isWell(status: number, { expect, drainOn404Ms }: ProbePolicy): boolean {
  return isExpected(status, expect) || (status === 404 && drainOn404Ms !== undefined);
}

/** Asks one origin how it is. Whatever goes wrong is a result. */
export async function probe(origin: ProbedOrigin, policy: ProbePolicy, env: object): Promise<ProbeResult> {
  const send = wayTo(origin, env);
  if (send === undefined)
    return { ok: false, said: `no binding ${origin.via} in wrangler.toml`, status: 0, at: Date.now() };
  try {
    const said = policy.type === 'tcp' ? await connects(origin, policy) : await answers(origin, policy, send);
    return { ...said, at: Date.now() };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return { ok: false, said, status: 0, at: Date.now() };
  }
}

function wayTo({ via }: ProbedOrigin, env: object): Fetch | undefined {
  return via === undefined ? (url, init) => fetch(url, init) : reachThrough(env, via);
}

type Said = Omit<ProbeResult, 'at'>;

async function answers({ url }: ProbedOrigin, policy: ProbePolicy, send: Fetch): Promise<Said> {
  const request = probeRequest(url, policy);
  const init = initOf(request, policy, AbortSignal.timeout(policy.timeoutMs));
  const response = await lastAnswer(request.url, policy, (from) => send(from, init));
  if (typeof response === 'string') return { ok: false, said: response, status: 0 };
  const { status } = response;
  const said = `status ${status}`;
  if (!isExpected(status, policy.expect) || policy.body.kind === 'any') {
    await response.body?.cancel();
    return { ok: isWell(status, policy), said, status };
  }
  const ok = hasBody(await beginningOf(response), policy.body);
  return { ok, said: ok ? said : `${said}, but not the body that is wanted`, status };
}

/** The answer, or why there is none. A redirect is followed by hand: an answer of another host would say nothing of this origin. */
async function lastAnswer(
  first: string,
  policy: ProbePolicy,
  ask: (url: string) => Promise<Response>,
): Promise<Response | string> {
  let url = first;
  for (let hops = 0; hops <= redirectsMax; hops++) {
    const response = await ask(url);
    const location = response.headers.get('location');
    if (policy.redirects === 'answer' || location === null || !isRedirect(response.status)) return response;
    await response.body?.cancel();
    const next = URL.canParse(location, url) ? new URL(location, url) : undefined;
    if (next === undefined || !isSameHost(next, url))
      return `status ${response.status}, which leads to another host`;
    url = next.href;
  }
  return `more than ${redirectsMax} redirects`;
}

function initOf(
  { headers, resolveOverride }: ProbeRequest,
  { method }: ProbePolicy,
  signal: AbortSignal,
): RequestInit {
  const init: RequestInit = { method, redirect: 'manual', headers, signal };
  if (resolveOverride !== undefined) init.cf = { resolveOverride };
  return init;
}

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

function isSameHost({ protocol, hostname }: URL, url: string): boolean {
  return hostname === new URL(url).hostname && /^https?:$/.test(protocol);
}

async function beginningOf({ body }: Response): Promise<string> {
  if (body === null) return '';
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = '';
  for (let bytes = 0; bytes < bodyBytesMax; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    const fitting = value.subarray(0, bodyBytesMax - bytes);
    bytes += fitting.length;
    text += decoder.decode(fitting, { stream: true });
  }
  await reader.cancel();
  return text;
}

/** A connection that opens, and no more: it tells nothing of a process that hangs. */
async function connects({ url }: ProbedOrigin, { port, timeoutMs }: ProbePolicy): Promise<Said> {
  // Imported when it is needed: only workerd has it.
  const { connect } = await import('cloudflare:sockets');
  const socket = connect(probeSocket(url, port));
  try {
    await within(timeoutMs, socket.opened);
    return { ok: true, said: 'connected', status: 0 };
  } finally {
    // Not waited for: a connection that never opened cannot be closed either.
    void socket.close().catch(() => undefined);
  }
}
