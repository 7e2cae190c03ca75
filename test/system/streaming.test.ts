import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { signedCookie } from './harness/forge.ts';
import { growthDuring } from './harness/memory.ts';
import type { Origin } from './harness/origins.ts';
import { download, leaveEarly, open, upload } from './harness/streams.ts';
import { until } from './harness/until.ts';
import { startWorld, type World } from './harness/world.ts';

let world: World;
let home: Origin;
let cookie: string;
beforeAll(async () => {
  world = await startWorld({ origins: ['a', 'b'] });
  home = world.origin('b');
  cookie = `limpet=${await signedCookie({ home: 'b' })}`;
});
afterAll(() => world?.end());

const flatMegabytes = 120;

describe('bodies pass through as they come', () => {
  it('[ST1] a download of 128 MB, with flat memory', async () => {
    const growth = await growthDuring(world.dev.pid, async () => {
      const seen = await download(`${world.url}/big?mb=128`, cookie);
      expect(seen).toEqual({ status: 200, bytes: 128 << 20, complete: true });
    });
    expect(growth).toBeLessThan(flatMegabytes);
  });

  it('[ST1] an upload of 100 MB, with flat memory', async () => {
    const growth = await growthDuring(world.dev.pid, async () => {
      const { answer, sha256 } = await upload(`${world.url}/upload`, cookie, 100);
      expect(JSON.parse(answer)).toEqual({ bytes: 100 << 20, sha256 });
    });
    expect(growth).toBeLessThan(flatMegabytes);
  });

  it('[ST2] server-sent events arrive one by one', async () => {
    const stream = await open(`${world.url}/events`, cookie);
    expect(stream.status).toBe(200);
    let expected = '';
    for (const text of ['one', 'two', 'three']) {
      await home.ask(`/events/send?text=${text}`, 'POST');
      expected += `data: ${text}\n\n`;
      await until(`event ${text} has come`, () => stream.text() === expected);
    }
    stream.leave('reset');
  });
});

describe('a WebSocket', () => {
  const connect = async (headers: Record<string, string>) => {
    const socket = new WebSocket(`${world.url.replace('http', 'ws')}/socket`, ['chat'], { headers });
    const messages: string[] = [];
    socket.on('message', (data) => messages.push(String(data)));
    const [[response]] = (await Promise.all([once(socket, 'upgrade'), once(socket, 'open')])) as [
      [IncomingMessage],
      unknown,
    ];
    return { socket, messages, cookies: response.headers['set-cookie'] ?? [] };
  };

  it('[ST3] goes to the session’s home, and its frames pass both ways', async () => {
    const { socket, messages, cookies } = await connect({ cookie, origin: 'https://shop.test' });
    await until('the origin has spoken', () => messages.length === 1);
    const { origin, headers } = JSON.parse(messages[0] ?? '');
    expect([origin, headers.origin, headers.cookie, socket.protocol]).toEqual([
      'b',
      'https://shop.test',
      undefined,
      'chat',
    ]);
    socket.send('hello');
    socket.send(Buffer.from('bytes'));
    await until('both frames are back', () => messages.length === 3);
    expect([messages.slice(1), cookies]).toEqual([['b: hello', 'bytes'], []]);
    socket.close(4001, 'bye');
    expect((await once(socket, 'close'))[0]).toBe(4001);
  });

  it('[ST3] gets the cookie that is due with the 101', async () => {
    const { socket, cookies } = await connect({});
    expect(cookies[0]).toMatch(/^limpet=/);
    socket.terminate();
    const moved = await connect({ cookie: `limpet=${await signedCookie({ home: 'b', incarnation: 3 })}` });
    expect(moved.cookies[0]).toMatch(/^limpet=/);
    moved.socket.terminate();
  });
});

describe('a client that leaves', () => {
  const leftOf = async () => (await home.ask<{ left: number }>('/events/left')).left;
  const next = async () => {
    const { home: at, outcome } = await world.client().get('/who', { cookie });
    return [at, outcome];
  };

  it('[ST4] before the answer: the attempt is aborted, and the origin is not blamed', async () => {
    const before = await leftOf();
    const path = '/never';
    const arrived = async () => (await home.ask<Record<string, number>>('/seen'))[path];
    await leaveEarly(world.url + path, cookie, () => until('the request has arrived', arrived));
    await until('the origin has noticed', async () => (await leftOf()) > before);
    expect(await next()).toEqual(['b', 'kept']);
  });

  for (const how of ['reset', 'close'] as const) {
    it(`[ST4] in the middle of an answer (${how}): the same`, async () => {
      const before = await leftOf();
      const stream = await open(`${world.url}/events`, cookie);
      stream.leave(how);
      await until('the origin has noticed', async () => {
        await home.ask('/events/send?text=is-anybody-there', 'POST');
        return (await leftOf()) > before;
      });
      expect(await next()).toEqual(['b', 'kept']);
    });
  }
});
