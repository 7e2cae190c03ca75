import type { SessionId, SubjectTag } from '../../worker/core/ids.ts';
import { bucketOf, type Entry } from '../../worker/core/page.ts';
import type { Slot } from '../../worker/core/row.ts';
import type { ExportedSession, SubjectStep, SubjectWish } from '../../worker/ports.ts';
import type { Address, ShardName } from './address.ts';
import type { Desk, DeskParts } from './desk.ts';
import type { Mirror } from './mirror.ts';

/** Pages and bytes of states that one step of a search looks at: what an RPC can carry, and other calls get in between. */
const pagesPerStep = 16;
const stateBytesPerStep = 4 * 1024 * 1024;

interface SubjectParts extends DeskParts {
  readonly address: Address;
  readonly desk: Desk;
  readonly mirror: Mirror;
  /** Moves the log into the pages now. */
  fold(): Promise<void>;
}

/**
 * What operators ask of all sessions of one subject. There is no index by subject: it would be a row per write. Who asks for a subject has all
 * pages read, a few at a time.
 */
export class Subjects {
  readonly #parts: SubjectParts;

  constructor(parts: SubjectParts) {
    this.#parts = parts;
  }

  end(of: ShardName, wish: SubjectWish): SubjectStep<SessionId> {
    const { found, next } = this.#find(of, wish);
    const living = found.filter(({ slot }) => slot.kind === 'row').map(({ session }) => session);
    for (const session of living) this.#parts.desk.endNow(of.pool, session, wish.endsAt);
    this.#parts.flush();
    return { found: living, next };
  }

  export(of: ShardName, wish: SubjectWish): SubjectStep<ExportedSession> {
    const { found, next } = this.#find(of, wish);
    return { found: found.flatMap((entry) => this.#exported(entry)), next };
  }

  /** The marks keep their subject until nothing is left of the states: whatever fails before that, the next call finds them again. */
  async erase(of: ShardName, wish: SubjectWish): Promise<SubjectStep<SessionId>> {
    const { desk, mirror, fold, flush } = this.#parts;
    const { found, next } = this.#find(of, wish);
    if (found.length === 0) return { found: [], next };
    for (const { session } of found) desk.endNow(of.pool, session, wish.endsAt);
    const buckets = new Set(found.map(({ session }) => bucketOf(session)));
    mirror.reserve(buckets);
    await fold();
    await mirror.renew(buckets, wish.endsAt);
    for (const { session } of found) this.#forget(of, session);
    flush();
    return { found: found.map(({ session }) => session), next };
  }

  /** The sessions of a subject and the marks of its ended ones, in the next few pages. */
  #find(of: ShardName, { subject, from }: SubjectWish): SubjectStep<Entry> {
    const { address, ledger, desk, flush } = this.#parts;
    address.mustBe(of);
    flush();
    const [found, now] = [new Array<Entry>(), Date.now()];
    let bytes = 0;
    for (const [looked, bucket] of ledger.bucketsFrom(from).entries()) {
      if (looked >= pagesPerStep || bytes >= stateBytesPerStep) return { found, next: bucket };
      for (const entry of ledger.entriesOf(bucket, now)) {
        if (subjectOf(entry) !== subject) continue;
        found.push(entry);
        bytes += desk.stateBytes(entry.state);
      }
    }
    return { found, next: undefined };
  }

  #exported(entry: Entry): ExportedSession[] {
    const row = this.#parts.desk.listed(entry);
    if (row === undefined) return [];
    const state = this.#parts.ledger.sealed(entry.state);
    return [state === undefined ? row : { ...row, state }];
  }

  #forget({ pool }: ShardName, session: SessionId): void {
    const { slots } = this.#parts;
    const held = slots.open(pool, session);
    if (held.slot.kind !== 'ended') return;
    const next: Slot = { kind: 'ended', endsAt: held.slot.endsAt };
    slots.decide(session, held, { answer: undefined, next });
  }
}

function subjectOf({ slot }: Entry): SubjectTag | undefined {
  return slot.kind === 'row' ? slot.row.subject : slot.subject;
}
