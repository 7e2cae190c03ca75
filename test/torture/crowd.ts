import { setTimeout as after } from 'node:timers/promises';
import type { Chance } from '../simulation/chance.ts';
import { createVisitor, type Visitor } from './visitor.ts';

/** People who visit one session after the other. */
const crowd = { sequential: 14, parallel: 6 } as const;
/** Requests at once on a session that is visited in parallel. */
const lanes = 4;
/** A moderate pace: more would measure the machine. */
const pauseMs = { from: 50, to: 250 };
const requestsOfSession = { from: 20, to: 120 };

/** All visit until `isOver`; gives every session that there was. */
export async function visitUntil(
  isOver: () => boolean,
  url: string,
  chance: Chance,
  clock: () => number,
): Promise<Visitor[]> {
  const visitors: Visitor[] = [];
  const person = async (order: keyof typeof crowd, luck: Chance) => {
    while (!isOver()) {
      const visitor = createVisitor(url, `s${visitors.length + 1}`, order, luck, clock);
      visitors.push(visitor);
      await visit(visitor, luck, isOver);
    }
  };
  const people = Object.entries(crowd).flatMap(([order, size]) =>
    Array.from({ length: size }, (_, at) =>
      person(order as keyof typeof crowd, chance.fork(`${order} ${at}`)),
    ),
  );
  await Promise.all(people);
  return visitors;
}

async function visit(visitor: Visitor, luck: Chance, isOver: () => boolean): Promise<void> {
  await begin(visitor, luck, isOver);
  const many = visitor.order === 'parallel' ? lanes : 1;
  const each = Math.ceil(luck.between(requestsOfSession.from, requestsOfSession.to) / many);
  await Promise.all(
    Array.from({ length: many }, (_, lane) => browse(visitor, luck.fork(`lane ${lane}`), each, isOver)),
  );
}

/** The application's own session begins with the first change: before it, parallel requests would begin one each. */
async function begin(visitor: Visitor, luck: Chance, isOver: () => boolean): Promise<void> {
  await visitor.read(() => !isOver());
  while (!isOver() && (await visitor.append()).status !== 200) await pause(luck);
}

async function browse(visitor: Visitor, luck: Chance, times: number, isOver: () => boolean): Promise<void> {
  for (let done = 0; done < times && !isOver(); done += 1) {
    await pause(luck);
    if (luck.happens(0.5)) await visitor.append();
    else await visitor.read(() => !isOver());
  }
}

function pause(luck: Chance): Promise<void> {
  return after(luck.between(pauseMs.from, pauseMs.to));
}
