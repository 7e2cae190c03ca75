import { toBase64url } from './base64url.ts';
import type { Copies, Copy } from './copies.ts';
import type { EndedMarks } from './ended-marks.ts';
import { type HeaderList, type Refusal, refusedChange } from './refusals.ts';
import type {
  RefusedReason,
  SessionHandle,
  StoreApi,
  StoreResult,
  StoreTarget,
  ToStore,
} from './store-api.ts';
import type { StoreKind } from './store-kind.ts';
import { createLabel, type SubjectLabel } from './subject.ts';
import type { Extent, Sealed, SealedNow, Visit } from './visit.ts';

/** What a visit works with. */
export interface VisitOptions {
  readonly instance: string;
  readonly headerStateBytesMax: number;
  readonly copies: Copies;
  readonly ended: EndedMarks;
  readonly api: StoreApi;
  /** This instance has asked to be drained. */
  isLeaving(): boolean;
  onProblem(problem: { code: string; message: string }): void;
}

/** What the request was sent with. */
export interface VisitFacts {
  readonly copy: Copy;
  readonly source: Visit['source'];
  readonly epochSent: number;
  readonly target: StoreTarget & { readonly store: StoreKind };
  readonly release: 'asked' | 'no';
  readonly storing: 'on' | 'off';
}

/** Begins a visit on a copy that is already counted as in use. */
export function createVisit(
  options: VisitOptions,
  { copy, source, epochSent, target, release, storing }: VisitFacts,
): Visit {
  const { instance, copies, ended, api } = options;
  const { session } = copy;
  let touched: 'no' | 'changed' | 'rotated' | 'ended' = 'no';
  let sealed = false;
  let closed = false;
  let late: Promise<Refusal | undefined> | undefined;
  const label = createLabel(copy);

  function named(headers: HeaderList): HeaderList {
    const epoch: HeaderList = copy.epoch === epochSent ? [] : [['limpet-epoch', String(copy.epoch)]];
    const wish: HeaderList = options.isLeaving() ? [['limpet-drain', '1']] : [];
    const all = [...epoch, ...wish, ...headers];
    return all.length === 0 ? [] : [['limpet-instance', instance], ...all];
  }

  const ready = (headers: HeaderList): SealedNow => ({ kind: 'ready', headers: named(headers) });

  function refused(reason: RefusedReason): Refusal {
    const refusal = refusedChange(reason, named([['limpet-instance', instance]]).slice(1));
    if (reason === 'too-large') options.onProblem({ code: refusal.code, message: tooLargeOf(copy) });
    // What is in memory is not what is stored: the next request claims the stored state.
    if (reason !== 'unreachable') copies.drop(copy);
    return refusal;
  }

  const put = (when: ToStore['when']) => putCopy(copy, label, (at) => api.put(target, { ...at, when }));

  function leave(): void {
    ended.add(session);
    copies.drop(copy);
  }

  function sealNow(extent: Extent): Sealed {
    const releasing =
      release === 'asked' && extent === 'whole' && source !== 'read-only' && isAlone(copies, copy);
    if (touched !== 'no' && source === 'read-only')
      return { kind: 'refused', refusal: refused('unreachable') };
    if (touched === 'ended') return leaveWith([['limpet-end', '1']]);
    if (storing === 'off') return ready([]);
    if (touched === 'no' && !releasing) return ready(source === 'read-only' ? [] : label.headers('alone'));
    const small = copy.state.length <= options.headerStateBytesMax;
    if (small && !releasing) return withState();
    if (copy.version === copy.storedVersion) return stored(releasing);
    return {
      kind: 'storing',
      outcome: put('before the answer').then((result) => afterPut(result, releasing)),
    };
  }

  function leaveWith(headers: HeaderList): SealedNow {
    leave();
    return ready(headers);
  }

  /** The old id is not marked: whether it has ended only the shard knows, and a rotation that failed must not cost the session. */
  function goOnWith(headers: HeaderList): SealedNow {
    copies.drop(copy);
    return ready(headers);
  }

  function withState(): SealedNow {
    const state: HeaderList = [
      ['limpet-state', toBase64url(copy.state)],
      ['limpet-version', String(copy.version)],
      ...label.headers('with a state'),
    ];
    return touched === 'rotated' ? goOnWith([...state, ['limpet-rotate', '1']]) : ready(state);
  }

  function afterPut(result: StoreResult, releasing: boolean): SealedNow {
    if (result.kind === 'stored') return stored(releasing);
    if (result.kind === 'unstored') return ready(touched === 'no' ? [] : [['limpet-unstored', '1']]);
    return touched === 'no' ? ready([]) : { kind: 'refused', refusal: refused(result.reason) };
  }

  /** The store has this version. Released only if nobody else came or changed anything meanwhile. */
  function stored(releasing: boolean): SealedNow {
    const version: HeaderList =
      copy.storedVersion === 0 ? [] : [['limpet-version', String(copy.storedVersion)]];
    const said = [...version, ...label.headers('alone')];
    if (touched === 'rotated') return goOnWith([...said, ['limpet-rotate', '1']]);
    if (!releasing || !isAlone(copies, copy) || copy.version !== copy.storedVersion)
      return ready(touched === 'no' ? said.slice(version.length) : said);
    copies.drop(copy);
    return ready([...said, ['limpet-released', '1']]);
  }

  function keepLate(call: () => Promise<StoreResult>): void {
    const before = late;
    const mine = source === 'read-only' || storing === 'off' ? resultWithout(source) : call();
    late = mine.then(async (result) => {
      const refusal = result.kind === 'refused' ? refused(result.reason) : undefined;
      return (await before) ?? refusal;
    });
  }

  return {
    session,
    handle: handleOf(copy, target),
    copy,
    source,
    change(state) {
      copy.state = state;
      copy.version += 1;
      if (touched === 'no') touched = 'changed';
      if (sealed) keepLate(() => put('late'));
    },
    end() {
      touched = 'ended';
      if (sealed) keepLate(() => api.end(target).then((result) => (leave(), result)));
    },
    rotate() {
      mustBeOpen(sealed, 'rotate');
      if (touched !== 'ended') touched = 'rotated';
    },
    subject(name) {
      mustBeOpen(sealed, 'subject');
      label.set(name);
    },
    seal(extent) {
      const outcome = sealNow(extent);
      sealed = true;
      return outcome;
    },
    late: () => late,
    close() {
      if (!closed && source !== 'read-only') copy.inFlight -= 1;
      closed = true;
    },
  };
}

