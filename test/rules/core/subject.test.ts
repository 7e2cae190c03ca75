import { describe, expect, it } from 'vitest';
import { claim, end, label, put, renew, rotate } from '../../../worker/core/fence.ts';
import { instanceId, noInstance, originId, poolName, subjectTag } from '../../../worker/core/ids.ts';
import { createKeyring } from '../../../worker/core/keyring.ts';
import { decodePage, type Entry, encodePage, noState } from '../../../worker/core/page.ts';
import type { Row, Slot } from '../../../worker/core/row.ts';
import { parseSubject } from '../../../worker/steps/returned.ts';
import { secrets, sessionNo } from '../visit.ts';

const [a, b] = [originId('a'), originId('b')];
const [one, two] = [instanceId('instance-one-0001'), instanceId('instance-two-0002')];
const [ada, bob] = [subjectTag('tag-of-ada'), subjectTag('tag-of-bob')];
const limits = { expiresAt: 1_000, endsAt: 2_000 };
const assumed = { home: a, epoch: 0 };
const row: Row = { home: a, instance: one, epoch: 3, version: 5, claimedBy: '', ...limits };
const slotOf = (other: Partial<Row> = {}): Slot => ({ kind: 'row', row: { ...row, ...other } });
const wish = { home: a, instance: one, epoch: 3, assumed, limits };
const rowIn = (slot: Slot | undefined) => (slot?.kind === 'row' ? slot.row : undefined);

describe('a label', () => {
  it('[SB3] changes the subject and nothing else', () => {
    const { answer, next, raise } = label(slotOf(), { ...wish, subject: ada });
    expect([answer.kind, next, raise]).toEqual(['stored', slotOf({ subject: ada }), undefined]);
  });

  it('[SB3] of a session without a row writes the row', () => {
    const { next } = label({ kind: 'none' }, { ...wish, epoch: 0, subject: ada });
    const written = {
      home: a,
      instance: noInstance,
      epoch: 0,
      version: 0,
      claimedBy: '',
      ...limits,
      subject: ada,
    };
    expect(next).toEqual({ kind: 'row', row: written });
  });

  it('[SB3] that the row has already writes nothing', () => {
    expect(label(slotOf({ subject: ada }), { ...wish, subject: ada }).next).toBeUndefined();
    expect(put(slotOf({ subject: ada }), { ...wish, version: 5, subject: ada }).next).toBeUndefined();
  });

  it.each([
    ['epoch', { epoch: 2 }],
    ['home', { home: b }],
    ['instance', { instance: two }],
  ])('[SB3] of another %s is fenced', (_what, other) => {
    const { answer, next } = label(slotOf(), { ...wish, ...other, subject: ada });
    expect([answer.kind, next]).toEqual(['fenced', undefined]);
  });

  it('[SB3] of an ended session is answered: ended', () => {
    expect(label({ kind: 'ended', endsAt: 9 }, { ...wish, subject: ada })).toEqual({
      answer: { kind: 'ended' },
    });
  });

  it('[SB3] comes with a put, also with one that was overtaken, never with one that is fenced', () => {
    expect(rowIn(put(slotOf(), { ...wish, version: 6, subject: ada }).next)).toMatchObject({
      version: 6,
      subject: ada,
    });
    const overtaken = put(slotOf({ subject: bob }), { ...wish, version: 4, subject: ada });
    expect([overtaken.answer.kind, rowIn(overtaken.next)]).toEqual(['superseded', { ...row, subject: ada }]);
    expect(put(slotOf(), { ...wish, epoch: 2, version: 9, subject: ada }).next).toBeUndefined();
    expect(put(slotOf({ instance: noInstance }), { ...wish, version: 5, subject: ada })).toMatchObject({
      answer: { kind: 'fenced' },
    });
  });

  it('[SB4] outlives claims, renewals, puts that name none, and a login', () => {
    const held = slotOf({ subject: ada });
    const claimed = claim(held, {
      by: 'edge',
      expected: 3,
      home: b,
      instance: noInstance,
      nonce: 'n',
      uncopied: 'move',
      assumed,
      limits,
    });
    expect(rowIn(claimed.next)?.subject).toBe(ada);
    expect(rowIn(renew(held, { assumed, limits }).next)?.subject).toBe(ada);
    expect(rowIn(put(held, { ...wish, version: 6 }).next)?.subject).toBe(ada);
    expect(rotate(held, { ...wish, version: 6 }).answer).toMatchObject({
      kind: 'rotated',
      row: { subject: ada },
    });
  });

  it('[SB4] the one named last is the one that counts, at a login too, where the state may be stored already', () => {
    expect(rowIn(label(slotOf({ subject: ada }), { ...wish, subject: bob }).next)?.subject).toBe(bob);
    for (const version of [5, 6]) {
      const { answer, next } = rotate(slotOf({ subject: ada }), { ...wish, version, subject: bob });
      expect([answer, next]).toMatchObject([{ row: { subject: bob } }, { kind: 'ended', subject: ada }]);
    }
  });

  it('[SB9] stays with the mark of an ended session, so that an erasure finds what is left of it', () => {
    const ended = end(slotOf({ subject: ada }), { home: b, instance: two, endsAt: 7 });
    expect(ended).toMatchObject({ next: { kind: 'ended', endsAt: 7, subject: ada }, raise: a });
  });
});

