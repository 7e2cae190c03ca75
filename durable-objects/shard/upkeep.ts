import type { Feed } from './feed.ts';
import type { Group } from './groups.ts';
import type { Ledger } from './ledger.ts';
import type { Mirror } from './mirror.ts';
import type { Raises } from './raises.ts';
import type { Tables } from './tables.ts';
import type { Tenure } from './tenure.ts';

const foldAfterMs = 60_000;
const raiseRetryMs = 1_000;
const sweepEveryMs = 600_000;
const pagesPerSweep = 16;
/** Pages that are rewritten before others get their turn: a few milliseconds. */
const pagesPerTurn = 4;

export interface Kept {
  readonly storage: DurableObjectStorage;
  readonly tables: Tables;
  readonly ledger: Ledger;
  readonly mirror: Mirror;
  readonly raises: Raises;
  readonly tenure: Tenure;
  readonly feed: Feed;
  /** Stores the open group now. */
  flush(): void;
}

/** What the shard does besides answering: folds, sweeps, copies to KV, raises that the monitor must hear of. One alarm for all. */
export class Upkeep {
  readonly #kept: Kept;
  #alarmAt: number | undefined;
  #work: Promise<void> | undefined;
  #hasFailed = false;

  constructor(kept: Kept) {
    this.#kept = kept;
  }

  async wake(): Promise<void> {
    const { storage, tables, ledger } = this.#kept;
    const [alarmAt, now] = [await storage.getAlarm(), Date.now()];
    this.#alarmAt = alarmAt ?? undefined;
    if (tables.raises().length > 0) this.#arm(now + raiseRetryMs);
    if (ledger.hasUnfolded) this.#arm(now + foldAfterMs);
    this.#kept.feed.wake();
  }

  /** In the same step as the group's own write, so that what must follow is stored with it. */
  stored(group: Group): void {
    const { ledger, raises, feed } = this.#kept;
    feed.stored(Date.now());
    this.#arm(Date.now() + (group.raises.size > 0 ? raiseRetryMs : foldAfterMs));
    for (const origin of group.raises) void raises.tell(origin);
    // After a failure only the alarm tries again, not every write.
    if (ledger.isLogFull && !this.#hasFailed) setTimeout(() => this.#foldFull(), 0);
  }

  /** Moves the log into the pages. One fold at a time: who comes meanwhile waits and folds what is left. */
  async fold(): Promise<void> {
    while (this.#work !== undefined) await this.#work;
    this.#hasFailed = true;
    this.#work = this.#foldInTurns();
    try {
      await this.#work;
      this.#hasFailed = false;
    } finally {
      this.#work = undefined;
    }
    // The copies in KV are those of whoever is the shard now.
    if (this.#kept.tenure.replacedBy === undefined) await this.#kept.mirror.write(Date.now());
  }

  /** Armed again first: an alarm that fails for good would otherwise be the last. */
  async alarm(): Promise<void> {
    this.#alarmAt = undefined;
    this.#arm(Date.now() + foldAfterMs);
    const { tables, raises, feed, tenure } = this.#kept;
    if (feed.isBehind) await tenure.look();
    feed.retry();
    const told = Promise.all(tables.raises().map((origin) => raises.tell(origin)));
    try {
      await this.fold();
    } catch (error) {
      console.error(`Cannot fold the log, the alarm will try again: ${String(error)}`);
    }
    await told;
    this.#rest();
  }

  async #foldFull(): Promise<void> {
    if (this.#work !== undefined || !this.#kept.ledger.isLogFull) return;
    try {
      await this.fold();
    } catch (error) {
      console.error(`Cannot fold a full log, the alarm will try again: ${String(error)}`);
    }
  }

  async #foldInTurns(): Promise<void> {
    const { ledger, mirror, flush } = this.#kept;
    const now = Date.now();
    let rewritten = 0;
    // Only what is in the log may go into a page: a claim must never be stored without the raise that goes with it.
    flush();
    if (!ledger.hasUnfolded) ledger.trim();
    for (const steps of [
      ledger.hasUnfolded ? ledger.fold(now) : [],
      ledger.sweep(this.#nextToSweep(), now),
    ]) {
      for (const [bucket, endsAt] of steps) {
        mirror.rewritten(bucket, endsAt);
        rewritten++;
        if (rewritten % pagesPerTurn === 0) await turn();
      }
    }
  }

  /** A few pages in turn, so that each is looked at though nobody writes to it. */
  #nextToSweep(): number[] {
    const { storage, tables } = this.#kept;
    const swept = storage.kv.get<number>('swept') ?? -1;
    const rest = tables.pagesFrom(swept + 1);
    const pages = (rest.length > 0 ? rest : tables.pagesFrom(0)).slice(0, pagesPerSweep);
    const last = pages.at(-1) ?? -1;
    if (last !== swept) storage.kv.put('swept', last);
    return pages;
  }

  /** Only an earlier time is set: each setting is a row written. An alarm of long ago may never come, and counts as none. */
  #arm(at: number): void {
    const known = this.#alarmAt ?? Number.NEGATIVE_INFINITY;
    if (known >= Date.now() - foldAfterMs && known <= at) return;
    this.#alarmAt = at;
    void this.#kept.storage.setAlarm(at);
  }

  /** After the work: the next need, or none at all. A shard that holds nothing costs nothing. */
  #rest(): void {
    const { storage, tables, mirror, tenure, feed } = this.#kept;
    const now = Date.now();
    this.#alarmAt = undefined;
    const isLogged = tables.firstLogged() !== undefined;
    if (tables.raises().length > 0) this.#arm(now + raiseRetryMs);
    else if (isLogged || (mirror.hasDue && tenure.replacedBy === undefined) || feed.isBehind)
      this.#arm(now + foldAfterMs);
    else if (tables.count('page') > 0) this.#arm(now + sweepEveryMs);
    else void storage.deleteAlarm();
  }
}

/** Lets the calls in that have come meanwhile. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
