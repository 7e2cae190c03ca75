import { beforeAll, describe, expect, it } from 'vitest';
import { originId, poolName } from '../../../worker/core/ids.ts';
import { createKeyring, type Keyring, viaName } from '../../../worker/core/keyring.ts';
import { originKeyText } from '../../../worker/core/origin-key.ts';
import { a, b, secrets, session, sessionNo, startS } from '../visit.ts';

const [oldKey, newKey] = [
  'the-old-key-0123456789abcdef-0123456789',
  'the-new-key-0123456789abcdef-0123456789',
];
const ring = (cookieKeys: string[], { pool = 'shop', origins = [a, b] } = {}) =>
  createKeyring(poolName(pool), origins, { cookieKeys, originSecret: secrets.originSecret });
const state = new TextEncoder().encode('{"cart":[1]}');

let keys: Keyring;
const signedBy = ({ signCookie, homeTag }: Keyring, name = '__Host-limpet') =>
  signCookie(name, {
    session,
    homeTag: homeTag(a),
    epoch: 3,
    incarnation: 2,
    startedS: startS,
    renewedS: startS,
  });

beforeAll(async () => {
  keys = await ring([oldKey]);
});

describe('a signed cookie', () => {
  it('[KR1] opens to its claims and its home', async () => {
    expect(await keys.openCookie('__Host-limpet', await signedBy(keys))).toEqual({
      home: a,
      claims: {
        session,
        homeTag: keys.homeTag(a),
        epoch: 3,
        incarnation: 2,
        startedS: startS,
        renewedS: startS,
      },
    });
  });

  it('[KR2] is refused with any one bit of it flipped', async () => {
    const value = await signedBy(keys);
    const flipped = [...value].flatMap((character, at) =>
      [1, 2, 4, 8, 16, 32, 64].map(
        (bit) =>
          value.slice(0, at) + String.fromCharCode(character.charCodeAt(0) ^ bit) + value.slice(at + 1),
      ),
    );
    const opened = await Promise.all(flipped.map((one) => keys.openCookie('__Host-limpet', one)));
    expect(flipped.filter((_one, at) => typeof opened[at] !== 'string')).toEqual([]);
  });

  it('[KR2] is refused with its tag cut short or left out', async () => {
    const value = await signedBy(keys);
    for (const cut of [value.slice(0, -1), value.slice(0, -8), value.slice(0, value.lastIndexOf('.') + 1)]) {
      expect(await keys.openCookie('__Host-limpet', cut)).toBe('cookie_malformed');
    }
  });

  it('[KR3] is refused under another name, and in another pool with the same keys', async () => {
    expect(await keys.openCookie('limpet', await signedBy(keys))).toBe('cookie_forged');
    const other = await ring([oldKey], { pool: 'blog' });
    expect(await other.openCookie('__Host-limpet', await signedBy(keys))).toBe('cookie_forged');
  });

  it('[KR4] outlives a rotation: the first key signs, all verify, a key that is gone verifies nothing', async () => {
    const [both, onlyNew] = [await ring([newKey, oldKey]), await ring([newKey])];
    expect(await both.openCookie('__Host-limpet', await signedBy(keys))).toMatchObject({ home: a });
    expect(await onlyNew.openCookie('__Host-limpet', await signedBy(both))).toMatchObject({ home: a });
    expect(await onlyNew.openCookie('__Host-limpet', await signedBy(keys))).toBe('cookie_forged');
  });

  it('[KR5] names home by a tag that says nothing of it, and is another one in every pool and under every key', async () => {
    const home = originId('checkout-1.internal.example');
    const rings = [
      await ring([oldKey], { origins: [home] }),
      await ring([newKey], { origins: [home] }),
      await ring([oldKey], { origins: [home], pool: 'blog' }),
    ];
    const tags = rings.map((one) => one.homeTag(home));
    expect(new Set(tags).size).toBe(3);
    for (const tag of tags) expect(tag).toMatch(/^[\w-]{8}$/);
    const [first] = rings;
    const value =
      first === undefined
        ? ''
        : await first.signCookie('limpet', {
            session,
            homeTag: first.homeTag(home),
            epoch: 0,
            incarnation: 0,
            startedS: startS,
            renewedS: startS,
          });
    const bytes = Buffer.from(home);
    for (const encoding of ['utf8', 'base64url', 'hex'] as const)
      expect(value).not.toContain(bytes.toString(encoding).slice(0, 8));
  });

  it('[KR6] of an origin that the pool has no more opens to no home', async () => {
    const without = await ring([oldKey], { origins: [b] });
    expect(await without.openCookie('__Host-limpet', await signedBy(keys))).toMatchObject({
      home: undefined,
      claims: { session },
    });
  });
});

describe('the other keys of a pool', () => {
  it('[KR7] a seal holds for one session, one epoch, these bytes and this pool', async () => {
    const seal = await keys.sealState(session, 3, state);
    const other = await ring([oldKey], { pool: 'blog' });
    expect(await keys.stateIntact(session, 3, state, seal)).toBe(true);
    expect(await keys.stateIntact(sessionNo(2), 3, state, seal)).toBe(false);
    expect(await keys.stateIntact(session, 4, state, seal)).toBe(false);
    expect(await keys.stateIntact(session, 3, state.subarray(1), seal)).toBe(false);
    expect(await other.stateIntact(session, 3, state, seal)).toBe(false);
  });

  it('[KR8] what is signed for one purpose never verifies for another', async () => {
    const text = 'one and the same text';
    expect(await keys.capabilityIntact(text, await keys.signCapability(text))).toBe(true);
    expect(await keys.capabilityIntact(text, await keys.signRequest(a, text))).toBe(false);
    expect(await keys.digest('learned', text)).not.toEqual(await keys.digest('first-visit', text));
    expect(await keys.signRequest(a, text)).not.toBe(await keys.signRequest(b, text));
  });

  it('[KR9] seals and capabilities outlive a rotation of the cookie keys', async () => {
    const rotated = await ring([newKey]);
    expect(await rotated.stateIntact(session, 3, state, await keys.sealState(session, 3, state))).toBe(true);
    expect(await rotated.capabilityIntact('text', await keys.signCapability('text'))).toBe(true);
  });

  it('[KR10] the key of an origin and the signature of a request are those of docs/contract.md', async () => {
    const secret = 'an-origin-secret-of-32-characters-or-more';
    expect(await originKeyText(secret, 'shop', 'a')).toBe('E7Un_C9lIoU7wiiydqOWNWgRd80DYVGxt7K8LRD9zi4');
    const contract = await createKeyring(poolName('shop'), [a], {
      cookieKeys: [oldKey],
      originSecret: secret,
    });
    const id = 'xx00007Zq3vYk0hT5mR8wLcN1xQ4p';
    const api = `https://shop.example.com/.limpet/sessions/${id} Y2FwYWJpbGl0eQ`;
    const message = ['limpet-request-v1', '29900000', id, '3', api, 'safe', ''].join('\n');
    expect(await contract.signRequest(a, message)).toBe('mSc6Nt44nrvoDKktdVqH6m0nA2KzAZlAUD-rJRCtppk');
  });

  it('[KR11] a keyring without any cookie key is not made', async () => {
    await expect(ring([])).rejects.toThrow('COOKIE_KEYS must name at least one key');
  });

  it('[KR12] the name in Via is a pseudonym of the deployment', async () => {
    expect(await viaName(secrets.originSecret)).toMatch(/^limpet-[\w-]{8}$/);
    expect(await viaName(secrets.originSecret)).not.toBe(await viaName('another-secret'));
  });
});
