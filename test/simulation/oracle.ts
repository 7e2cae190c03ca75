import type { Snapshot } from '../../worker/core/snapshot.ts';
import type { Entry, StoredState } from '../../worker/core/page.ts';
import { listIn } from './instance.ts';
import type { ObjectHost } from './object-host.ts';
import type { ObjectStorage } from './sqlite.ts';
import { isInstalled } from './succession.ts';
import type { World } from './world.ts';

/** What must be true after every step; the names are those of docs/simulation.md. */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I4w' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9';

export interface Violation {
  readonly invariant: Invariant;
  readonly what: string;
}

/** What the oracle holds against one session. */
export interface Known {
  /** Entries whose 200 has reached a client. */
  readonly acknowledged: Set<string>;
  /** Under `async`: entries whose 200 has reached a client before the shard had them. */
  readonly hoped: Set<string>;
  /** Who has stored in each epoch. */
  readonly writers: Map<number, string>;
  epoch: number;
  version: number;
  list: readonly string[];
  expiresAt: number;
  /** A logout is on its way or was executed: the client may lose the session, whether the end is known to be stored or not. */
  isLeaving: boolean;
  isEnded: boolean;
  isEndAcknowledged: boolean;
  /** The id that a login has given it. */
  next: string | undefined;
}

/** Watches storage, answers and snapshots from outside: nothing in the product knows of it. */
export class Oracle {
  readonly #world: World;
  readonly #sessions = new Map<string, Known>();
  readonly #heard = new Map<string, Snapshot>();
  violation: Violation | undefined;
  /** When changes were last lost with an operator's consent: what was asked before cannot be held against anybody. */
  lossAt = Number.NEGATIVE_INFINITY;

  constructor(world: World) {
    this.#world = world;
  }

  violated(invariant: Invariant, what: string): void {
    if (this.violation !== undefined) return;
    this.violation = { invariant, what };
    this.#world.scheduler.note(`** ${invariant} ${what}`);
  }

