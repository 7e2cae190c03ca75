import autocannon from 'autocannon';
import { median } from '../numbers.ts';
import { ask, oneConnection } from './ask.ts';
import { body, laterVisit, path, type Session } from './exchange.ts';

const connections = 32;

export interface Load {
  readonly answers: number;
  readonly seconds: number;
  /** Answers that were not the origin's page or set a cookie, and connections that broke. */
  readonly wrong: number;
}

/** Keeps 32 connections busy, the sessions in turn. */
export async function load(url: string, sessions: readonly Session[], duration: number): Promise<Load> {
  let cookies = 0;
  const started = performance.now();
  const result = await autocannon({
    url: url + path,
    connections,
    duration,
    requests: sessions.map((session) => ({ headers: laterVisit(session) })),
    verifyBody: (text) => text === body,
    setupClient: (client) => client.on('headers', ({ headers }) => (cookies += setsCookie(headers) ? 1 : 0)),
  });
  const wrong = result.non2xx + result.errors + result.timeouts + result.mismatches + cookies;
  return { answers: result['2xx'], seconds: (performance.now() - started) / 1000, wrong };
}

function setsCookie(headers: readonly string[]): boolean {
  return headers.some((word) => word.length === 10 && word.toLowerCase() === 'set-cookie');
}

/** The median time of an answer, in milliseconds, when one connection asks and waits. */
export async function latency(url: string, sessions: readonly Session[], seconds: number): Promise<number> {
  const agent = oneConnection();
  const headers = sessions.map(laterVisit);
  const times: number[] = [];
  const until = performance.now() + seconds * 1000;
  for (let at = 0; performance.now() < until; at += 1) {
    const asked = performance.now();
    await ask(url + path, headers[at % headers.length] ?? {}, agent);
    times.push(performance.now() - asked);
  }
  agent.destroy();
  return median(times);
}
