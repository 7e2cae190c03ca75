import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { run } from '../../../cli/main.ts';
import { listen } from './said.ts';
import { site } from './site.ts';

afterEach(() => vi.unstubAllEnvs());

const session = {
  pool: 'shop',
  session: 'xx00000AQEBA\u2026',
  home: 'a',
  epoch: 1,
  version: 7,
  expiresAt: Date.now() + 600_000,
  stateBytes: 12,
};

describe('limpet sessions', () => {
  it('[OP11] list follows the cursor to the end, and prints a table', async () => {
    const { url, asked } = await site(
      { sessions: [session], cursor: 'shop~xx00001~' },
      { sessions: [session] },
    );
    const said = listen();
    expect(await run(['sessions', 'list', '--url', url, '--pool', 'shop'])).toBe(0);
    expect(asked.map(({ what, token }) => [what, token])).toEqual([
      ['GET /.limpet/admin/sessions?pool=shop&limit=1000', 'Bearer the token'],
      ['GET /.limpet/admin/sessions?pool=shop&cursor=shop%7Exx00001%7E&limit=1000', 'Bearer the token'],
    ]);
    expect(said.stdout().split('\n').slice(0, 2)).toEqual([
      'POOL  SESSION        HOME  EPOCH  VERSION  EXPIRES IN  STATE',
      'shop  xx00000AQEBA\u2026  a     1      7        10 min      12 B',
    ]);
  });

  it('[OP11] list --json is one list; --limit stops it, --full asks for whole ids', async () => {
    const { url, asked } = await site({ sessions: [session], cursor: 'more' });
    const said = listen();
    expect(await run(['sessions', 'list', '--url', url, '--json', '--limit', '1', '--full'])).toBe(0);
    expect(JSON.parse(said.stdout())).toEqual({ version: 1, sessions: [session] });
    expect(asked.map(({ what }) => what)).toEqual(['GET /.limpet/admin/sessions?full=1&limit=1']);
  });

  it('[OP11] show and end ask for one', async () => {
    const { url, asked } = await site(
      { session },
      { session: { session: 'x', ended: true } },
      { ended: true },
    );
    const said = listen();
    for (const verb of ['show', 'show', 'end'])
      expect(await run(['sessions', verb, 'xx1', '--url', url])).toBe(0);
    expect(asked.map(({ what }) => what)).toEqual([
      'GET /.limpet/admin/sessions/xx1',
      'GET /.limpet/admin/sessions/xx1',
      'POST /.limpet/admin/sessions/xx1/end',
    ]);
    expect(said.stdout()).toMatch(
      /shop {2}xx00000AQEBA.*\nxx1 was ended\nxx1 is ended: its next request begins a new session\n$/,
    );
  });

  it('[OP11] what the API refuses is one sentence, and it ends with 1', async () => {
    const { url } = await site(
      { status: 404, body: { code: 'no_session', message: 'There is none.' } },
      { status: 401, body: {} },
      { status: 200, body: {} },
    );
    const said = listen();
    for (const _ of [1, 2, 3]) expect(await run(['sessions', 'show', 'xx1', '--url', url])).toBe(1);
    expect([said.stdout(), said.stderr()]).toEqual([
      '',
      `There is none.\n${url} does not accept this ADMIN_TOKEN\n${url} answered 200, not as Limpet does\n`,
    ]);
  });
});

describe('limpet subject', () => {
  it('[OP11] end and erase search until there are none, and say how many there were', async () => {
    for (const [verb, done] of [
      ['end', 'ended'],
      ['erase', 'erased'],
    ] as const) {
      const pages = [
        { count: 1, sessions: [], cursor: 'c' },
        { count: 2, sessions: [] },
      ];
      const { url, asked } = await site(...pages, { count: 0, sessions: [] });
      const said = listen();
      expect(await run(['subject', verb, 'user-42', '--url', url])).toBe(0);
      expect(asked).toMatchObject([
        { what: `POST /.limpet/admin/subject/${verb}`, order: { subject: 'user-42' } },
        { order: { subject: 'user-42', cursor: 'c' } },
        { order: { subject: 'user-42' } },
      ]);
      expect(said.stdout()).toBe(`3 sessions ${done}\n`);
      vi.restoreAllMocks();
    }
  });

  it('[OP11] export prints a line of JSON per session, or writes them to a file that only its owner can read', async () => {
    const pages = [
      { count: 1, sessions: [{ state: 'e30=' }], cursor: 'c' },
      { count: 1, sessions: [{ state: 'W10=' }] },
    ];
    const lines = '{"state":"e30="}\n{"state":"W10="}\n';
    const { url } = await site(...pages, ...pages);
    const said = listen();
    expect(await run(['subject', 'export', 'user-42', '--url', url])).toBe(0);
    expect([said.stdout(), said.stderr()]).toEqual([lines, '2 sessions exported\n']);
    const file = join(mkdtempSync(join(tmpdir(), 'limpet-')), 'ada.jsonl');
    expect(await run(['subject', 'export', 'user-42', '--url', url, '--out', file])).toBe(0);
    expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777]).toEqual([lines, 0o600]);
  });
});

it('[OP11] limpet lost prints what was lost, newest first', async () => {
  const write = {
    at: Date.UTC(2026, 0, 1),
    session: 'xx00000AQEBA\u2026',
    why: 'session_moved',
    told: 'refused',
    method: 'POST',
    path: '/cart',
  };
  const { url } = await site({ pools: [{ pool: 'shop', writes: [write] }] });
  const said = listen();
  expect(await run(['lost', '--url', url])).toBe(0);
  expect(said.stdout().split('\n')[1]).toBe(
    '2026-01-01T00:00:00.000Z  shop  xx00000AQEBA\u2026  session_moved  refused     POST /cart',
  );
});

describe('wrong usage', () => {
  it.each([
    [['sessions'], /^No command specified/],
    [['sessions', 'lst'], /^Unknown command/],
    [['sessions', 'end'], /^Missing required positional argument: ID/],
    [
      ['sessions', 'list', '--poool', 'x'],
      /^Unknown option "--poool" of limpet sessions list. Did you mean "--pool"\?/,
    ],
    [['sessions', 'list', '--limit', '0'], /^--limit: wanted a whole number from 1, found "0"/],
    [['subject', 'erase', 'a', 'b'], /^Unexpected "b" after limpet subject erase/],
  ])('[OP11] %j ends with 3 and one sentence', async (argv, sentence) => {
    const said = listen();
    expect(await run(argv)).toBe(3);
    expect([said.stdout(), said.stderr()]).toEqual(['', expect.stringMatching(sentence)]);
  });

  it.each([
    [['sessions', '--help'], 'limpet sessions list|show|end'],
    [['subject', 'export', '--help'], '--out'],
    [['lost', '--help'], '--full'],
  ])('[OP11] %j says how', async (argv, part) => {
    const said = listen();
    expect(await run(argv)).toBe(0);
    expect(said.stdout()).toContain(part);
  });
});