  of(session: string): Known {
    const known = this.#sessions.get(session) ?? {
      acknowledged: new Set(),
      hoped: new Set(),
      writers: new Map(),
      epoch: 0,
      version: 0,
      list: [],
      expiresAt: Number.POSITIVE_INFINITY,
      isLeaving: false,
      isEnded: false,
      isEndAcknowledged: false,
      next: undefined,
    };
    this.#sessions.set(session, known);
    return known;
  }

  /** A shard has written: every entry of its log is looked at before anybody hears of it. */
  wrote(storage: ObjectStorage, query: string, [body]: readonly unknown[]): void {
    if (!query.startsWith('INSERT INTO log') || !(body instanceof Uint8Array)) return;
    for (const entry of this.#world.product.decodePage(new Uint8Array(body))) this.stored(storage, entry);
  }

  /** An entry as it stands in storage now. */
  stored(storage: ObjectStorage, { session, slot, state }: Entry): void {
    const known = this.of(session);
    const name = session.slice(-4);
    if (slot.kind === 'ended') {
      known.isEnded = true;
      return;
    }
    if (known.isEnded) return this.violated('I5', `the ended session ${name} has a row again`);
    const { epoch, version, expiresAt } = slot.row;
    if (epoch < known.epoch || version < known.version) {
      return this.violated(
        'I3',
        `${name} goes back from (${known.epoch}, ${known.version}) to (${epoch}, ${version})`,
      );
    }
    Object.assign(known, {
      epoch,
      version,
      expiresAt,
      list: listIn(bytesOf(storage, state)),
    });
    // `async` promises nothing before the shard has it, and everything after.
    for (const entry of known.list.filter((one) => known.hoped.delete(one))) known.acknowledged.add(entry);
    this.#checkList(name, known);
  }

  /** Another storage is the shard's now. What was stored and not acknowledged may be gone; what was acknowledged only with an operator's consent. */
  succeeded(
    storage: ObjectStorage,
    entries: ReadonlyMap<string, Entry>,
    shard: string,
    copy: 'whole' | 'lossy',
  ): void {
    const { now } = this.#world.scheduler;
    if (copy === 'lossy') this.lossAt = now;
    for (const [session, known] of this.#sessions) {
      if (!session.startsWith(shard) || known.expiresAt <= now) continue;
      const entry = entries.get(session);
      const isEnded = entry?.slot.kind === 'ended';
      const row = entry?.slot.kind === 'row' ? entry.slot.row : undefined;
      const list = entry === undefined ? [] : listIn(bytesOf(storage, entry.state));
      if (copy === 'lossy') this.#forgive(known, list, isEnded);
      if (known.isEndAcknowledged && !isEnded)
        this.violated('I5', `the end of ${session.slice(-4)} was acknowledged, and is lost`);
      const { epoch = 0, version = 0, expiresAt = known.expiresAt } = row ?? {};
      Object.assign(known, { isEnded, epoch, version, expiresAt, list });
      if (!isEnded) this.#checkList(session.slice(-4), known);
    }
  }

  #forgive(known: Known, list: readonly string[], isEnded: boolean): void {
    for (const entry of known.acknowledged) if (!list.includes(entry)) known.acknowledged.delete(entry);
    known.isEndAcknowledged &&= isEnded;
    if (!isEnded) known.next = undefined;
  }

  /** Of a shard's objects only one answers. */
  answeredByFormer(name: string, method: string, answer: unknown): void {
    const { kind } = Object(answer);
    if (promises.has(method) && kind !== 'unreachable')
      this.violated(
        'I3',
        `${name} answers ${method} with ${String(kind)} though another object is the shard`,
      );
  }

  #checkList(name: string, { list, acknowledged }: Known): void {
    const lost = [...acknowledged].filter((entry) => !list.includes(entry));
    if (lost.length > 0)
      this.violated('I1', `acknowledged ${lost.join()} of ${name}, but its newest state is [${list.join()}]`);
    if (new Set(list).size !== list.length)
      this.violated('I2', `${name} has an entry twice: [${list.join()}]`);
  }

  /** A shard has answered. */
  answered(method: string, args: readonly unknown[], answer: unknown): void {
    const [, session, wish] = args;
    const { kind } = Object(answer);
    const { home, instance, epoch, to } = Object(wish);
    if (method === 'put' && kind === 'stored')
      this.#wroteBy(String(session), Number(epoch), `${home}/${instance}`);
    if (
      method === 'claim' &&
      kind === 'claimed' &&
      !isNext(Object(answer).row.epoch, Object(wish).expected)
    ) {
      this.violated(
        'I3',
        `a claim of epoch ${Object(wish).expected} got epoch ${Object(answer).row.epoch} of ${String(session).slice(-4)}`,
      );
    }
    if (method === 'rotate' && kind === 'rotated') this.#goesOn(String(session), String(to));
  }

  #wroteBy(session: string, epoch: number, writer: string): void {
    const { writers } = this.of(session);
    const before = writers.get(epoch) ?? writer;
    writers.set(epoch, before);
    if (before !== writer)
      this.violated('I3', `${before} and ${writer} both stored in epoch ${epoch} of ${session.slice(-4)}`);
  }

  /** A login's new id takes over what the old one owes. */
  #goesOn(old: string, to: string): void {
    const next = this.of(to);
    this.of(old).next = to;
    for (const entry of this.of(old).acknowledged) next.acknowledged.add(entry);
    this.#checkList(to.slice(-4), next);
  }

  acknowledged(session: string, entry: string): void {
    const known = this.of(session);
    const isHoped = this.#world.shape.durability === 'async' && !known.list.includes(entry);
    (isHoped ? known.hoped : known.acknowledged).add(entry);
    // What was stored before a login must have gone along.
    if (known.next !== undefined) this.acknowledged(known.next, entry);
    if (!known.isEnded) this.#checkList(session.slice(-4), known);
  }

  /** Whether something of this shard was acknowledged. */
  owes(shard: string): boolean {
    return [...this.#sessions].some(
      ([session, { acknowledged }]) => session.startsWith(shard) && acknowledged.size > 0,
    );
  }

  heard(machine: string, told: unknown): void {
    const snapshot: Snapshot | undefined = Object(told).snapshot;
    const known = this.#heard.get(machine);
    if (snapshot !== undefined && (known === undefined || snapshot.version > known.version))
      this.#heard.set(machine, snapshot);
  }

  forget(machine: string): void {
    this.#heard.delete(machine);
  }

  /**
   * Whether an older cookie of this origin may still be believed at this edge: a raise has not reached the monitor yet, or its snapshot not the edge.
   * Until then only the newest cookie reads what is newest (docs/spec.md).
   */
  isWindowOpen(edge: string, origin: string): boolean {
    const [monitor] = this.#world.hosts('monitor');
    const truth = monitor === undefined ? undefined : standing(monitor, origin);
    const known: unknown = Reflect.get(this.#heard.get(edge)?.origins ?? {}, origin);
    const { health, incarnation } = Object(known);
    if (truth === undefined || health !== truth.health || incarnation !== truth.incarnation) return true;
    return this.#world.hosts('shard').some((shard) => !isInstalled(shard) || isRaiseDue(shard, origin));
  }

  /** Everything that the oracle knows of, by session. */
  get sessions(): ReadonlyMap<string, Known> {
    return this.#sessions;
  }
}

/** Calls whose answer says what is true of a session. */
const promises: ReadonlySet<string> = new Set(['locate', 'claim', 'put', 'label', 'renew', 'end', 'rotate']);

/** The one after it, or the first one of a generation. */
function isNext(epoch: number, expected: number): boolean {
  return epoch === expected + 1 || (epoch > expected && epoch % 1_000_000 === 1);
}

/** A state where it lies: in its entry, in chunks of its own, or nowhere. */
export function bytesOf(storage: ObjectStorage, state: StoredState): Uint8Array {
  if (state.kind !== 'chunked') return state.kind === 'inline' ? state.bytes : new Uint8Array();
  const chunks = storage.query('SELECT body FROM chunk WHERE id = ? ORDER BY part', state.id);
  return Buffer.concat(
    chunks.flatMap(({ body }) => (body instanceof ArrayBuffer ? [new Uint8Array(body)] : [])),
  );
}

interface Standing {
  readonly health: string;
  readonly incarnation: number;
}

function standing({ storage }: ObjectHost, origin: string): Standing | undefined {
  if (!storage.has('origin')) return undefined;
  const [row] = storage.query('SELECT health FROM origin WHERE id = ?', origin);
  return row === undefined ? undefined : JSON.parse(String(row['health']));
}

function isRaiseDue({ storage }: ObjectHost, origin: string): boolean {
  return (
    storage.has('raise') && storage.query('SELECT origin FROM raise WHERE origin = ?', origin).length > 0
  );
}
