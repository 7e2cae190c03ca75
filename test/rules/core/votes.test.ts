import { describe, expect, it } from 'vitest';
import { verdictOf, type Vote } from '../../../worker/core/votes.ts';

const sees = (region: string, said: string, at = 1): Vote => ({
  region,
  result: { ok: said === 'status 200', said, status: Number(said.split(' ')[1]), at },
});
const good = 'status 200';
const bad = 'status 500';

describe('what the vantages say together', () => {
  it('[PB3] one voice counts as it is, and nobody says nothing', () => {
    expect(verdictOf([sees('', bad)])).toEqual({ ok: false, said: bad, status: 500, at: 1 });
    expect(verdictOf([])).toBeUndefined();
  });

  it('[PB3] the majority of the regions decides, and is named', () => {
    const votes = [sees('weur', bad), sees('enam', good), sees('apac', bad, 5)];
    expect(verdictOf(votes)).toEqual({ ok: false, said: 'weur, apac: status 500', status: 500, at: 5 });
    expect(verdictOf([sees('weur', good), sees('enam', good)])).toMatchObject({ ok: true });
  });

  it('[PB3] each region has one voice, by the majority of its own', () => {
    const crowd = [sees('weur', bad), sees('weur', bad), sees('weur', good)];
    expect(verdictOf([...crowd, sees('enam', good), sees('apac', good)])?.ok).toBe(true);
    expect(verdictOf([...crowd, sees('enam', bad), sees('apac', good)])?.ok).toBe(false);
  });

  it('[PB3] a tie is no word at all', () => {
    expect(verdictOf([sees('weur', bad), sees('enam', good)])).toBeUndefined();
    // A region that disagrees with itself leaves the word to the others.
    const torn = [sees('weur', bad), sees('weur', good)];
    expect(verdictOf([...torn, sees('enam', bad)])?.ok).toBe(false);
  });
});
