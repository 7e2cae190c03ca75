import { describe, expect, it } from 'vitest';
import { instanceId, noInstance, originId, subjectTag } from '../../../worker/core/ids.ts';
import type { Row } from '../../../worker/core/row.ts';
import { etagOf, parseEtag } from '../../../worker/core/stamp.ts';
import { swap, type Swap } from '../../../worker/core/swap.ts';

const limits = { expiresAt: 2_000, endsAt: 9_000 };
const row: Row = {
  home: originId('a'),
  instance: instanceId('instance-one-0001'),
  epoch: 3,
  version: 7,
  claimedBy: 'n0',
  subject: subjectTag('someone'),
  ...limits,
};
const wish: Swap = {
  expected: { epoch: 3, version: 7 },
  to: 'state',
  nonce: 'n1',
  assumed: { home: originId('b'), epoch: 1 },
  limits: { expiresAt: 5_000, endsAt: 10_000 },
};

describe('a swap', () => {
  it('[XS26] leaves the map as it is: home, instance, epoch and subject stay, the version and the expiry go on', () => {
    expect(swap({ kind: 'row', row }, wish)).toEqual({
      answer: { kind: 'stored', stamp: { epoch: 3, version: 8 } },
      next: { kind: 'row', row: { ...row, version: 8, claimedBy: 'n1', expiresAt: 5_000 } },
    });
  });

  it('[XS26] of a session without a row writes one where its capability says that it lives', () => {
    expect(swap({ kind: 'none' }, { ...wish, expected: { epoch: 0, version: 0 } })).toEqual({
      answer: { kind: 'stored', stamp: { epoch: 1, version: 1 } },
      next: {
        kind: 'row',
        row: {
          home: 'b',
          epoch: 1,
          instance: noInstance,
          version: 1,
          claimedBy: 'n1',
          expiresAt: 5_000,
          endsAt: 10_000,
        },
      },
    });
  });

  it('[XS26] that ends the session keeps its subject at the mark, so that an erasure finds it', () => {
    expect(swap({ kind: 'row', row }, { ...wish, to: 'end' }).next).toEqual({
      kind: 'ended',
      endsAt: 10_000,
      subject: row.subject,
    });
  });

  it('[XS27] an ETag is one strong tag of epoch and version, and nothing else is one', () => {
    expect(parseEtag(etagOf({ epoch: 3, version: 7 }))).toEqual({ epoch: 3, version: 7 });
    for (const text of [
      null,
      '',
      '3.7',
      'W/"3.7"',
      '"3.7", "3.8"',
      '*',
      '"3"',
      '"-1.0"',
      '"1.1e3"',
      '"1.1234567890123456"',
    ])
      expect(parseEtag(text)).toBeUndefined();
  });
});
