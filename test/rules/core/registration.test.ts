import { describe, expect, it } from 'vitest';
import {
  fitsHost,
  fitsIds,
  isHostPattern,
  isIdPattern,
  readRegisteredUrl,
} from '../../../worker/config/registration.ts';
import { instanceId, originId } from '../../../worker/core/ids.ts';
import {
  enroll,
  isOpen,
  type Lease,
  openAfterMs,
  type Registration,
  withdrawn,
} from '../../../worker/core/registration.ts';
import { staleAfterMs } from '../../../worker/core/snapshot.ts';

const [a, web1, web2] = [originId('a'), originId('web-1'), originId('web-2')];
const [first, second] = [instanceId('instance-number-1'), instanceId('instance-number-2')];
const asked = (other: Partial<Registration> = {}): Registration => ({
  id: web1,
  url: 'http://10.0.0.1:80',
  weight: 1,
  instance: first,
  stamp: 1_000,
  leaseMs: 30_000,
  ...other,
});
const configured = [{ id: a, url: 'http://10.0.0.9' }];
const say = (wish: Registration, leases: readonly Lease[], now: number, max = 10) =>
  enroll(wish, { configured, leases, max }, now);
function leased(wish: Registration, leases: readonly Lease[], now: number): Lease {
  const said = say(wish, leases, now);
  if (said.kind !== 'leased') throw new Error(`The registration was answered ${said.kind}`);
  return said.lease;
}

describe('a registration', () => {
  it('[RG2] is for a lease, which a renewal prolongs; it opens when every edge has heard of it, and stays open', () => {
    const lease = leased(asked(), [], 1_000);
    expect(lease).toMatchObject({ until: 31_000, openAt: 1_000 + openAfterMs });
    expect(openAfterMs).toBeGreaterThan(staleAfterMs);
    expect([isOpen(lease, 6_999), isOpen(lease, 7_000)]).toEqual([false, true]);
    const renewed = leased(asked({ stamp: 11_000, weight: 5 }), [lease], 11_000);
    expect(renewed).toMatchObject({ until: 41_000, openAt: lease.openAt, weight: 5 });
    // One that comes back after its lease has ended is announced anew.
    expect(leased(asked({ stamp: 50_000 }), [renewed], 50_000).openAt).toBe(50_000 + openAfterMs);
  });

  it('[RG3] is refused under a configured id, at the url of another origin, and beyond what the pool may hold', () => {
    const lease = leased(asked(), [], 0);
    expect(say(asked({ id: a }), [], 0)).toEqual({ kind: 'configured' });
    expect(say(asked({ id: web2 }), [lease], 1)).toEqual({ kind: 'url_taken', by: web1 });
    expect(say(asked({ url: 'http://10.0.0.9' }), [], 0)).toEqual({ kind: 'url_taken', by: a });
    const other = asked({ id: web2, url: 'http://10.0.0.2' });
    expect(say(other, [lease], 1, 1)).toEqual({ kind: 'pool_full' });
    expect(say(asked({ stamp: 2 }), [lease], 1, 1)).toMatchObject({ kind: 'replaced' });
    expect(say(asked({ stamp: 1_001 }), [lease], 1, 1)).toMatchObject({ kind: 'leased' });
    // A lease that has ended holds neither its url nor its place.
    expect(say(asked({ id: web2 }), [lease], 30_000, 1)).toMatchObject({ kind: 'leased' });
  });

  it('[RG6] of another instance takes the place of the first, whose words are not heard any more', () => {
    const lease = leased(asked(), [], 0);
    const said = say(asked({ instance: second, url: 'http://10.0.0.3' }), [lease], 10);
    expect(said).toMatchObject({ kind: 'leased', newcomer: true, lease: { replaced: [first] } });
    const replaced = leased(asked({ instance: second, url: 'http://10.0.0.3' }), [lease], 10);
    expect(say(asked({ stamp: 99_000 }), [replaced], 20)).toEqual({ kind: 'replaced' });
  });

  it('[RG7] that was signed before the instance left does not bring it back; a later one does', () => {
    const gone = withdrawn(leased(asked(), [], 0), 5_000);
    expect(gone.until).toBe(0);
    expect(say(asked({ stamp: 5_000 }), [gone], 6_000)).toEqual({ kind: 'replaced' });
    expect(say(asked({ stamp: 5_001 }), [gone], 6_000)).toMatchObject({ kind: 'leased' });
  });
});

describe('what a pool lets register', () => {
  it('[RG3] ids by a beginning or one name', () => {
    expect(['web-*', 'web-1', '*', 'web*1', '', '-*'].map(isIdPattern)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
    expect(['web-1', 'web-', 'web', 'web-1/../x', 'api-1'].map((id) => fitsIds(id, 'web-*'))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(fitsIds('web-1', 'web-10')).toBe(false);
  });

  it('[RG3] hosts by name, by domain, by network', () => {
    const good = ['a.example.com', '*.example.com', '10.0.0.0/8', '10.1.2.3'];
    const bad = [
      '*',
      '*.',
      '10.0.0.0/33',
      '10.0.0.0/4',
      '300.1.1.1',
      'a.*.com',
      'A.example.com',
      'a.example.com:80',
    ];
    expect(good.map(isHostPattern)).toEqual(good.map(() => true));
    expect(bad.map(isHostPattern)).toEqual(bad.map(() => false));
    expect(['10.255.0.1', '11.0.0.1', 'ten.example.com'].map((host) => fitsHost(host, '10.0.0.0/8'))).toEqual(
      [true, false, false],
    );
    const names = ['a.example.com', 'b.a.example.com', 'example.com', 'evilexample.com'];
    expect(names.map((host) => fitsHost(host, '*.example.com'))).toEqual([true, true, false, false]);
    expect(isHostPattern('*.0.0.1')).toBe(false);
  });

  it('[RG3] the address rules of configured origins hold too', () => {
    const rules = {
      allowPrivate: true,
      production: false,
      hosts: [],
      allowed: ['10.0.0.0/8', '169.254.0.0/16', '*.test'],
    };
    const read = (url: unknown, other: object = {}) => readRegisteredUrl(url, { ...rules, ...other });
    expect(read('http://10.1.2.3:8080/base/')).toEqual({ ok: true, url: 'http://10.1.2.3:8080/base' });
    // The parser knows other spellings of an address.
    expect(read('http://0x0a.1.2.3')).toEqual({ ok: true, url: 'http://10.1.2.3' });
    const why = (url: unknown, other: object = {}) => {
      const said = read(url, other);
      return said.ok ? undefined : said.why;
    };
    expect(why('http://169.254.169.254')).toMatch(/wanted an address that is not link-local/);
    expect(why('http://10.1.2.3', { allowPrivate: false })).toMatch(
      /wanted a public address, or allowPrivate: true/,
    );
    expect(why('http://8.8.8.8')).toBe(
      'url: wanted a host of registration.hosts (10.0.0.0/8, 169.254.0.0/16, *.test), found "http://8.8.8.8"',
    );
    expect(why('http://user:secret@a.test')).toMatch(/wanted an http or https url without user/);
    expect(why('http://user:secret@a.test')).not.toContain('secret');
    expect(why(7)).toMatch(/found 7/);
    const hosts = [{ kind: 'exact', host: 'shop.test' }] as const;
    expect(why('http://shop.test', { hosts })).toMatch(/requests would come back here/);
  });
});
