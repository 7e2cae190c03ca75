import { type Account, type Pass, whyNotSafe } from '../worker/core/drain.ts';
import type { ArgsDef } from 'citty';
import { type Answer, askAdmin, listIn, type Site, withQuery } from './admin.ts';
import { pagesOf } from './answers.ts';
import { durationIn } from './duration.ts';
import { CommandFailure } from './failure.ts';
import { originArgs, sentence } from './order.ts';
import { asJson, print, say } from './say.ts';
import { verb } from './verb.ts';

const args = {
  ...originArgs,
  wait: {
    type: 'boolean',
    description: 'Move its sessions, and end when it is safe to stop: 0, or 2 when that takes too long',
  },
  timeout: { type: 'string', description: 'With --wait: at most so long (default: 10m)', valueHint: 'TIME' },
  deadline: {
    type: 'string',
    description: "Until when sessions without stored data may stay (default: the pool's drain.deadlineMs)",
    valueHint: 'TIME',
  },
} as const satisfies ArgsDef;

export const drain = verb({
  name: 'drain',
  description: 'Let an origin take no new sessions, and hand its own over to others',
  args,
  run: async ({ id, json, pool, wait, timeout, deadline, config, url }) => {
    const site = { config, url };
    const timeoutMs = durationIn('--timeout', timeout ?? '10m');
    const deadlineMs = deadline === undefined ? undefined : durationIn('--deadline', deadline);
    const told = await askAdmin(site, pathOf(id, 'drain'), { pool, deadlineMs });
    if (wait !== true) return print(json ? asJson(told) : sentence(told));
    say(sentence(told));
    const end = await waitFor({
      site,
      id,
      pool: String(told['pool']),
      timeoutMs,
      since: Number(told['now']),
    });
    print(json ? asJson({ version: 1, ...end }) : endOf(id, end));
    if (end.whyNot !== undefined)
      throw new CommandFailure(`Not safe to stop ${id} after ${timeout ?? '10m'}: ${end.whyNot}`, 2);
  },
});

interface Drain {
  readonly site: Site;
  readonly id: string;
  readonly pool: string;
  readonly timeoutMs: number;
  /** Of the server's clock: what was lost since counts. */
  readonly since: number;
}

interface DrainEnd {
  readonly safeToStop: boolean;
  readonly sessions: number;
  readonly moved: number;
  readonly withoutData: number;
  readonly lost: number;
  readonly whyNot: string | undefined;
}

const betweenPassesMs = 500;

/** Passes over the sessions that live there, until one of them finds nobody and nothing is in flight. */
async function waitFor(order: Drain): Promise<DrainEnd> {
  const endsAt = Date.now() + order.timeoutMs;
  let { left: sessions } = await pass(order, 'count');
  let shown = '';
  for (;;) {
    const before = await accountOf(order);
    const swept = await pass(order, 'move');
    const after = await accountOf(order);
    // Who comes to live there while the last edges do not know yet counts too.
    sessions = Math.max(sessions, swept.moved + swept.left);
    const lost = await lostSince(order);
    const whyNot = whyNotSafe({ ...after, pass: swept, before: before.account, after: after.account });
    const sum = { sessions, moved: sessions - swept.left, withoutData: swept.withoutData, lost };
    const waits = whyNot === undefined ? '' : `; not yet safe to stop: ${whyNot}`;
    const line = progress(sum, after.until) + waits;
    if (line !== shown) say(line);
    shown = line;
    if (whyNot === undefined) return { safeToStop: true, ...sum, whyNot };
    if (Date.now() + betweenPassesMs >= endsAt) return { safeToStop: false, ...sum, whyNot };
    await new Promise((resolve) => setTimeout(resolve, betweenPassesMs));
  }
}

/** Every part of a pass is bounded: its cursor says where to go on. */
async function pass({ site, id, pool }: Drain, what: 'count' | 'move'): Promise<Pass> {
  const sum = { moved: 0, left: 0, withoutData: 0 };
  const ask = (cursor: string | undefined) =>
    askAdmin(site, pathOf(id, 'sweep'), { pool, cursor, count: what === 'count' });
  for await (const part of pagesOf(ask))
    for (const name of ['moved', 'left', 'withoutData'] as const) sum[name] += Number(part[name]);
  return sum;
}

interface Accounted {
  readonly orderedMs: number;
  readonly until: number;
  readonly isLong: 'yes' | 'no';
  readonly account: Account | 'gone' | 'unknown';
}

async function accountOf({ site, id, pool }: Drain): Promise<Accounted> {
  const told = await askAdmin(site, withQuery(pathOf(id, 'account'), { pool }));
  if (told['state'] !== 'draining')
    throw new CommandFailure(`${id} is being drained no more: it is ${String(told['state'])}`);
  const { orderedMs, until, isLong, account } = told;
  return {
    orderedMs: Number(orderedMs),
    until: Number(until),
    isLong: isLong === 'yes' ? 'yes' : 'no',
    account:
      account === 'gone' || !isAnswer(account)
        ? account === 'gone'
          ? 'gone'
          : 'unknown'
        : countsIn(account),
  };
}

function countsIn({ inFlight, quietMs }: Answer): Account {
  return { inFlight: Number(inFlight), quietMs: Number(quietMs) };
}

function isAnswer(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null;
}

/** Changes that were refused because their session moved meanwhile: a hand-off costs none. */
async function lostSince({ site, pool, since }: Drain): Promise<number> {
  const told = await askAdmin(site, withQuery('lost', { pool }));
  const writes = listIn(told, 'pools').flatMap((one) => listIn(one, 'writes'));
  return writes.filter(({ at, why }) => Number(at) >= since && why === 'session_moved').length;
}

function progress(
  { sessions, moved, lost, withoutData }: Omit<DrainEnd, 'safeToStop' | 'whyNot'>,
  until: number,
): string {
  const numbers = [moved, sessions, lost, withoutData].map((count) => count.toLocaleString('en'));
  const deadline = new Date(until).toTimeString().slice(0, 5);
  return `${numbers[0]} of ${numbers[1]} moved, ${numbers[2]} lost, ${numbers[3]} without data, deadline ${deadline}`;
}

function endOf(id: string, { safeToStop, moved }: DrainEnd): string {
  return safeToStop
    ? `${id} is safe to stop: ${moved.toLocaleString('en')} sessions moved`
    : `${id} is not safe to stop`;
}

function pathOf(id: string, what: string): string {
  return `origins/${encodeURIComponent(id)}/${what}`;
}
