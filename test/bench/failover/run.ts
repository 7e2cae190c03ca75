import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import type { Balancer, Contender } from './balancers.ts';
import { type Fault, type Origins, startOrigins } from './origins.ts';
import { createVisitor, type Event, type Kind, type Visitor } from './visitor.ts';

/** Everything that was seen of one contender and one fault. */
export interface Seen {
  readonly victim: string;
  readonly faultAt: number;
  readonly clients: readonly {
    readonly kind: Kind;
    /** Where its session lived before the fault. */
    readonly home: string;
    readonly events: readonly Event[];
    readonly acknowledged: readonly string[];
    /** A last look, before a frozen origin goes on. */
    readonly end: Event;
  }[];
  /** A legitimate answer that takes its time, from a healthy origin, asked before the fault. */
  readonly slow: Event;
  /** What the origins have begun to execute, in the end. */
  readonly executed: readonly string[];
}

export interface Plan {
  readonly perKind: number;
  readonly warmMs: number;
  readonly slowMs: number;
  /** After the fault, at least. */
  readonly observedMs: number;
}

const victim = 'b';
const kinds: readonly Kind[] = ['get', 'keyed', 'post'];
/** The slow answer is under way when the fault comes. */
const slowAheadMs = 500;
/** Of each kind: placing by hash is not even for a few. */
const victimsMin = 2;
const thawedMs = 1_000;

export async function runOnce(contender: Contender, fault: Fault, plan: Plan): Promise<Seen> {
  const folder = mkdtempSync(join(tmpdir(), 'limpet-failover-'));
  const origins = await startOrigins(folder, contender.sessions);
  try {
    const balancer = await contender.start(folder, origins.ports);
    try {
      return await observe(balancer, origins, fault, plan);
    } finally {
      await balancer.end();
    }
  } finally {
    await origins.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function observe({ url }: Balancer, origins: Origins, fault: Fault, plan: Plan): Promise<Seen> {
  const settled = (await Promise.all(kinds.map((kind) => settle(url, kind, plan.perKind)))).flat();
  const visitors = settled.map(({ visitor }) => visitor);
  const patient = await unharmed(url);
  let isOver = false;
  const browsing = visitors.map((visitor) => visitor.browse(() => isOver));
  await after(plan.warmMs);
  const slowly = patient.ask('get', `/slow?ms=${plan.slowMs}`);
  await after(slowAheadMs);
  const faultAt = performance.now();
  origins.strike(victim, fault);
  const slow = await slowly;
  // Cut early or not: everybody is observed for as long.
  await after(Math.max(0, faultAt + Math.max(plan.slowMs, plan.observedMs) - performance.now()));
  isOver = true;
  await Promise.all(browsing);
  const ends = await Promise.all(visitors.map((visitor) => visitor.ask('get')));
  if (fault === 'SIGSTOP') {
    origins.thaw(victim);
    await after(thawedMs);
  }
  for (const visitor of [...visitors, patient]) visitor.leave();
  return {
    victim,
    faultAt,
    slow,
    executed: origins.executed(),
    clients: settled.map(({ visitor: { kind, events, acknowledged }, home }, at) => ({
      kind,
      events: events.slice(0, -1),
      acknowledged,
      home,
      end: ends[at] ?? lastOf(events),
    })),
  };
}

/** Visitors with a session each, some of them at the origin that will be hit. */
async function settle(url: string, kind: Kind, count: number): Promise<{ visitor: Visitor; home: string }[]> {
  const settled: { visitor: Visitor; home: string }[] = [];
  const victims = () => settled.filter(({ home }) => home === victim).length;
  while (settled.length < count || (victims() < victimsMin && settled.length < 3 * count)) {
    const visitor = createVisitor(url, `${kind}${settled.length}`, kind);
    settled.push({ visitor, home: (await visitor.ask('keyed')).origin });
  }
  return settled;
}

function lastOf(events: readonly Event[]): Event {
  const last = events.at(-1);
  if (last === undefined) throw new Error('Cannot judge a client that never asked');
  return last;
}

/** A visitor whose session lives on an origin that nothing will happen to. */
async function unharmed(url: string): Promise<Visitor> {
  for (let at = 0; at < 50; at += 1) {
    const visitor = createVisitor(url, `patient${at}`, 'get');
    if ((await visitor.ask('keyed')).origin !== victim) return visitor;
    visitor.leave();
  }
  throw new Error(`Cannot find a session that is not on origin ${victim}`);
}
