import { beforeAll, describe, expect, it } from 'vitest';
import { misconfigured, refuseAtGate, unroutable } from '../../../worker/steps/gate.ts';
import { createWorld, publicUrl, type World } from '../visit.ts';

let world: World;

beforeAll(async () => {
  world = await createWorld();
});

/** Node's own Request takes neither TRACE nor CONNECT. */
const request = (method: string, headers: Record<string, string> = {}) =>
  Object.defineProperty(new Request(publicUrl, { headers }), 'method', { value: method });

describe('the gate', () => {
  it.each(['TRACE', 'CONNECT'])('[GT1] turns %s away, and says what is served', async (method) => {
    const refused = refuseAtGate(request(method), world.edge);
    expect([refused?.status, refused?.headers.get('allow')]).toEqual([
      405,
      'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
    ]);
    expect(await refused?.json()).toMatchObject({ code: 'method_not_allowed' });
  });

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'QUERY'])(
    '[GT2] lets %s in',
    (method) => {
      expect(refuseAtGate(request(method), world.edge)).toBeUndefined();
    },
  );

  it('[GT3] turns away what has come through this Limpet before, and lets other proxies in', () => {
    expect(
      refuseAtGate(request('GET', { via: `1.1 varnish, 1.1 ${world.edge.via}` }), world.edge)?.status,
    ).toBe(508);
    expect(refuseAtGate(request('GET', { via: '1.1 limpet-AAAAAAAA' }), world.edge)).toBeUndefined();
  });

  it.each([
    [unroutable(), 404, 'no_route'],
    [misconfigured(), 503, 'misconfigured'],
  ])('[GT4] its answers carry a code and are nobody’s to keep', async (response, status, code) => {
    expect(response.status).toBe(status);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'limpet-code': code,
      'cache-control': 'no-store',
    });
    expect(await response.json()).toMatchObject({ code });
  });
});
