import { beforeEach, describe, expect, it } from 'vitest';
import { originId, type SessionId } from '../../worker/core/ids.ts';
import { makeSessionId } from '../../worker/core/session-id.ts';
import type { SealedState, StateStore } from '../../worker/ports.ts';

/** A store under test. `pass` lets time go by at whatever keeps the store's expiry. */
export interface StoreUnderTest {
  readonly states: StateStore;
  now(): number;
  pass(ms: number): Promise<void>;
}

const home = originId('a');
const dayMs = 86_400_000;
const nothing = { epoch: 0, version: 0 };
let drawn = 0;

/** What every store of states does alike (docs/spec.md, XS), whoever runs it. */
export function describeStateStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`the store of states: ${name}`, () => {
    let store: StoreUnderTest;
    let session: SessionId;

    beforeEach(async () => {
      store = await open();
      session = newSession();
    });

    const limits = (ms = dayMs) => ({ expiresAt: store.now() + ms, endsAt: store.now() + 2 * dayMs });
    const wish = (
      text: string,
      expected = nothing,
      other: { nonce?: string; epoch?: number; ms?: number } = {},
    ) => ({
      expected,
      nonce: other.nonce ?? `nonce-${(drawn += 1)}`,
      state: sealedText(text),
      assumed: { home, epoch: other.epoch ?? 0 },
      limits: limits(other.ms),
    });
    const ending = (expected: typeof nothing | undefined) => ({
      expected,
      nonce: '',
      assumed: { home, epoch: 0 },
      limits: limits(),
    });
    const put = (...words: Parameters<typeof wish>) => store.states.put(session, wish(...words));
    const get = () => store.states.get(session);
    const text = async () => {
      const held = await get();
      return held.kind === 'held' ? textOf(held.state) : held.kind;
    };

    it('[XS1] holds nothing under an id that nobody has written', async () => {
      expect(await get()).toEqual({ kind: 'held', stamp: nothing });
    });

    it('[XS2] hands out what was put, bytes and seal, with its stamp', async () => {
      expect(await put('{"cart":[1]}')).toEqual({ kind: 'stored', stamp: { epoch: 0, version: 1 } });
      expect(await get()).toEqual({
        kind: 'held',
        stamp: { epoch: 0, version: 1 },
        state: sealedText('{"cart":[1]}'),
      });
    });

    it('[XS2] hands out any bytes, and none', async () => {
      const state = { ...sealedText(''), bytes: Uint8Array.from({ length: 256 }, (_, at) => at) };
      await store.states.put(session, { ...wish(''), state });
      expect(await get()).toMatchObject({ state });
      await put('', { epoch: 0, version: 1 });
      expect(await get()).toMatchObject({ stamp: { version: 2 }, state: sealedText('') });
    });

    it('[XS3] stores only what was written on the newest state, and says which that is', async () => {
      await put('one');
      await put('two', { epoch: 0, version: 1 });
      for (const stale of [
        nothing,
        { epoch: 0, version: 1 },
        { epoch: 1, version: 2 },
        { epoch: 0, version: 3 },
      ])
        expect(await put('stale', stale)).toEqual({ kind: 'changed', stamp: { epoch: 0, version: 2 } });
      expect(await text()).toBe('two');
    });

    it('[XS3] of writers that have all read the same state one is stored', async () => {
      await put('base');
      const all = await Promise.all(
        Array.from({ length: 8 }, (_, at) => put(`w${at}`, { epoch: 0, version: 1 })),
      );
      expect(all.filter(({ kind }) => kind === 'stored')).toHaveLength(1);
      expect(all.filter(({ kind }) => kind === 'changed')).toHaveLength(7);
      expect(await text()).toBe(`w${all.findIndex(({ kind }) => kind === 'stored')}`);
    });

    it('[XS4] the same call again is the same write', async () => {
      const once = wish('one');
      const first = await store.states.put(session, once);
      expect(await store.states.put(session, once)).toEqual(first);
      expect(await get()).toMatchObject({ stamp: { epoch: 0, version: 1 } });
    });

    it('[XS4] repeated after somebody else has written, it undoes nothing', async () => {
      const once = wish('one');
      await store.states.put(session, once);
      await put('two', { epoch: 0, version: 1 });
      expect(await store.states.put(session, once)).toMatchObject({ kind: 'changed' });
      expect(await text()).toBe('two');
    });

    it('[XS5] a stamp never goes back, whatever epoch the writer was sent', async () => {
      const first = await put('one', nothing, { epoch: 3 });
      expect(first).toEqual({ kind: 'stored', stamp: { epoch: 3, version: 1 } });
      const second = await put('two', { epoch: 3, version: 1 }, { epoch: 1 });
      expect(second).toEqual({ kind: 'stored', stamp: { epoch: 3, version: 2 } });
    });

    it('[XS6] an ended session is ended for good', async () => {
      await put('one');
      expect(await store.states.end(session, ending(undefined))).toEqual({ kind: 'ended' });
      expect(await get()).toEqual({ kind: 'ended' });
      for (const expected of [nothing, { epoch: 0, version: 1 }])
        expect(await put('again', expected)).toEqual({ kind: 'ended' });
      expect(await store.states.touch(session, { assumed: { home, epoch: 0 }, limits: limits() })).toEqual({
        kind: 'ended',
      });
      expect(await store.states.end(session, ending(undefined))).toEqual({ kind: 'ended' });
    });

    it('[XS6] so is one that nobody had written', async () => {
      await store.states.end(session, ending(undefined));
      expect(await put('late')).toEqual({ kind: 'ended' });
    });

    it('[XS7] an end that names what it has read ends nothing else', async () => {
      await put('one');
      await put('two', { epoch: 0, version: 1 });
      expect(await store.states.end(session, ending({ epoch: 0, version: 1 }))).toEqual({
        kind: 'changed',
        stamp: { epoch: 0, version: 2 },
      });
      expect(await text()).toBe('two');
      expect(await store.states.end(session, ending({ epoch: 0, version: 2 }))).toEqual({ kind: 'ended' });
    });

    it('[XS8] a state goes when its time is over, and a touch gives it more', async () => {
      const other = newSession();
      await store.states.put(other, wish('two', nothing, { ms: 2_000 }));
      expect(await store.states.touch(other, { assumed: { home, epoch: 0 }, limits: limits() })).toEqual({
        kind: 'touched',
      });
      await put('one', nothing, { ms: 500 });
      await store.pass(2_200);
      expect(await get()).toEqual({ kind: 'held', stamp: nothing });
      expect(await store.states.get(other)).toMatchObject({ state: sealedText('two') });
    });

    it('[XS8] a touch stores nothing where nothing is stored', async () => {
      await store.states.touch(session, { assumed: { home, epoch: 0 }, limits: limits() });
      expect(await get()).toMatchObject({ kind: 'held', stamp: { version: 0 } });
      expect(await text()).toBeUndefined();
    });

    it('[XS9] sessions do not meet', async () => {
      await put('mine');
      const other = newSession();
      await store.states.put(other, wish('theirs'));
      await store.states.end(other, ending(undefined));
      expect(await text()).toBe('mine');
    });

    it('[XS2] hands out a large state', async () => {
      const state = { ...sealedText(''), bytes: noise(1_000_000) };
      await store.states.put(session, { ...wish(''), state });
      const held = await get();
      const isSame = held.kind === 'held' && held.state?.bytes.every((byte, at) => byte === state.bytes[at]);
      expect([isSame, held.kind === 'held' && held.state?.bytes.length]).toEqual([true, 1_000_000]);
    });
  });
}

function newSession(): SessionId {
  const random = crypto.getRandomValues(new Uint8Array(16));
  return makeSessionId({ region: 'xx', generation: 0, number: 1 }, random);
}

function sealedText(text: string): SealedState {
  return { bytes: new Uint8Array(new TextEncoder().encode(text)), seal: 'A-seal_of-22-characters', epoch: 7 };
}

function textOf(state: SealedState | undefined): string | undefined {
  return state === undefined ? undefined : new TextDecoder().decode(state.bytes);
}

/** Bytes without a pattern, the same every time. */
function noise(count: number): Uint8Array<ArrayBuffer> {
  let seed = 1;
  return Uint8Array.from({ length: count }, () => (seed = (seed * 48_271) % 2_147_483_647) & 255);
}
