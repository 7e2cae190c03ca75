import { describe, expect, it } from 'vitest';
import { clientAddress, networkOf } from '../../../worker/steps/client-address.ts';
import { visitTo } from '../visit.ts';

describe('the client’s address', () => {
  it('[LK1] stands in the header that the operator names', async () => {
    const headers = { 'cf-connecting-ip': '192.0.2.7', 'x-real-ip': '203.0.113.9' };
    const standard = await visitTo({ headers });
    const named = await visitTo({ headers }, { config: { clientAddress: { header: 'X-Real-IP' } } });
    expect(clientAddress(standard.request, standard.edge.config)).toBe('192.0.2.7');
    expect(clientAddress(named.request, named.edge.config)).toBe('203.0.113.9');
    expect(clientAddress((await visitTo()).request, standard.edge.config)).toBe('');
  });

  it.each([
    ['203.0.113.7:4711', '203.0.113.7'],
    ['[2001:db8::7]:4711', '2001:db8::7'],
    ['[::ffff:203.0.113.7]:4711', '203.0.113.7'],
    [7, ''],
  ])(
    '[SV8] is the connection’s other end where workerd names it and no header does: %s',
    async (clientIp, address) => {
      const { request, edge } = await visitTo();
      const connected = (headers = {}) =>
        Object.assign(new Request(request.url, { headers }), { cf: { clientIp } });
      expect(clientAddress(connected(), edge.config)).toBe(address);
      expect(clientAddress(connected({ 'cf-connecting-ip': '192.0.2.7' }), edge.config)).toBe('192.0.2.7');
    },
  );

  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:192.0.2.7', '192.0.2.7'],
    ['', ''],
  ])('[LK2] %s belongs to the network %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
