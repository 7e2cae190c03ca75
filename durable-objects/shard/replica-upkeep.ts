import type { Ledger } from './ledger.ts';
import type { Tables } from './tables.ts';

const foldAfterMs = 60_000;
const sweepEveryMs = 600_000;
const pagesPerSweep = 16;
/** Pages that are rewritten before others get their turn: a few milliseconds. */
const pagesPerTurn = 4;

/** What a replica does besides listening: the log goes into the pages, what has expired goes. */
export class ReplicaUpkeep {
  readonly #storage: DurableObjectStorage;
  readonly #tables: Tables;
  readonly #ledger: Ledger;
  readonly #folded: () => void;
  #alarmAt: number | undefined;
  #swept = -1;
  #work: Promise<void> | undefined;

  constructor(storage: DurableObjectStorage, tables: Tables, ledger: Ledger, folded: () => void) {
    this.#storage = storage;
    this.#tables = tables;
    this.#ledger = ledger;
    this.#folded = folded;
  }

  async wake(): Promise<void> {
    this.#alarmAt = (await this.#storage.getAlarm()) ?? undefined;
    if (this.#ledger.hasUnfolded) this.#arm(Date.now() + foldAfterMs);
  }

  stored(): void {
    this.#arm(Date.now() + foldAfterMs);
    if (this.#ledger.isLogFull && this.#work === undefined) setTimeout(() => void this.#foldFull(), 0);
  }

  /** One fold at a time: who comes meanwhile waits for it and folds what is left. */
  async fold(): Promise<void> {
    while (this.#work !== undefined) await this.#work;
    this.#work = this.#foldInTurns();
    try {
      await this.#work;
    } finally {
      this.#work = undefined;
    }
  }

  /** Armed again first: an alarm that fails for good would otherwise be the last. */
  async alarm(): Promise<void> {
    this.#alarmAt = undefined;
    this.#arm(Date.now() + foldAfterMs);
    try {
      await this.fold();
    } catch (error) {
      console.error(`Cannot fold a replica's log, the alarm will try again: ${String(error)}`);
      return;
    }
    this.#rest();
  }

  async #foldFull(): Promise<void> {
    if (!this.#ledger.isLogFull) return;
    try {
      await this.fold();
    } catch (error) {
      console.error(`Cannot fold a replica's full log, the alarm will try again: ${String(error)}`);
    }
  }

  async #foldInTurns(): Promise<void> {
    const now = Date.now();
    if (this.#ledger.hasUnfolded) await inTurns(this.#ledger.fold(now));
    await inTurns(this.#ledger.sweep(this.#nextToSweep(), now));
    this.#folded();
  }

  /** A few pages in turn, so that each is looked at though nobody writes to it. */
  #nextToSweep(): number[] {
    const rest = this.#tables.pagesFrom(this.#swept + 1);
    const pages = (rest.length > 0 ? rest : this.#tables.pagesFrom(0)).slice(0, pagesPerSweep);
    this.#swept = pages.at(-1) ?? -1;
    return pages;
  }

  /** Only an earlier time is set: each setting is a row written. */
  #arm(at: number): void {
    if (this.#alarmAt !== undefined && this.#alarmAt <= at) return;
    this.#alarmAt = at;
    void this.#storage.setAlarm(at);
  }

  #rest(): void {
    this.#alarmAt = undefined;
    if (this.#ledger.hasUnfolded) this.#arm(Date.now() + foldAfterMs);
    else if (this.#tables.count('page') > 0) this.#arm(Date.now() + sweepEveryMs);
    else void this.#storage.deleteAlarm();
  }
}

/** Lets the calls in that have come meanwhile, every few steps. */
async function inTurns(steps: Iterator<unknown>): Promise<void> {
  for (let done = 1; steps.next().done !== true; done++) {
    if (done % pagesPerTurn === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
}
