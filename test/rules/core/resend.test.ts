import { describe, expect, it } from 'vitest';
import { failureOfStatus, type FailureKind, failures } from '../../../worker/core/failure.ts';
import { mayRepeat, mayResend, type Sending } from '../../../worker/core/resend.ts';

const get: Sending = { method: 'GET', idempotencyKey: 'absent', route: 'safe', body: 'none' };
const post: Sending = { method: 'POST', idempotencyKey: 'absent', route: 'safe', body: 'kept' };
const kinds: readonly FailureKind[] = [
  'undelivered',
  'refused',
  'lost',
  'hangs',
  'timeout',
  'unavailable',
  'protocol',
];
const never: FailureKind[] = ['protocol'];

describe('what may be sent again', () => {
  it.each(['GET', 'HEAD', 'OPTIONS'])('[RS1] %s, unless another origin would be no better', (method) => {
    expect(kinds.filter((failure) => !mayResend({ ...get, method }, failure))).toEqual(never);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'get', 'PROPFIND'])(
    '[RS2] %s only if it was provably not delivered',
    (method) => {
      expect(kinds.filter((failure) => mayResend({ ...post, method }, failure))).toEqual([
        'undelivered',
        'refused',
      ]);
    },
  );

  it('[RS3] a request with an Idempotency-Key, whatever its method', () => {
    expect(kinds.filter((failure) => !mayResend({ ...post, idempotencyKey: 'present' }, failure))).toEqual(
      never,
    );
  });

  it('[RS4] nothing whose body is gone: it is whole while nothing has left', () => {
    for (const sending of [get, post, { ...post, idempotencyKey: 'present' } as const]) {
      expect(kinds.filter((failure) => mayResend({ ...sending, body: 'gone' }, failure))).toEqual([
        'refused',
      ]);
    }
  });

  it('[RS5] after a need, which proves that the application has not run, anything with its body at hand', () => {
    expect([mayRepeat(post), mayRepeat(get), mayRepeat({ ...post, body: 'gone' })]).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe('a failure', () => {
  it.each([
    ['undelivered', 502, 'not_replayed', 'home_refused', 'doubt'],
    ['refused', 502, 'not_replayed', 'home_refused', 'doubt'],
    ['lost', 502, 'delivery_unknown', 'home_lost', 'doubt'],
    ['hangs', 504, 'delivery_unknown', 'home_hangs', 'no doubt'],
    ['timeout', 504, 'origin_timeout', 'home_hangs', 'no doubt'],
    ['unavailable', 503, 'home_in_doubt', 'home_unavailable', 'no doubt'],
    ['protocol', 502, 'protocol_error', 'home_lost', 'no doubt'],
  ] as const)(
    '[FL1] %s is told as %i %s, leaves home as %s, and puts the origin in %s',
    (kind, status, code, left, doubt) => {
      expect(failures[kind]).toMatchObject({ status, code, left, doubt: doubt === 'doubt' });
    },
  );

  it.each([
    [521, 'undelivered'],
    [523, 'undelivered'],
    [525, 'undelivered'],
    [526, 'undelivered'],
    [520, 'lost'],
    [522, 'lost'],
    [524, 'lost'],
    [530, 'lost'],
  ] as const)('[FL2] status %i is Cloudflare speaking for an origin: %s', (status, failure) => {
    expect(failureOfStatus(status, [])).toBe(failure);
  });

  it.each([200, 304, 404, 409, 500, 501, 505, 599])(
    '[FL3] status %i is the origin’s own answer',
    (status) => {
      expect(failureOfStatus(status, [502, 503, 504])).toBeUndefined();
    },
  );

  it.each([502, 503, 504])(
    '[FL4] status %i counts as "cannot serve" with the operator’s consent, and only with it',
    (status) => {
      expect([failureOfStatus(status, []), failureOfStatus(status, [status])]).toEqual([
        undefined,
        'unavailable',
      ]);
    },
  );
});
