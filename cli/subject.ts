import { appendFileSync, writeFileSync } from 'node:fs';
import { type ArgsDef, defineCommand } from 'citty';
import { adminArgs, type Answer, askAdmin, listIn, poolArg, type Site } from './admin.ts';
import { pagesOf } from './answers.ts';
import { CommandFailure } from './failure.ts';
import { asJson, print, say } from './say.ts';
import { verb } from './verb.ts';

const args = {
  name: { type: 'positional', description: 'The subject, as its origins name it', required: true },
  ...adminArgs,
  pool: poolArg,
} as const satisfies ArgsDef;

const end = verb({
  name: 'subject end',
  description: 'End all sessions of one subject',
  args,
  run: async ({ name, pool, json, ...site }) => {
    const count = await untilNone(site, 'subject/end', { subject: name, pool });
    print(json ? asJson({ version: 1, ended: count }) : `${sessionsOf(count)} ended`);
  },
});

const erase = verb({
  name: 'subject erase',
  description: 'End all sessions of one subject and delete their states, copies included',
  args,
  run: async ({ name, pool, json, ...site }) => {
    const count = await untilNone(site, 'subject/erase', { subject: name, pool });
    print(json ? asJson({ version: 1, erased: count }) : `${sessionsOf(count)} erased`);
  },
});

const exportArgs = {
  ...args,
  out: { type: 'string', description: 'Write to this file instead of stdout', valueHint: 'FILE' },
  full: { type: 'boolean', description: 'Show the whole session ids' },
} as const satisfies ArgsDef;

const exportStates = verb({
  name: 'subject export',
  description: "Print the states of one subject's sessions: a line of JSON each, the state as base64",
  args: exportArgs,
  run: async ({ name, pool, out, full, json: _always, ...site }) => {
    const write = out === undefined ? print : toFile(out);
    const count = await walk(site, 'subject/export', { subject: name, pool, full }, (session) =>
      write(JSON.stringify(session)),
    );
    say(`${sessionsOf(count)} exported`);
  },
});

export const subject = defineCommand({
  meta: { name: 'limpet subject', description: 'End, export or erase all sessions of one subject' },
  subCommands: { end, export: exportStates, erase },
});

/** A login that comes during the search may take a session from a page that is still to be read to one that was: it is searched once more. */
const passesMax = 3;

async function untilNone(site: Site, path: string, order: object): Promise<number> {
  let count = 0;
  for (let passes = 0; passes < passesMax; passes++) {
    const found = await walk(site, path, order);
    if (found === 0) break;
    count += found;
  }
  return count;
}

/** The search is bounded: each answer says where to go on. */
async function walk(
  site: Site,
  path: string,
  order: object,
  each: (session: Answer) => void = () => undefined,
): Promise<number> {
  let count = 0;
  for await (const answer of pagesOf((cursor) => askAdmin(site, path, { ...order, cursor }))) {
    for (const session of listIn(answer, 'sessions')) each(session);
    count += Number(answer['count']);
  }
  return count;
}

/** A file of its own: what was in it is replaced, and only its owner may read somebody's data. */
function toFile(path: string): (line: string) => void {
  const tried = (write: () => void) => {
    try {
      write();
    } catch (error) {
      throw new CommandFailure(
        `Cannot write ${path}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  };
  tried(() => writeFileSync(path, '', { mode: 0o600 }));
  return (line) => tried(() => appendFileSync(path, `${line}\n`));
}

function sessionsOf(count: number): string {
  return count === 1 ? '1 session' : `${count} sessions`;
}
