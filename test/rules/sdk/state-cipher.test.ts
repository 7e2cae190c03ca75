import { createHmac, hkdfSync, createDecipheriv } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStateCipher, refuseSealed, type StateCipher } from '../../../sdk/state-cipher.ts';
import { readStateKeys } from '../../../sdk/state-keys.ts';

const keyOf = (name: string) => createHmac('sha256', 'test').update(name).digest('base64');
const [OLD, NEW] = [keyOf('old'), keyOf('new')] as const;
const bytes = (text: string) => new TextEncoder().encode(text);

function cipher(keys: readonly string[], unencrypted?: 'accept'): StateCipher {
  const read = readStateKeys({ keys, ...(unencrypted ? { unencrypted } : {}) });
  if (!read) throw new Error('There must be keys');
  return createStateCipher(read);
}

describe('a state cipher', () => {
  it('[EE1] for all states: what one instance encrypts, another opens, and nothing of it can be read', async () => {
    const [one, other] = [cipher([NEW]), cipher([NEW])];
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (state) => {
        const sealed = await one.seal(state);
        expect(sealed.length).toBe(state.length + one.overheadBytes);
        expect(await other.open(sealed)).toEqual({ kind: 'opened', state });
      }),
      { numRuns: 50 },
    );
    expect(Buffer.from(await one.seal(bytes('the secret of a cart'))).includes('secret')).toBe(false);
  });

  it('[EE1] the same state twice is not the same bytes', async () => {
    const one = cipher([NEW]);
    expect(await one.seal(bytes('cart'))).not.toEqual(await one.seal(bytes('cart')));
  });

  it('[EE2] the layout is what the documentation says, read here without the SDK', async () => {
    const sealed = Buffer.from(await cipher([NEW]).seal(bytes('cart')));
    const [key, nonce] = [Buffer.from(NEW, 'base64'), sealed.subarray(28, 40)];
    const id = hkdfSync('sha256', key, Buffer.alloc(0), 'limpet-state-v1 id', 8);
    expect(sealed.subarray(0, 12)).toEqual(Buffer.concat([Buffer.from('f54c4501', 'hex'), Buffer.from(id)]));
    const derived = Buffer.from(hkdfSync('sha256', key, sealed.subarray(12, 28), 'limpet-state-v1', 32));
    const opening = createDecipheriv('aes-256-gcm', derived, nonce).setAAD(sealed.subarray(0, 28));
    opening.setAuthTag(sealed.subarray(-16));
    expect(opening.update(sealed.subarray(40, -16)).toString()).toBe('cart');
    opening.final();
  });

  it('[EE3] the first key encrypts, all of them open: a rotation in three steps loses nothing', async () => {
    const steps = [[OLD], [OLD, NEW], [NEW, OLD], [NEW]].map((keys) => cipher(keys));
    const opens = async (from: number, to: number) =>
      (await steps[to]?.open((await steps[from]?.seal(bytes('cart'))) ?? bytes('')))?.kind;
    for (const [from, to] of [
      [0, 1],
      [1, 0],
      [1, 2],
      [2, 1],
      [2, 3],
      [3, 2],
    ] as const)
      expect([from, to, await opens(from, to)]).toEqual([from, to, 'opened']);
    expect([await opens(0, 3), await opens(3, 0)]).toEqual(['locked', 'locked']);
  });

  it('[EE4] whatever byte is changed, it stays shut', async () => {
    const one = cipher([NEW]);
    const sealed = await one.seal(bytes('cart'));
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = sealed.map((byte, index) => (index === at ? byte ^ 1 : byte));
      expect([at, (await one.open(changed)).kind]).toEqual([at, 'locked']);
    }
    expect((await one.open(sealed.subarray(0, -1))).kind).toBe('locked');
    expect((await one.open(sealed.subarray(0, 30))).kind).toBe('locked');
  });

  it('[EE5] a key that is not here is named, and so is the want of any', async () => {
    const sealed = await cipher([OLD]).seal(bytes('cart'));
    const why = /encrypted with key [A-Za-z0-9_-]{11}, which is not here/;
    expect(await cipher([NEW]).open(sealed)).toEqual({ kind: 'locked', why: expect.stringMatching(why) });
    expect(refuseSealed(sealed)).toEqual({
      kind: 'locked',
      why: expect.stringContaining('LIMPET_STATE_KEYS'),
    });
  });

  it('[EE6] a state that is not encrypted is opened only while that is accepted; none is none', async () => {
    expect(await cipher([NEW]).open(bytes('{}'))).toEqual({
      kind: 'locked',
      why: expect.stringContaining("'accept'"),
    });
    expect(await cipher([NEW], 'accept').open(bytes('{}'))).toEqual({ kind: 'opened', state: bytes('{}') });
    expect(await cipher([NEW]).open(bytes(''))).toEqual({ kind: 'opened', state: bytes('') });
    expect(refuseSealed(bytes('{}'))).toEqual({ kind: 'opened', state: bytes('{}') });
  });
});

describe('state keys', () => {
  it('[EE7] come from the options, else from LIMPET_STATE_KEYS, else there are none', () => {
    expect(readStateKeys(undefined)).toBeUndefined();
    process.env['LIMPET_STATE_KEYS'] = `${NEW}, ${OLD}`;
    try {
      expect(readStateKeys(undefined)?.keys).toHaveLength(2);
      expect(readStateKeys({ keys: [NEW] })?.keys).toHaveLength(1);
    } finally {
      delete process.env['LIMPET_STATE_KEYS'];
    }
  });

  const urlSafe = Buffer.from(NEW, 'base64').toString('base64url');
  it.each([
    ['too short', ['c2hvcnQ='], 'encryption.keys[0] must be 32 bytes as base64 or base64url, found 5 bytes'],
    ['too long', [NEW, keyOf('a').slice(0, 42) + keyOf('b')], 'encryption.keys[1] must be 32 bytes'],
    ['not base64', ['a key!'], 'found 6 characters that are neither'],
    ['none', [], 'at least one key, found none'],
    ['twice', [NEW, NEW], 'encryption.keys[1] must be another key than the others, found the one of [0]'],
    ['twice, written otherwise', [NEW, urlSafe], 'found the one of [0]'],
  ])('[EE7] %s: a clear error that does not repeat the key', (_name, keys, message) => {
    expect(() => readStateKeys({ keys })).toThrow(message);
    expect(() => readStateKeys({ keys })).toThrow('openssl rand -base64 32');
  });

  it('[EE7] encryption without any key is an error', () => {
    expect(() => readStateKeys({ unencrypted: 'accept' })).toThrow('or LIMPET_STATE_KEYS, found neither');
  });
});
