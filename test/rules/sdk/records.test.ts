import { describe, expect, it } from 'vitest';
import { decodeRecords, type Records } from '../../../sdk/express/records.ts';

const MINUTE_MS = 60_000;
const bytes = (text: string) => new TextEncoder().encode(text);

function session(data: object, maxAgeMs?: number, nowMs = 0): object {
  const expires = maxAgeMs === undefined ? null : new Date(nowMs + maxAgeMs).toISOString();
  return { ...data, cookie: { originalMaxAge: maxAgeMs ?? null, expires, path: '/' } };
}

function records(): Records {
  const empty = decodeRecords(new Uint8Array(0));
  if (!empty) throw new Error('no bytes must be no records');
  return empty;
}

describe('records', () => {
  it('[SD11] a state is read back as it was written', () => {
    const one = records();
    one.set('sid', one.read(session({ cart: [1] }, MINUTE_MS)), 0);
    const two = decodeRecords(one.encode());
    expect(two?.get('sid', 0)).toEqual(session({ cart: [1] }, MINUTE_MS));
    expect(two?.encode()).toEqual(one.encode());
  });

  it('[SD11] the state is JSON: v 1, and the text of each record', () => {
    const one = records();
    one.set('sid', one.read({ cookie: {} }), 0);
    expect(JSON.parse(new TextDecoder().decode(one.encode()))).toEqual({
      v: 1,
      records: { sid: '{"cookie":{}}' },
    });
  });

  it('[SD12] the same content is a touch, and a touch is a change only when the stored expiry is old', () => {
    const one = records();
    const maxAgeMs = 40 * MINUTE_MS;
    one.set('sid', one.read(session({ a: 1 }, maxAgeMs)), 0);
    const at = (nowMs: number) => one.set('sid', one.read(session({ a: 1 }, maxAgeMs, nowMs)), nowMs);
    expect(at(9 * MINUTE_MS)).toBe('touched');
    expect(at(11 * MINUTE_MS)).toBe('changed');
    expect(at(12 * MINUTE_MS)).toBe('touched');
  });

  it('[SD12] a touch that is not stored still lets the record live longer here', () => {
    const one = records();
    one.set('sid', one.read(session({}, 2 * MINUTE_MS)), 0);
    expect(one.touch('sid', session({}, 2 * MINUTE_MS, MINUTE_MS - 1), MINUTE_MS - 1)).toBe('touched');
    expect(one.get('sid', 2.5 * MINUTE_MS)).toBeDefined();
    expect(decodeRecords(one.encode())?.get('sid', 2.5 * MINUTE_MS)).toBeUndefined();
  });

  it('[SD12] a short age is stored at its half, so that it does not run out in the store', () => {
    const one = records();
    one.set('sid', one.read(session({}, 30_000)), 0);
    expect(one.touch('sid', session({}, 30_000, 10_000), 10_000)).toBe('touched');
    expect(one.touch('sid', session({}, 30_000, 16_000), 16_000)).toBe('changed');
  });

  it('[SD12] an age that becomes longer, shorter or none is a change', () => {
    const ages = [30 * 24 * 60 * MINUTE_MS, MINUTE_MS, undefined, 30 * MINUTE_MS];
    const one = records();
    one.set('sid', one.read(session({}, 30 * MINUTE_MS)), 0);
    for (const age of ages) {
      expect(one.set('sid', one.read(session({}, age)), 0)).toBe('changed');
      expect(decodeRecords(one.encode())?.get('sid', 0)).toEqual(session({}, age));
    }
  });

  it('[SD13] an expired record is not read, and goes with the next set', () => {
    const one = records();
    one.set('old', one.read(session({}, MINUTE_MS)), 0);
    expect(one.get('old', MINUTE_MS)).toBeUndefined();
    one.set('new', one.read(session({}, MINUTE_MS, MINUTE_MS)), MINUTE_MS);
    expect(one.sids()).toEqual(['new']);
  });
});

describe('a state that is not ours', () => {
  const deep = '{"a":'.repeat(100) + '1' + '}'.repeat(100);
  const STRANGE = {
    'not JSON': 'rO0AB',
    'another version': '{"v":2,"records":{}}',
    'no records': '{"v":1}',
    'a list': '{"v":1,"records":[]}',
    'a record that is no text': '{"v":1,"records":{"sid":{}}}',
    'a text that is no record': '{"v":1,"records":{"sid":"1"}}',
    'nested deeply': JSON.stringify({ v: 1, records: { sid: deep } }),
    'nested very deeply': '['.repeat(100_000),
  };
  for (const [name, text] of Object.entries(STRANGE)) {
    it(`[SD14] ${name} is unreadable, not empty`, () => expect(decodeRecords(bytes(text))).toBeUndefined());
  }

  it('[SD14] __proto__ reaches nothing, plain or escaped', () => {
    for (const name of ['__proto__', '\\u005f_proto__', '\\u005F\\u005fproto__']) {
      const text = `{"user":{"${name}":{"admin":true}},"cookie":{}}`;
      const read = decodeRecords(bytes(JSON.stringify({ v: 1, records: { sid: text } })))?.get('sid', 0);
      expect(read).toEqual({ user: {}, cookie: {} });
      expect(Object.keys(Object.assign({}, read))).toEqual(['user', 'cookie']);
    }
  });

  it('[SD14] brackets within strings are no depth', () => {
    const text = JSON.stringify({ note: `${'{['.repeat(100)}\\"`, cookie: {} });
    const state = bytes(JSON.stringify({ v: 1, records: { sid: text } }));
    expect(decodeRecords(state)?.get('sid', 0)).toEqual(JSON.parse(text));
  });
});
