import { deserialize, serialize } from 'node:v8';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Codec, jsonCodec, readValue, valueState } from '../../../sdk/codec.ts';
import { joinParts, splitParts } from '../../../sdk/express/parts.ts';
import { recordForm } from '../../../sdk/express/record-form.ts';
import { decodeRecords } from '../../../sdk/express/records.ts';

const structured: Codec = { encode: (value) => serialize(value), decode: (bytes) => deserialize(bytes) };
const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
const text = (state: Uint8Array) => new TextDecoder().decode(state);
const bytes = (written: string) => new TextEncoder().encode(written);

describe('the JSON codec', () => {
  it('[SD58] for all JSON values: what is encoded is decoded, save ways to a prototype', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        fc.pre(!/__proto__|constructor/.test(JSON.stringify(value)));
        expect(jsonCodec.decode(jsonCodec.encode(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('[SD58] what is nested deeper than 64 is not written, so that what is written can be read', () => {
    expect(jsonCodec.decode(jsonCodec.encode(nested(64)))).toEqual(nested(64));
    expect(() => jsonCodec.encode(nested(65))).toThrow(
      'must be nested at most 64 deep: current value is 65 deep',
    );
  });

  it.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('a')],
  ])('[SD58] %s is no JSON value', (_name, value) => {
    expect(() => jsonCodec.encode(value)).toThrow('must be a JSON value');
    expect(() => valueState(value, jsonCodec)).toThrow('must be a JSON value');
  });

  it.each([
    ['plain', '{"constructor":{"prototype":{"admin":true}},"a":{"constructor":{"prototype":1,"b":2}}}'],
    [
      'escaped',
      '{"\\u0063onstructor":{"proto\\u0074ype":{"admin":true}},"a":{"constructo\\u0072":{"prototype":1}}}',
    ],
  ])('[SD58] constructor.prototype reaches nothing, %s', (_name, written) => {
    expect(jsonCodec.decode(bytes(written))).toEqual({ a: {} });
  });

  it('[SD58] a constructor that is mere data stays', () => {
    const value = { constructor: 'Ferrari', list: [{ constructor: { name: 'Lotus' } }] };
    expect(jsonCodec.decode(jsonCodec.encode(value))).toEqual(value);
  });
});

describe('a codec of one’s own', () => {
  const value = { at: new Date(0), tags: new Map([['a', new Set([1])]]), blob: new Uint8Array([1, 2]) };

  it('[SD59] keeps what it can write, where JSON could not', () => {
    expect(readValue(valueState(value, structured), structured)).toEqual({ value });
    expect(readValue(valueState(value, structured), jsonCodec)).toBeUndefined();
    expect(readValue(valueState(1, jsonCodec), structured)).toBeUndefined();
  });

  it('[SD59] session records keep it too, each read afresh', () => {
    const form = recordForm(structured);
    const one = decodeRecords(new Uint8Array(0), form);
    one?.set('sid', one.read({ ...value, cookie: { expires: new Date(9e12) } }), 0);
    const state = one?.encode() ?? bytes('');
    const two = decodeRecords(state, form);
    const read = two?.get('sid', 0);
    expect(read).toMatchObject(value);
    expect(two?.get('sid', 0)).not.toBe(read);
    expect([decodeRecords(state), decodeRecords(bytes('{"v":1,"records":{}}'), form)]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('[SD59] a record that was read and is saved again has the same content, as with JSON', () => {
    for (const codec of [structured, jsonCodec]) {
      const one = decodeRecords(new Uint8Array(0), recordForm(codec));
      const cookie = (expires: Date) => ({ toJSON: () => ({ path: '/', expires, priority: undefined }) });
      one?.set('sid', one.read({ user: 1, cookie: cookie(new Date(8e12)) }), 0);
      expect(one?.read({ ...one.get('sid', 0), cookie: cookie(new Date(9e12)) }).content).toBe(
        one?.contentOf('sid'),
      );
    }
  });
});

describe('parts', () => {
  it('[SD60] for all names and bytes: what is joined is split, and nothing cut or added is taken', () => {
    const part = fc.tuple(
      fc.string(),
      fc.uint8Array().map((body) => Buffer.from(body).toString('latin1')),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
        const whole = joinParts(parts);
        expect(splitParts(whole)).toEqual(parts);
        expect(splitParts(Buffer.concat([whole, Buffer.from([0])]))).toBeUndefined();
        for (const end of [0, 3, 7, whole.length - 1])
          expect(splitParts(whole.subarray(0, end))).toBeUndefined();
      }),
    );
  });

  it('[SD60] an index of nonsense is not taken', () => {
    for (const index of ['', '{}', '[1]', '[["a",-1]]', '[["a",1.5]]', '[["a"]]', '[[1,0]]']) {
      const head = Buffer.from([0xf5, 0x4c, 0x52, 0x01, 0, 0, 0, index.length]);
      expect([index, splitParts(Buffer.concat([head, Buffer.from(index)]))]).toEqual([index, undefined]);
    }
    expect(text(joinParts([])).endsWith('[]')).toBe(true);
  });
});
