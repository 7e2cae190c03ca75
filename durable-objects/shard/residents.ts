import { type Claim, claim } from '../../worker/core/fence.ts';
import { noInstance, type OriginId, type PoolName, type SessionId } from '../../worker/core/ids.ts';
import type { Entry } from '../../worker/core/page.ts';
import type { Row } from '../../worker/core/row.ts';
import type { HandOverWish, Resident, ResidentsWish, SubjectStep } from '../../worker/ports.ts';
import type { Left } from './left.ts';
import type { Ledger } from './ledger.ts';
import type { Slots } from './slots.ts';

/** Pages that one step looks at: other calls get in between. */
const pagesPerStep = 32;

interface ResidentParts {
  readonly ledger: Ledger;
  readonly slots: Slots;
  readonly left: Left;
  flush(): void;
}

/** Who lives on an origin is in no index: it would be a row per write. All pages are read, a few at a time. */
export class Residents {
  readonly #parts: ResidentParts;

  constructor(parts: ResidentParts) {
    this.#parts = parts;
  }

  /** Those of the next few pages. */
  find({ origin, from, limit }: ResidentsWish, now: number): SubjectStep<Resident> {
    const { ledger, flush } = this.#parts;
    flush();
    const found: Resident[] = [];
    const newer = ledger.newer();
    for (const [looked, bucket] of ledger.bucketsFrom(from).entries()) {
      const here = residentsIn(ledger.entriesOf(bucket, now, newer.get(bucket) ?? []), origin);
      if (looked >= pagesPerStep || (found.length > 0 && found.length + here.length > limit))
        return { found, next: bucket };
      found.push(...here);
    }
    return { found, next: undefined };
  }

  /** Home has let go of these: each is claimed for another origin, unless something has become of it meanwhile. */
  async handOver(pool: PoolName, { moves, nonce }: HandOverWish): Promise<readonly SessionId[]> {
    const { slots } = this.#parts;
    const claimed = moves
      .filter((move) => this.#claim(pool, { ...move, nonce }))
      .map(({ session }) => session);
    await Promise.all(claimed.map((session) => slots.settled(session)));
    return claimed;
  }

  #claim(
    pool: PoolName,
    { session, ...at }: { session: SessionId; epoch: number; home: OriginId; nonce: string },
  ) {
    const { slots, left } = this.#parts;
    const held = slots.open(pool, session);
    if (held.slot.kind !== 'row') return false;
    const answer = slots.decide(session, held, claim(held.slot, wishOf(held.slot.row, at)));
    left.claimed(session, held.slot, answer);
    return answer.kind === 'claimed';
  }
}

function residentsIn(entries: readonly Entry[], origin: OriginId): Resident[] {
  return entries.flatMap(({ session, slot }) => {
    if (slot.kind !== 'row' || slot.row.home !== origin) return [];
    const { epoch, version } = slot.row;
    return [{ session, epoch, version }];
  });
}

/** A claim by which nothing lasts longer than before. */
function wishOf(row: Row, { epoch, home, nonce }: { epoch: number; home: OriginId; nonce: string }): Claim {
  const { expiresAt, endsAt } = row;
  const limits = { expiresAt, endsAt };
  const rest = { instance: noInstance, uncopied: 'move', assumed: row, limits } as const;
  return { by: 'edge', expected: epoch, home, nonce, ...rest };
}
