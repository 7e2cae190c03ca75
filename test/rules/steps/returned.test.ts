import { describe, expect, it } from 'vitest';
import { readReturned } from '../../../worker/steps/returned.ts';
import { instance } from '../visit.ts';

const read = (headers: Record<string, string>) =>
  readReturned(new Headers({ 'limpet-instance': instance, ...headers }));
const state = 'eyJjYXJ0IjpbMV19';

describe('what an origin’s answer says', () => {
  it('[RT1] without an instance it says nothing, whatever else it carries', () => {
    expect(
      readReturned(new Headers({ 'limpet-state': state, 'limpet-version': '1', 'limpet-end': '1' })),
    ).toBeUndefined();
  });

  it.each([
    [{}, { kind: 'nothing' }],
    [
      { 'limpet-version': '7', 'limpet-state': state },
      { kind: 'state', version: 7, bytes: new TextEncoder().encode('{"cart":[1]}') },
    ],
    [
      { 'limpet-version': '7', 'limpet-state': '' },
      { kind: 'state', version: 7, bytes: new Uint8Array() },
    ],
    [{ 'limpet-version': '7' }, { kind: 'stored', version: 7 }],
    [{ 'limpet-refused': 'moved' }, { kind: 'refused', how: 'moved' }],
    [{ 'limpet-refused': 'ended' }, { kind: 'refused', how: 'ended' }],
    [{ 'limpet-refused': 'unreachable' }, { kind: 'refused', how: 'unreachable' }],
    [{ 'limpet-refused': 'too-large' }, { kind: 'refused', how: 'too-large' }],
    [{ 'limpet-end': '1' }, { kind: 'end' }],
    [
      { 'limpet-rotate': '1', 'limpet-version': '7', 'limpet-state': state },
      { kind: 'rotate', version: 7, bytes: new TextEncoder().encode('{"cart":[1]}') },
    ],
    [
      { 'limpet-rotate': '1', 'limpet-version': '7' },
      { kind: 'rotate', version: 7, bytes: undefined },
    ],
  ])('[RT2] %j', (headers: Record<string, string>, said) => {
    expect(read(headers)).toEqual({
      instance,
      epoch: undefined,
      subject: undefined,
      said,
      released: 'no',
      drain: 'no',
    });
  });

  it('[RT3] the epoch is that of the copy that was served', () => {
    expect(read({ 'limpet-epoch': '12' })).toMatchObject({ epoch: 12 });
  });

  it.each([
    ['an instance that is none', { 'limpet-instance': 'short' }],
    ['a state without a version', { 'limpet-state': state }],
    ['a version that is no number', { 'limpet-version': 'seven', 'limpet-state': state }],
    ['a version below zero', { 'limpet-version': '-1' }],
    ['a version with a fraction', { 'limpet-version': '1.5' }],
    ['a version in other digits', { 'limpet-version': '0x10' }],
    ['a version beyond whole numbers', { 'limpet-version': '9'.repeat(16) }],
    ['two versions', { 'limpet-version': '1, 2' }],
    ['a state that is not base64url', { 'limpet-version': '7', 'limpet-state': 'a b' }],
    ['a state of an impossible length', { 'limpet-version': '7', 'limpet-state': 'aaaaa' }],
    ['a refusal that nobody knows', { 'limpet-refused': 'perhaps' }],
    ['an epoch that is no number', { 'limpet-epoch': 'x' }],
    ['a rotation without a version', { 'limpet-rotate': '1' }],
  ])('[RT4] with %s nothing of it is believed', (_what, headers) => {
    expect(read(headers)).toBe('malformed');
  });
});