function handleOf(
  { session, epoch }: Copy,
  { apiUrl, capability, store }: VisitFacts['target'],
): SessionHandle {
  return { session, epoch, apiUrl, capability, store };
}

/** Puts the copy as it is now; it stays as long as that is under way. */
async function putCopy(
  copy: Copy,
  label: SubjectLabel,
  put: (at: Omit<ToStore, 'when'>) => Promise<StoreResult>,
): Promise<StoreResult> {
  const { epoch, version, state } = copy;
  copy.inFlight += 1;
  try {
    const result = await put({ epoch, version, state, subject: label.name });
    if (result.kind !== 'stored') return result;
    copy.storedVersion = Math.max(copy.storedVersion, version);
    label.stored();
    return result;
  } finally {
    copy.inFlight -= 1;
  }
}

/** What a late change comes to when there is no store to call. */
async function resultWithout(source: Visit['source']): Promise<StoreResult> {
  return source === 'read-only' ? { kind: 'refused', reason: 'unreachable' } : { kind: 'stored' };
}

/** Only this request uses the copy, and nobody has dropped it: what a login on its way takes along must not be released under its feet. */
function isAlone(copies: Copies, copy: Copy): boolean {
  return copy.inFlight === 1 && copies.peek(copy.session) === copy;
}

function mustBeOpen(sealed: boolean, verb: 'rotate' | 'subject'): void {
  if (sealed) throw new Error(`Cannot call ${verb}() as the answer must not have begun: call it earlier`);
}

function tooLargeOf({ session, state }: Copy): string {
  return `${session.slice(0, 8)}…: the state of ${state.length} bytes is over session.stateBytesMax`;
}
