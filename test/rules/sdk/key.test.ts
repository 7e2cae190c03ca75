import { afterEach, describe, expect, it, vi } from 'vitest';
import { createOrigin } from '../../../sdk/origin.ts';
import { KEY } from './sent-request.ts';

describe('the two values', () => {
  const TABLE = [
    [{ origin: '', key: KEY }, 'LIMPET_ORIGIN must be the id of this origin in limpet.config.ts'],
    [{ origin: 'no spaces', key: KEY }, 'found "no spaces"'],
    [{ origin: 'a', key: '' }, 'LIMPET_KEY must be 43 characters of base64url (32 bytes), found nothing'],
    [{ origin: 'a', key: 'secret-but-short' }, 'found 16 characters that are not such a key'],
    [{ origin: 'a', key: `${KEY.slice(1)}!` }, 'found 43 characters that are not such a key'],
  ] as const;
  for (const [options, sentence] of TABLE) {
    it(`[SD19] ${JSON.stringify(options.origin)}, a key of ${options.key.length}: ${sentence}`, () => {
      expect(() => createOrigin(options)).toThrow(sentence);
      expect(() => createOrigin(options)).toThrow('npx limpet key <origin>');
    });
  }

  afterEach(() => vi.unstubAllEnvs());

  it('[SD19] come from the environment unless given', () => {
    expect(() => createOrigin()).toThrow('LIMPET_ORIGIN must be');
    vi.stubEnv('LIMPET_ORIGIN', 'a');
    expect(() => createOrigin()).toThrow('LIMPET_KEY must be');
    vi.stubEnv('LIMPET_KEY', KEY);
    expect([createOrigin().origin, createOrigin({ origin: 'b' }).origin]).toEqual(['a', 'b']);
  });

  it('[SD19] the key itself is never in the sentence', () => {
    expect(() => createOrigin({ origin: 'a', key: 'secret-but-short' })).not.toThrow(/secret-but-short/);
  });

  it('[SD19] two origins in one process are two instances', () => {
    const [one, two] = [createOrigin({ origin: 'a', key: KEY }), createOrigin({ origin: 'a', key: KEY })];
    expect(one.instance).not.toBe(two.instance);
    expect(one.instance).toMatch(/^[A-Za-z0-9_-]{16,}$/);
  });
});
