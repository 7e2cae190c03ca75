import { describe, expect, it } from 'vitest';
import { createClaims } from '../../../sdk/claims.ts';
import { createCopies } from '../../../sdk/copies.ts';
import { createEndedMarks } from '../../../sdk/ended-marks.ts';
import type { Offer, Sent } from '../../../sdk/headers.ts';
import type { ClaimResult } from '../../../sdk/store-api.ts';

const state = new Uint8Array([1]);

function setUp() {
  const copies = createCopies({ idleMs: 1000, copiesMax: 100, now: () => 0 });
  const ended = createEndedMarks();
  const asked: { epoch: number; answer(result: ClaimResult): void }[] = [];
  const api = {
    claim: (_target: unknown, epoch: number) =>
      new Promise<ClaimResult>((answer) => asked.push({ epoch, answer })),
  };
  const claims = createClaims({ copies, ended, api, now: () => 0 });
  return { copies, ended, asked, claims };
}

const sent = (epoch: number, offer: Offer = { kind: 'nothing' }): Sent => ({
  session: 'id',
  epoch,
  apiUrl: 'http://store',
  capability: 'c',
  store: { kind: 'own' },
  offer,
  release: 'no',
  storing: 'on',
});
const claimed = (epoch: number): ClaimResult => ({ kind: 'claimed', epoch, version: 7, state });
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('claims', () => {
  it('[SD7] requests of one session wait for one claim', async () => {
    const { asked, claims } = setUp();
    const settled = Promise.all([claims.settle(sent(1)), claims.settle(sent(1)), claims.settle(sent(1))]);
    asked[0]?.answer(claimed(2));
    for (const each of await settled)
      expect(each).toMatchObject({ kind: 'copy', copy: { epoch: 2, version: 7 } });
    expect(asked).toHaveLength(1);
  });

  it('[SD7] a request that knows of a newer epoch begins again after the claim', async () => {
    const { asked, claims } = setUp();
    const first = claims.settle(sent(1));
    const second = claims.settle(sent(5));
    asked[0]?.answer(claimed(2));
    await first;
    await turn();
    expect(asked[1]?.epoch).toBe(5);
    asked[1]?.answer(claimed(6));
    expect(await second).toMatchObject({ copy: { epoch: 6 } });
  });

  it('[SD8] a claim does not replace a copy that became newer meanwhile', async () => {
    const { asked, claims, copies } = setUp();
    const waiting = claims.settle(sent(1));
    await claims.settle(sent(4, { kind: 'state', version: 9, state }));
    asked[0]?.answer(claimed(2));
    expect(await waiting).toMatchObject({ copy: { epoch: 4, version: 9 } });
    expect(copies.get('id')?.epoch).toBe(4);
  });

  it('[SD8] a claim does not bring back a session that ended meanwhile', async () => {
    const { asked, claims, copies, ended } = setUp();
    const waiting = claims.settle(sent(1));
    ended.add('id');
    asked[0]?.answer(claimed(2));
    expect(await waiting).toEqual({ kind: 'need', need: 'session' });
    expect(copies.size).toBe(0);
  });

  it('[SD9] claimed at a newer epoch: that epoch is claimed next', async () => {
    const { asked, claims } = setUp();
    const waiting = claims.settle(sent(1));
    asked[0]?.answer({ kind: 'newer', epoch: 3 });
    await turn();
    expect(asked[1]?.epoch).toBe(3);
    asked[1]?.answer(claimed(4));
    expect(await waiting).toMatchObject({ copy: { epoch: 4 } });
  });

  for (const [kind, need] of [
    ['elsewhere', 'row'],
    ['ended', 'session'],
    ['unreachable', 'state'],
  ] as const) {
    it(`[SD9] ${kind} → Limpet-Need: ${need}, for all who waited`, async () => {
      const { asked, claims, ended } = setUp();
      const waiting = Promise.all([claims.settle(sent(1)), claims.settle(sent(1))]);
      asked[0]?.answer({ kind });
      expect(await waiting).toEqual([
        { kind: 'need', need },
        { kind: 'need', need },
      ]);
      expect([asked.length, ended.has('id')]).toEqual([1, false]);
    });
  }

  it('[SD9] a failure is not the answer for a request that knows of a newer epoch', async () => {
    const { asked, claims } = setUp();
    const [older, newer] = [claims.settle(sent(1)), claims.settle(sent(5))];
    asked[0]?.answer({ kind: 'elsewhere' });
    expect(await older).toEqual({ kind: 'need', need: 'row' });
    await turn();
    asked[1]?.answer(claimed(6));
    expect(await newer).toMatchObject({ copy: { epoch: 6 } });
  });

  it('[SD9] a store that knows ever newer epochs does not hold the request for ever', async () => {
    const copies = createCopies({ idleMs: 1000, copiesMax: 100, now: () => 0 });
    const api = {
      claim: async (_: unknown, epoch: number): Promise<ClaimResult> => ({ kind: 'newer', epoch: epoch + 1 }),
    };
    const claims = createClaims({ copies, ended: createEndedMarks(), api, now: () => 0 });
    expect(await claims.settle(sent(1))).toEqual({ kind: 'need', need: 'state' });
  });

  it('[SD10] a read-only state is served and not kept', async () => {
    const { claims, copies } = setUp();
    const settled = await claims.settle(sent(1, { kind: 'read-only', ageS: 3, version: 7, state }));
    expect([settled.kind, copies.size]).toEqual(['read-only', 0]);
  });
});
