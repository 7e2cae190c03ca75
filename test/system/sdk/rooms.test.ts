import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Child, startChild } from '../harness/child.ts';
import type { Client } from '../harness/client.ts';
import { freePorts } from '../harness/ports.ts';
import { originValues } from '../harness/secrets.ts';
import { until } from '../harness/until.ts';
import { startWorld, type World } from '../harness/world.ts';

const script = fileURLToPath(new URL('room-origin.ts', import.meta.url));
const ids = ['a', 'b', 'c'] as const;
const origins = new Map<string, Child>();
const ports = new Map<string, number>();
const STATE_KEYS = Buffer.alloc(32, 'a key of the rooms').toString('base64');
const sockets: WebSocket[] = [];
let world: World;

async function launch(id: string): Promise<void> {
  const env = {
    ...(await originValues('shop', id)),
    PORT: String(ports.get(id)),
    LIMPET_STATE_KEYS: STATE_KEYS,
  };
  origins.set(id, await startChild(script, [], env, 'listening'));
}

beforeAll(async () => {
  const free = await freePorts(ids.length);
  ids.forEach((id, at) => ports.set(id, free[at] ?? 0));
  await Promise.all(ids.map(launch));
  const others = ids.map((id) => ({ id, url: `http://127.0.0.1:${ports.get(id)}` }));
  world = await startWorld({ origins: [], others });
});
afterEach(() => sockets.splice(0).forEach((socket) => socket.terminate()));
afterAll(async () => {
  await world?.end();
  await Promise.all([...origins.values()].map((child) => child.end()));
});

interface Room {
  readonly lines: string[];
  readonly facts: { readonly source: string; readonly origin: string };
}

const roomOf = async (client: Client): Promise<Room> => (await client.get('/room')).json();

/** A visitor who has said something already, at home somewhere. */
async function visitor(): Promise<{ client: Client; home: string }> {
  const client = world.client();
  expect((await client.post('/room?line=hello')).status).toBe(200);
  return { client, home: (await roomOf(client)).facts.origin };
}

async function connect(client: Client): Promise<(line: string) => Promise<string>> {
  const socket = new WebSocket(`${world.url.replace('http', 'ws')}/socket`, {
    headers: { cookie: client.jar.header() },
  });
  sockets.push(socket);
  await once(socket, 'open');
  return async (line) => {
    socket.send(line);
    const [said] = await once(socket, 'message');
    return String(said);
  };
}

it('[SD64] a WebSocket changes the session; its home dies, and the change is there at the next one', async () => {
  const { client, home } = await visitor();
  const say = await connect(client);
  expect([await say('one'), await say('two')]).toEqual(['stored', 'stored']);
  expect((await roomOf(client)).lines).toEqual(['hello', 'one', 'two']);
  await origins.get(home)?.end('SIGKILL');
  const after = await until('the next home answers', async () => {
    const seen = await client.get('/room');
    return seen.status === 200 ? seen.json<Room>() : undefined;
  });
  expect(after).toMatchObject({ lines: ['hello', 'one', 'two'], facts: { source: 'restored' } });
  expect(after.facts.origin).not.toBe(home);
  await launch(home);
});

it('[SD64] a socket of a home that froze and lost the session is told that it moved, and closed', async () => {
  const { client, home } = await visitor();
  const say = await connect(client);
  expect(await say('one')).toBe('stored');
  const [socket] = sockets;
  origins.get(home)?.signal('SIGSTOP');
  await until('the next home answers', async () => {
    const seen = await client.post('/room?line=elsewhere');
    return seen.status === 200 && (await roomOf(client)).facts.origin !== home;
  });
  const closed = socket && once(socket, 'close');
  origins.get(home)?.signal('SIGCONT');
  expect(await say('too late')).toBe('moved');
  expect((await closed)?.[0]).toBe(1012);
  const { lines } = await roomOf(client);
  expect([lines.slice(0, 2), lines.includes('elsewhere'), lines.includes('too late')]).toEqual([
    ['hello', 'one'],
    true,
    false,
  ]);
});
