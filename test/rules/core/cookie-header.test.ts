import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cookieValues, withoutCookie } from '../../../worker/core/cookie-header.ts';

describe('the Cookie header', () => {
  it.each([
    ['alone', 'limpet=1', ['1']],
    ['first', 'limpet=1; a=2', ['1']],
    ['in the middle', 'a=2; limpet=1; b=3', ['1']],
    ['last', 'a=2; limpet=1', ['1']],
    ['without a space', 'a=2;limpet=1;b=3', ['1']],
    ['in a second Cookie field, joined by ", "', 'a=2, limpet=1', ['1']],
    ['twice, in order', 'limpet=1; a=2; limpet=3', ['1', '3']],
    ['in quotes', 'limpet="1"; a=2', ['1']],
    ['empty', 'limpet=; a=2', ['']],
    ['with "=" in its value', 'limpet=1=2=3', ['1=2=3']],
    ['with a single quote character as its value', 'limpet="', ['"']],
  ])('[CH1] a value is found %s', (_where, header, values) => {
    expect(cookieValues(header, 'limpet')).toEqual(values);
  });

  it.each([
    ['a longer name that begins with it', 'limpet-shop=1; limpets=2; limpet.x=3'],
    ['a longer name that ends with it', '__Host-limpet=1; xlimpet=2'],
    ['a value', 'a=limpet=1; b="limpet=1"'],
    ['another case', 'Limpet=1; LIMPET=2'],
    ['a name without a value', 'limpet; a=1'],
  ])('[CH2] %s is another cookie, neither read nor taken out', (_what, header) => {
    expect(cookieValues(header, 'limpet')).toEqual([]);
    expect(withoutCookie(header, 'limpet')).toBe(header);
  });

  it.each([
    ['alone', 'limpet=1', ''],
    ['first', 'limpet=1; a=2', 'a=2'],
    ['in the middle', 'a=2; limpet=1; b=3', 'a=2; b=3'],
    ['last', 'a=2; limpet=1', 'a=2'],
    ['in a second Cookie field', 'a=2, limpet=1', 'a=2'],
    ['between two fields', 'a=2; limpet=1, b=3', 'a=2; b=3'],
    ['more than once', 'limpet=1; a=2; limpet=3; limpet=4', 'a=2'],
    ['behind empty pairs', ';; limpet=1;; a=2', 'a=2'],
    ['with a space before its semicolon', 'limpet=1 ; a=2', 'a=2'],
  ])('[CH3] ours is taken out %s, and the others stay as they came', (_where, header, rest) => {
    expect(withoutCookie(header, 'limpet')).toBe(rest);
  });

  it('[CH4] a comma belongs to a value, unless a name and "=" follow it', () => {
    expect(withoutCookie('cart=[1, 2, 3]; limpet=1; at=Thu, 01 Jan', 'limpet')).toBe(
      'cart=[1, 2, 3]; at=Thu, 01 Jan',
    );
    expect(cookieValues('a=1,limpet=2', 'limpet')).toEqual([]);
  });

  it('[CH5] for all jars, taking ours out leaves exactly the others', () => {
    const names = fc.constantFrom('limpet', 'limpet-shop', 'a', '__Host-limpet', 'limpe');
    const values = fc.stringMatching(/^[!#-+\--:<-[\]-~\u00a1-\u00ff]{0,12}$/);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(names, values), { maxLength: 12 }),
        fc.constantFrom('; ', ';', ', '),
        (jar, separator) => {
          const header = jar.map(([name, value]) => `${name}=${value}`).join(separator);
          const without = withoutCookie(header, 'limpet');
          for (const name of ['limpet', 'limpet-shop', 'a', '__Host-limpet', 'limpe']) {
            const values = jar.filter(([other]) => other === name).map(([, value]) => value);
            expect(cookieValues(header, name, 100)).toEqual(values);
            expect(cookieValues(without, name, 100)).toEqual(name === 'limpet' ? [] : values);
          }
        },
      ),
    );
  });

  it('[CH6] at most eight values are looked at, of however many', () => {
    expect(
      cookieValues(Array.from({ length: 1_000 }, (_, at) => `limpet=${at}`).join('; '), 'limpet'),
    ).toHaveLength(8);
  });

  // Quadratic work on half a megabyte would take minutes: these end, or the runner ends them.
  it.each([
    ['semicolons', ';'],
    ['commas', ', '],
    ['commas and spaces', ',          '],
    ['equals signs', '='],
    ['pairs', 'a=1; '],
    ['almost our name', 'limpe=1, limpet'],
    ['a name that never gets its "="', 'limpet'],
    ['bytes above 0x7f', 'ÿ=\u0080; '],
  ])('[CH7] half a megabyte of %s is read in one pass, and ours is still found', (_what, part) => {
    const hostile = part.repeat(500_000 / part.length);
    expect(cookieValues(`${hostile}; limpet=1`, 'limpet')).toEqual(['1']);
    expect(cookieValues(withoutCookie(`limpet=1; ${hostile}`, 'limpet'), 'limpet')).toEqual([]);
  });
});
