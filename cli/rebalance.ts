import type { ArgsDef } from 'citty';
import { type Holding, type Transfer, transfersOf } from '../worker/core/balance.ts';
import { adminArgs, askAdmin, listIn, type Site, withQuery } from './admin.ts';
import { heardPoolsIn, pagesOf } from './answers.ts';
import { CommandFailure, usageFailure } from './failure.ts';
import { watchEveryMs } from './repeatedly.ts';
import { asJson, print, say } from './say.ts';
import { verb } from './verb.ts';

const args = {
  ...adminArgs,
  pool: { type: 'string', description: 'The pool', valueHint: 'NAME', required: true },
  rate: {
    type: 'string',
    description: 'At most so many sessions: 10/s, 600/m',
    valueHint: 'N/s',
    default: '10/s',
  },
  watch: { type: 'boolean', description: 'Go on when it is balanced, until interrupted' },
} as const satisfies ArgsDef;

export const rebalance = verb({
  name: 'rebalance',
  description: 'Move idle sessions, with their data, until each origin has its share by weight',
  args,
  run: async ({ pool, rate, json, watch, ...site }) => {
    const order = { site, pool, perSecond: rateIn(rate) };
    const end = await balance(order);
    report(end, json);
    if (watch === true) return goOn(order, json);
    if (!end.balanced) throw new CommandFailure(notBalanced(end), 2);
  },
});

/** Until it is interrupted, or cannot. */
async function goOn(order: Order, json: boolean | undefined): Promise<never> {
  for (;;) {
    await sleep(watchEveryMs);
    const end = await balance(order);
    if (end.moved > 0) report(end, json);
  }
}

interface Order {
  readonly site: Site;
  readonly pool: string;
  readonly perSecond: number;
}

interface End {
  readonly balanced: boolean;
  readonly moved: number;
  readonly origins: readonly Holding[];
}

/** Looks and moves in turn, until there is nothing to do or nobody who can move. Broken off between any two calls, nothing is half done. */
async function balance(order: Order): Promise<End> {
  for (let moved = 0; ; ) {
    const origins = await holdingsOf(order);
    const transfers = transfersOf(origins);
    const wanted = transfers.reduce((sum, { sessions }) => sum + sessions, 0);
    if (wanted === 0) return { balanced: true, moved, origins };
    say(`${counted(wanted)} to move: ${transfers.map(sentence).join(', ')}`);
    const before = moved;
    for (const transfer of transfers) moved += await follow(order, transfer);
    if (moved === before) return { balanced: false, moved, origins };
    say(`${counted(moved)} moved`);
  }
}

/** Origins that serve, and take new sessions. What is being drained or out is no part of it, nor is what has weight 0: that keeps its own. */
async function holdingsOf({ site, pool }: Order): Promise<Holding[]> {
  const told = await askAdmin(site, withQuery('origins', { pool }));
  const [found] = heardPoolsIn(told);
  const open = listIn(found ?? {}, 'origins').filter(
    ({ state, health, weight }) => state === 'active' && health === 'up' && Number(weight) > 0,
  );
  const holdings: Holding[] = [];
  for (const { id, weight } of open) {
    const sessions = await residentsOf(site, pool, String(id));
    holdings.push({ origin: String(id), weight: Number(weight), sessions });
  }
  return holdings;
}

async function residentsOf(site: Site, pool: string, id: string): Promise<number> {
  let sessions = 0;
  const ask = (cursor: string | undefined) =>
    askAdmin(site, pathOf(id, 'sweep'), { pool, cursor, count: true });
  for await (const part of pagesOf(ask)) sessions += Number(part['left']);
  return sessions;
}

/** A second's worth at a time, and no faster. */
async function follow({ site, pool, perSecond }: Order, { from, to, sessions }: Transfer): Promise<number> {
  let moved = 0;
  let began = 0;
  const ask = (cursor: string | undefined) => {
    began = Date.now();
    const count = Math.max(1, Math.min(callMax, Math.floor(perSecond), sessions - moved));
    return askAdmin(site, pathOf(from, 'move'), { pool, to, count, cursor });
  };
  for await (const said of pagesOf(ask)) {
    const now = Number(said['moved']);
    moved += now;
    if (now > 0) await sleep(Math.max(0, began + (now / perSecond) * 1_000 - Date.now()));
    if (moved >= sessions) break;
  }
  return moved;
}

/** The API's own bound. */
const callMax = 400;

function report(end: End, json: boolean | undefined): void {
  if (json === true) return print(asJson({ version: 1, ...end }));
  const places = end.origins.map(({ origin, sessions }) => `${origin} ${counted(sessions)}`).join(', ');
  print(`${end.balanced ? 'Balanced' : 'Not balanced'} after ${counted(end.moved)} moves: ${places}`);
}

function notBalanced({ origins }: End): string {
  const stay = transfersOf(origins).map(({ from, sessions }) => `${counted(sessions)} at ${from}`);
  return `Nobody else can be moved now: ${stay.join(', ')} are in use, or nothing of them is stored`;
}

function sentence({ from, to, sessions }: Transfer): string {
  return `${counted(sessions)} from ${from} to ${to}`;
}

function counted(sessions: number): string {
  return sessions.toLocaleString('en');
}

function rateIn(text: string): number {
  const [, count = '', unit] = /^(\d{1,6})\/([sm])$/.exec(text) ?? [];
  const perSecond = Number(count) / (unit === 'm' ? 60 : 1);
  if (perSecond > 0) return perSecond;
  throw usageFailure(
    `--rate: wanted a number above 0 per second or minute, such as 10/s or 600/m, found "${text}"`,
  );
}

function pathOf(id: string, what: string): string {
  return `origins/${encodeURIComponent(id)}/${what}`;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
