import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../worker/config/parse.ts';

type Verdict = 'fine' | 'malformed' | 'forbidden' | 'private' | 'bare' | 'loop';

interface Settings {
  readonly production?: boolean;
  readonly allowPrivate?: boolean;
  readonly match?: string;
}

const verdicts: readonly [start: string, verdict: Verdict][] = [
  ['an http or https url', 'malformed'],
  ['an address that is not link-local', 'forbidden'],
  ['a public address, or allowPrivate', 'private'],
  ['a host name', 'bare'],
  ['a host that no route matches', 'loop'],
];

function judge(
  url: string,
  { production = false, allowPrivate = false, match = 'shop.example.com/*' }: Settings = {},
): Verdict {
  const input = {
    pools: { shop: { origins: [{ id: 'a', url }] } },
    routes: [{ match, pool: 'shop' }],
    allowPrivate,
  };
  const parsed = parseConfig(input, { production });
  if (parsed.ok) return 'fine';
  const [problem] = parsed.problems;
  const verdict = verdicts.find(([start]) => problem?.wanted.startsWith(start))?.[1];
  if (parsed.problems.length !== 1 || verdict === undefined) throw new Error(JSON.stringify(parsed.problems));
  return verdict;
}

describe('where an origin may be', () => {
  it.each<[url: string, verdict: Verdict]>([
    ['https://a.example.net', 'fine'],
    ['http://127.0.0.1:9001', 'fine'],
    ['http://localhost:9001', 'fine'],
    ['http://shop.localhost', 'fine'],
    ['http://[::1]:9001', 'fine'],
    ['http://2130706433', 'fine'],
    ['http://0x7f.1', 'fine'],
    ['http://127。0。0。1', 'fine'],
    ['http://[::ffff:127.0.0.1]', 'fine'],

    ['http://169.254.169.254', 'forbidden'],
    ['http://169.254.169.254.', 'forbidden'],
    ['http://2852039166', 'forbidden'],
    ['http://0xA9FEA9FE', 'forbidden'],
    ['http://0251.0376.0251.0376', 'forbidden'],
    ['http://169。254。169。254', 'forbidden'],
    ['http://[::ffff:169.254.169.254]', 'forbidden'],
    ['http://[::169.254.169.254]', 'forbidden'],
    ['http://[64:ff9b::169.254.169.254]', 'forbidden'],
    ['http://[2002:a9fe:a9fe::]', 'forbidden'],
    ['http://[fe80::1]', 'forbidden'],
    ['http://[febf::1]', 'forbidden'],
    ['http://[fd00:ec2::254]', 'forbidden'],
    ['http://[::]', 'forbidden'],
    ['http://[ff02::1]', 'forbidden'],
    ['http://0', 'forbidden'],
    ['http://255.255.255.255', 'forbidden'],
    ['http://100.100.100.200', 'forbidden'],
    ['http://metadata.google.internal', 'forbidden'],
    ['http://METADATA.google.internal./x', 'forbidden'],

    ['http://10.0.0.1', 'private'],
    ['http://172.31.255.255', 'private'],
    ['http://192.168.1.1', 'private'],
    ['http://3232235777', 'private'],
    ['http://100.64.0.1', 'private'],
    ['http://[::ffff:10.0.0.1]', 'private'],
    ['http://[fd12:3456::1]', 'private'],

    ['http://172.32.0.1', 'fine'],
    ['http://203.0.113.7', 'fine'],
    ['http://[2001:db8::7]', 'fine'],

    ['http://user@a.example.net', 'malformed'],
    ['http://a.example.net@169.254.169.254', 'malformed'],
    ['http://@a.example.net', 'malformed'],
    ['http:\\\\169.254.169.254', 'malformed'],
    ['http:169.254.169.254', 'malformed'],
    ['http:/169.254.169.254', 'malformed'],
    ['http://169.254.169.254\t', 'malformed'],
    [' http://a.example.net', 'malformed'],
    ['http://a.example.net?', 'malformed'],
    ['http://a.example.net#', 'malformed'],
    ['http://a.example.net:99999', 'malformed'],
    ['http://a.example.net:0', 'malformed'],
    ['http://[fe80::1%25eth0]', 'malformed'],
    ['http://256.1.1.1', 'malformed'],
    ['file:///etc/passwd', 'malformed'],
  ])('[CF9] %s is %s', (url, verdict) => {
    expect(judge(url)).toBe(verdict);
  });

  it('[CF9] allowPrivate opens private ranges and nothing else', () => {
    const allowPrivate = true;
    expect(judge('http://10.0.0.1', { allowPrivate })).toBe('fine');
    expect(judge('http://[fd12::1]', { allowPrivate })).toBe('fine');
    expect(judge('http://169.254.169.254', { allowPrivate })).toBe('forbidden');
    expect(judge('http://[fe80::1]', { allowPrivate })).toBe('forbidden');
    expect(judge('http://203.0.113.7', { allowPrivate, production: true })).toBe('bare');
  });

  it.each(['http://203.0.113.7', 'http://[2001:db8::7]', 'http://127.0.0.1:9001', 'http://localhost:9001'])(
    '[CF10] %s is a problem in production only',
    (url) => {
      expect(judge(url, { production: true })).toBe('bare');
      expect(judge(url, { production: false })).toBe('fine');
    },
  );

  it("[CF11] an origin on a route's host would be Limpet itself", () => {
    expect(judge('https://shop.example.com')).toBe('loop');
    expect(judge('https://SHOP.example.com:8443/x')).toBe('loop');
    expect(judge('https://a.example.com', { match: '*.example.com/app/*' })).toBe('loop');
    expect(judge('https://example.com', { match: '*.example.com/*' })).toBe('fine');
    expect(judge('https://shop.example.com', { match: '/*' })).toBe('fine');
    expect(judge('http://localhost:9001', { match: 'localhost/*' })).toBe('fine');
  });
});
