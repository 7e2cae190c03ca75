import { type Answer, type CallOptions, createCall } from './store-call.ts';
import { strange, type RefusedReason, type StoreTarget, type ToStore } from './store-api.ts';

/** What a read of a shared state came to; `same`: as the reader has it. */
export type Read =
  | { readonly kind: 'held'; readonly etag: string; readonly state: Uint8Array }
  | { readonly kind: 'same' }
  | { readonly kind: 'ended' }
  | { readonly kind: 'unreachable' };

/** What a compare-and-set came to. */
export type SharedResult =
  | { readonly kind: 'stored'; readonly etag: string }
  | { readonly kind: 'refused'; readonly reason: RefusedReason };

/** The store API as origins use it that share their states (contract section 4). */
export interface SharedApi {
  /** `known` is the ETag of what the reader has. */
  get(target: StoreTarget, known: string | undefined): Promise<Read>;
  /** Stored only where `etag` is still that of the store. */
  put(target: StoreTarget, etag: string, at: Omit<ToStore, 'epoch' | 'version'>): Promise<SharedResult>;
  end(target: StoreTarget): Promise<SharedResult>;
}

/** What the client needs of the world. */
export interface SharedApiOptions extends CallOptions {
  nonce(): string;
  onProblem(problem: { code: string; message: string }): void;
}

const REASONS: ReadonlyMap<number, RefusedReason> = new Map([
  [410, 'ended'],
  [412, 'changed'],
  [413, 'too-large'],
]);

/** The client for get, put with If-Match, and end. */
export function createSharedApi(options: SharedApiOptions): SharedApi {
  const call = createCall(options);

  function resultOf(answer: Answer | undefined): SharedResult {
    if (answer && answer.status < 300) return { kind: 'stored', etag: answer.headers.get('etag') ?? '' };
    const reason = REASONS.get(answer?.status ?? 0) ?? 'unreachable';
    if (answer && reason === 'unreachable') options.onProblem(strange(answer));
    return { kind: 'refused', reason };
  }

  return {
    async get(target, known) {
      const headers: Record<string, string> = known === undefined ? {} : { 'if-none-match': known };
      const answer = await call(target.apiUrl, { method: 'GET', headers }, target.capability);
      const etag = answer?.headers.get('etag') ?? undefined;
      if (answer?.status === 200 && etag !== undefined) return { kind: 'held', etag, state: answer.body };
      if (answer?.status === 304) return { kind: 'same' };
      if (answer?.status === 410) return { kind: 'ended' };
      if (answer) options.onProblem(strange(answer));
      return { kind: 'unreachable' };
    },
    async put(target, etag, { state, subject, when }) {
      const headers: Record<string, string> = { 'if-match': etag, 'limpet-request': options.nonce() };
      if (subject !== undefined) headers['limpet-subject'] = subject;
      if (when === 'late') headers['limpet-late'] = '1';
      const body = new Uint8Array(state);
      return resultOf(await call(target.apiUrl, { method: 'PUT', headers, body }, target.capability));
    },
    async end(target) {
      return resultOf(await call(target.apiUrl, { method: 'DELETE', headers: {} }, target.capability));
    },
  };
}

/** Order is (epoch, version), never a clock. What is not of that form is older than anything. */
export function isNewer(etag: string, than: string): boolean {
  const [one, other] = [numbersOf(etag), numbersOf(than)];
  return one.epoch === other.epoch ? one.version > other.version : one.epoch > other.epoch;
}

function numbersOf(etag: string): { epoch: number; version: number } {
  const [, epoch = '-1', version = '-1'] = /^"(\d+)\.(\d+)"$/.exec(etag) ?? [];
  return { epoch: Number(epoch), version: Number(version) };
}
