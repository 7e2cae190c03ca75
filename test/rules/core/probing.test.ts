import { describe, expect, it } from 'vitest';
import { isBodyMatch, readBodyMatch, readStatuses } from '../../../worker/config/probe-fields.ts';
import {
  hasBody,
  isExpected,
  plainProbing,
  probeRequest,
  probeSocket,
} from '../../../worker/core/probing.ts';

const request = (origin: string, other: Partial<typeof plainProbing>) =>
  probeRequest(origin, { ...plainProbing, path: '/health', ...other });

describe('a probe', () => {
  it('[PB5] carries its own headers and a user agent, asks another port, and a public host by another name', () => {
    expect(request('http://a.test:80/app', { port: 9000, headers: { 'x-probe': '1' } })).toEqual({
      url: 'http://a.test:9000/app/health',
      headers: { 'user-agent': 'limpet-probe', 'x-probe': '1' },
    });
    const host = 'shop.example.com';
    expect(request('https://a.test:8443/app', { host, runtime: 'cloudflare' })).toMatchObject({
      url: 'https://shop.example.com:8443/app/health',
      resolveOverride: 'a.test',
    });
    expect(request('http://[::1]:90', { host })).toEqual({
      url: 'http://[::1]:90/health',
      headers: { 'user-agent': 'limpet-probe', 'x-forwarded-host': host },
    });
  });

  it('[PB5] opens a connection to the port of the url, of its scheme, or the one that is named', () => {
    const ports = ['http://a.test', 'https://a.test', 'http://a.test:81'].map(
      (url) => probeSocket(url, 0).port,
    );
    expect(ports).toEqual([80, 443, 81]);
    expect(probeSocket('https://a.test', 5432)).toEqual({ hostname: 'a.test', port: 5432 });
  });

  it('[PB6] expects statuses and ranges of them', () => {
    const expected = readStatuses([204, '3xx', '500-503']);
    const good = [200, 204, 300, 399, 400, 499, 500, 503, 504].filter((code) => isExpected(code, expected));
    expect(good).toEqual([204, 300, 399, 500, 503]);
  });

  it('[PB6] wants a text or a pattern in the body', () => {
    expect(hasBody('all is ok', readBodyMatch('ok'))).toBe(true);
    expect(hasBody('all is OK', readBodyMatch('ok'))).toBe(false);
    expect(hasBody('all is OK', readBodyMatch('/^all .*ok$/i'))).toBe(true);
    expect(hasBody('/usr/bin', readBodyMatch('/usr'))).toBe(true);
    expect(hasBody('', readBodyMatch(undefined))).toBe(true);
    expect(['', '/(/', '/a/x', 'a', '/a/i'].map(isBodyMatch)).toEqual([false, false, true, true, true]);
  });
});
