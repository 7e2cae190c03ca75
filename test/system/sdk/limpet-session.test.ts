import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createOrigin, type LimpetOrigin, type SessionHandle } from '../../../sdk/origin.ts';
import { createClient, HOME, KEY } from './fake-edge.ts';
import { type FakeStore, STATE_BYTES_MAX, startFakeStore } from './fake-store.ts';

let store: FakeStore;
let origin: LimpetOrigin;
let count = 0;

const options = { origin: HOME, key: KEY, storeDeadlineMs: 200, onProblem: () => undefined };
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (state: Uint8Array) => new TextDecoder().decode(state);

beforeAll(async () => void (store = await startFakeStore(HOME)));
afterAll(() => store.close());
beforeEach(() => {
  store.behaviour = { kind: 'well' };
  origin = createOrigin(options);
});

/** A request (a WebSocket's upgrade) comes, and what it leaves for later. */
async function upgrade(): Promise<SessionHandle> {
  const client = createClient(store, `w${String((count += 1)).padStart(28, '0')}`);
  const headers: Record<string, string | undefined> = client.headersFor('/ws');
  const arrival = await origin.arrive({ method: 'GET', target: '/ws', header: (name) => headers[name] });
  if (arrival.kind !== 'visit') throw new Error(`The request was ${arrival.kind}`);
  arrival.visit.close();
  return arrival.visit.handle;
}

const stored = ({ session }: SessionHandle) => store.rows.get(session)?.state.toString();
const claimAway = ({ session }: SessionHandle) =>
  store.claim(session, { home: 'b', instance: 'other', epoch: store.rows.get(session)?.epoch ?? 0 });

it('[SD53] a change outside of a request is stored before its caller goes on, and read by the next one', async () => {
  const handle = await upgrade();
  const session = origin.session(handle);
  expect([await session.set(bytes('one')), stored(handle)]).toEqual(['stored', 'one']);
  expect([await session.set(bytes('two')), stored(handle)]).toEqual(['stored', 'two']);
  const read = await origin.session(handle).get();
  expect(read.kind === 'state' && text(read.state)).toBe('two');
});

it('[SD53] another instance reads what was stored, with the handle of an older epoch', async () => {
  const handle = await upgrade();
  await origin.session(handle).set(bytes('one'));
  const read = await createOrigin(options).session(handle).get();
  expect(read.kind === 'state' && text(read.state)).toBe('one');
});

it('[SD54] a session that moved: the caller learns it, nothing is kept, and a read says so too', async () => {
  const handle = await upgrade();
  const session = origin.session(handle);
  await session.set(bytes('one'));
  claimAway(handle);
  expect([await session.set(bytes('two')), stored(handle)]).toEqual(['moved', 'one']);
  expect(await session.get()).toEqual({ kind: 'moved' });
  expect(await session.set(bytes('three'))).toBe('moved');
});

it('[SD54] an ended session is ended', async () => {
  const handle = await upgrade();
  const session = origin.session(handle);
  await session.set(bytes('one'));
  const row = store.rows.get(handle.session);
  if (row === undefined) throw new Error('nothing was stored');
  row.life = 'ended';
  expect(await session.set(bytes('two'))).toBe('ended');
  expect(await session.get()).toEqual({ kind: 'ended' });
});

it('[SD54] without the store a change is unreachable, and can be set again', async () => {
  const handle = await upgrade();
  const session = origin.session(handle);
  store.behaviour = { kind: 'fails', afterMs: 0 };
  expect(await session.set(bytes('one'))).toBe('unreachable');
  expect(await createOrigin(options).session(handle).get()).toEqual({ kind: 'unreachable' });
  store.behaviour = { kind: 'well' };
  expect([await session.set(bytes('one')), stored(handle)]).toEqual(['stored', 'one']);
});

it('[SD54] too large a state is refused, and the one before is read next', async () => {
  const handle = await upgrade();
  const session = origin.session(handle);
  await session.set(bytes('one'));
  expect(await session.set(new Uint8Array(STATE_BYTES_MAX + 1))).toBe('too-large');
  const read = await session.get();
  expect(read.kind === 'state' && text(read.state)).toBe('one');
});

it('[SD66] as a value: what a request and a socket set is one, and what is not of this form is not overwritten', async () => {
  const handle = await upgrade();
  const value = origin.value(handle);
  expect(await value.get()).toEqual({ kind: 'value', value: undefined });
  expect([await value.set({ a: 1 }), stored(handle)]).toEqual(['stored', '{"v":1,"value":{"a":1}}']);
  expect(await origin.value(handle).get()).toEqual({ kind: 'value', value: { a: 1 } });
  await origin.session(handle).set(bytes('{"v":1,"records":{}}'));
  expect([await value.set({ a: 2 }), await value.get()]).toEqual(['unreadable', { kind: 'unreadable' }]);
  expect(stored(handle)).toBe('{"v":1,"records":{}}');
  await expect(value.set(undefined)).rejects.toThrow('must be a JSON value');
});