describe('a page', () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const states = [
    noState,
    { kind: 'inline', bytes, seal: 'seal', epoch: 2 },
    { kind: 'chunked', id: 'chunk', seal: 'seal', epoch: 2 },
  ] as const;
  const slots = [undefined, ada].flatMap((subject) => {
    const labelled = subject === undefined ? {} : { subject };
    const ended: Entry = {
      session: sessionNo(9),
      slot: { kind: 'ended', endsAt: 8, ...labelled },
      state: noState,
    };
    const rows = states.map(
      (state, at): Entry => ({
        session: sessionNo(at),
        slot: { kind: 'row', row: { ...row, ...labelled } },
        state,
      }),
    );
    return [ended, ...rows];
  });

  it.each(slots)('[SB5] gives back every entry, with its subject or without: %j', (entry) => {
    expect(decodePage(encodePage([entry]))).toEqual([entry]);
  });

  it('[SB5] gives back all of them together', () => {
    expect(decodePage(encodePage(slots))).toEqual(slots);
  });
});

describe('the tag of a subject', () => {
  const keyringOf = (pool: string, originSecret: string = secrets.originSecret) =>
    createKeyring(poolName(pool), [a], { ...secrets, originSecret });

  it('[SB2] is the same for one name, another for another name, pool or secret, and does not tell the name', async () => {
    const shop = await keyringOf('shop');
    const tag = await shop.subjectTag('user-42');
    expect(await (await keyringOf('shop')).subjectTag('user-42')).toBe(tag);
    expect(tag).toMatch(/^[\w-]{22}$/);
    const others = [
      await shop.subjectTag('user-43'),
      await (await keyringOf('blog')).subjectTag('user-42'),
      await (await keyringOf('shop', 'x'.repeat(40))).subjectTag('user-42'),
    ];
    expect(new Set([tag, ...others]).size).toBe(4);
  });

  it('[SB2] is the one of docs/contract.md', async () => {
    const keyring = await keyringOf('shop', 'an-origin-secret-of-32-characters-or-more');
    expect(await keyring.subjectTag('user-42')).toBe('WAoEh0CbqfCvv3OjCNW-tg');
  });

  it.each([
    [null, undefined],
    ['', undefined],
    ['user 42', undefined],
    ['b\u00e4r', undefined],
    ['x'.repeat(129), undefined],
    ['x'.repeat(128), 'x'.repeat(128)],
    ['user-42@example.com/~', 'user-42@example.com/~'],
  ])('[SB1] of %j is read as %j', (text, subject) => {
    expect(parseSubject(text)).toBe(subject);
  });
});
