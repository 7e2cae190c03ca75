import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from './harness/world.ts';

describe('a session id that comes in a response header (MCP)', () => {
  let world: World;
  beforeAll(async () => {
    const session = { mode: 'local', onHomeLost: 'empty' } as const;
    const affinity = [{ by: 'header:mcp-session-id' }] as const;
    world = await startWorld({ sessions: 'plain', pool: { session, affinity } });
  });
  afterAll(() => world?.end());

  it('[LE1] leads back to the process that made it, for every session', async () => {
    const homes = new Set<string | undefined>();
    for (let visitor = 0; visitor < 12; visitor++) {
      const client = world.client();
      const first = await client.post('/mcp', { 'user-agent': `agent ${visitor}` });
      const id = String(first.headers['mcp-session-id']);
      for (let call = 2; call < 6; call++) {
        const seen = await world.client().post('/mcp', { 'mcp-session-id': id });
        expect([seen.status, seen.home, seen.json()]).toEqual([
          200,
          first.home,
          { origin: first.home, calls: call },
        ]);
      }
      homes.add(first.home);
    }
    expect(homes.size).toBeGreaterThan(1);
  });

  it('[LE2] no cookie of Limpet goes out for it', async () => {
    const first = await world.client().post('/mcp');
    const later = await world
      .client()
      .post('/mcp', { 'mcp-session-id': String(first.headers['mcp-session-id']) });
    expect([first.cookies, later.cookies]).toEqual([[], []]);
  });
});

describe("an application's own cookie, with its states kept", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ pool: { affinity: [{ by: 'cookie:connect.sid' }] } });
  });
  afterAll(() => world?.end());

  const items = async (client: ReturnType<World['client']>) =>
    (await client.get('/cart')).json<{ items: string[] }>().items;

  it('[LE3] keeps what the very first request has put into the session', async () => {
    const client = world.client();
    const first = await client.post('/cart?item=one');
    expect(first.cookies).toEqual(['connect.sid']);
    const second = await client.post('/cart?item=two');
    expect([second.home, await items(client)]).toEqual([first.home, ['one', 'two']]);
  });

  it('[LE4] is restored elsewhere when its home is killed', async () => {
    const client = world.client();
    const { home } = await client.post('/cart?item=one');
    await client.post('/cart?item=two');
    await world.origin(home).kill();
    const seen = await client.get('/cart');
    expect([seen.status, seen.outcome, seen.home === home]).toEqual([200, 'restored', false]);
    expect(seen.json()).toMatchObject({ items: ['one', 'two'] });
    await world.origin(home).start();
  });

  it('[LE5] a login, which gives it another value, keeps the state and ends what the old one named', async () => {
    const client = world.client();
    await client.post('/cart?item=one');
    const old = client.jar.get('connect.sid') ?? '';
    const login = await client.post('/login');
    expect(login.status).toBe(200);
    expect(client.jar.get('connect.sid')).not.toBe(old);
    expect(await items(client)).toEqual(['one', 'login']);
    const thief = world.client();
    thief.jar.set('connect.sid', old);
    expect(await items(thief)).toEqual([]);
  });
});
