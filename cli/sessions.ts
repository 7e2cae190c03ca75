import { type ArgsDef, defineCommand } from 'citty';
import { adminArgs, type Answer, askAdmin, listIn, poolArg, withQuery } from './admin.ts';
import { pagesOf } from './answers.ts';
import { usageFailure } from './failure.ts';
import { asJson, print } from './say.ts';
import { columns, spanOf } from './table.ts';
import { verb } from './verb.ts';

const listArgs = {
  ...adminArgs,
  pool: poolArg,
  limit: { type: 'string', description: 'At most so many (default: all)', valueHint: 'COUNT' },
  full: { type: 'boolean', description: 'Show the whole session ids' },
} as const satisfies ArgsDef;

const list = verb({
  name: 'sessions list',
  description: 'List what the map knows of every session; never a state',
  args: listArgs,
  run: async ({ json, pool, limit, full, ...site }) => {
    const sessions: Answer[] = [];
    const most = countIn(limit);
    const query = { pool, ...(full === true ? { full: '1' } : {}) };
    const ask = (cursor: string | undefined) => {
      const page = { ...query, cursor, limit: String(Math.min(1_000, most - sessions.length)) };
      return askAdmin(site, withQuery('sessions', page));
    };
    for await (const page of pagesOf(ask)) {
      sessions.push(...listIn(page, 'sessions'));
      if (sessions.length >= most) break;
    }
    print(json ? asJson({ version: 1, sessions }) : table(sessions));
  },
});

const oneArgs = {
  id: { type: 'positional', description: 'The session id', required: true },
  ...adminArgs,
  pool: poolArg,
} as const satisfies ArgsDef;

const show = verb({
  name: 'sessions show',
  description: 'Say what the map knows of one session',
  args: oneArgs,
  run: async ({ id, json, pool, ...site }) => {
    const told = await askAdmin(site, withQuery(`sessions/${encodeURIComponent(id)}`, { pool }));
    const [found] = listIn({ session: [told['session']] }, 'session');
    const text = found?.['ended'] === true ? `${id} was ended` : table(found === undefined ? [] : [found]);
    print(json ? asJson(told) : text);
  },
});

const end = verb({
  name: 'sessions end',
  description: 'End one session, wherever it lives',
  args: oneArgs,
  run: async ({ id, json, pool, ...site }) => {
    const told = await askAdmin(site, withQuery(`sessions/${encodeURIComponent(id)}/end`, { pool }), {});
    print(json ? asJson(told) : `${id} is ended: its next request begins a new session`);
  },
});

export const sessions = defineCommand({
  meta: { name: 'limpet sessions', description: 'List, show and end sessions' },
  subCommands: { list, show, end },
});

function table(sessions: readonly Answer[]): string {
  const now = Date.now();
  const rows = sessions.map(({ pool, session, home, epoch, version, expiresAt, stateBytes }) =>
    [pool, session, home, epoch, version, spanOf(Number(expiresAt) - now), `${Number(stateBytes)} B`].map(
      String,
    ),
  );
  return columns([['POOL', 'SESSION', 'HOME', 'EPOCH', 'VERSION', 'EXPIRES IN', 'STATE'], ...rows]);
}

function countIn(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw usageFailure(`--limit: wanted a whole number from 1, found ${JSON.stringify(text)}`);
}
