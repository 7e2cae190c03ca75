import { wholeNumber } from './headers.ts';
import { parseJson } from './json.ts';
import type { StoreKind } from './store-kind.ts';
import { type Answer, type CallOptions, createCall } from './store-call.ts';

/** Where one session's state is claimed and stored, and what proves the right to: `Limpet-Api`. */
export interface StoreTarget {
  readonly apiUrl: string;
  readonly capability: string;
}

/**
 * Names a session to this origin for as long as its capability holds: an hour from the request that brought it. Whoever has it may read and write the
 * session as this origin: it stays in the process.
 */
export interface SessionHandle extends StoreTarget {
  readonly session: string;
  readonly epoch: number;
  readonly store: StoreKind;
}

/** What a claim came to. */
export type ClaimResult =
  | { readonly kind: 'claimed'; readonly epoch: number; readonly version: number; readonly state: Uint8Array }
  | { readonly kind: 'newer'; readonly epoch: number }
  | { readonly kind: 'elsewhere' | 'ended' | 'unreachable' };

/** Why a change is not kept: the values of `Limpet-Refused`. */
export type RefusedReason = 'moved' | 'ended' | 'unreachable' | 'too-large' | 'changed';

/** What a put or an end came to. */
export type StoreResult =
  | { readonly kind: 'stored' }
  /** Not known to be stored, and the operator wants the answer to go out all the same. */
  | { readonly kind: 'unstored' }
  | { readonly kind: 'refused'; readonly reason: RefusedReason };

/** One version of a state, and what goes with it. */
export interface ToStore {
  readonly epoch: number;
  readonly version: number;
  readonly state: Uint8Array;
  /** Whose session it is, where this origin has been told. */
  readonly subject: string | undefined;
  /** `late`: the answer has begun, and cannot say what became of the change. */
  readonly when: 'before the answer' | 'late';
}

/** The store API of contract section 4. Every call is repeated on failure, within one deadline. */
export interface StoreApi {
  claim(target: StoreTarget, epoch: number): Promise<ClaimResult>;
  put(target: StoreTarget, at: ToStore): Promise<StoreResult>;
  end(target: StoreTarget): Promise<StoreResult>;
}

/** What the client needs of the world. */
export interface StoreApiOptions extends CallOptions {
  nonce(): string;
  onProblem(problem: { code: string; message: string }): void;
}

const REFUSED: ReadonlyMap<number, RefusedReason> = new Map([
  [409, 'moved'],
  [410, 'ended'],
  [413, 'too-large'],
]);

/** The client for claim, put and end. */
export function createStoreApi(options: StoreApiOptions): StoreApi {
  const call = createCall(options);

  function stored(answer: Answer | undefined): StoreResult {
    if (answer !== undefined && answer.status < 300) return { kind: 'stored' };
    const reason = REFUSED.get(answer?.status ?? 0) ?? 'unreachable';
    if (answer && reason === 'unreachable') options.onProblem(strange(answer));
    return { kind: 'refused', reason };
  }

  return {
    async claim(target, epoch) {
      const headers = { 'limpet-epoch': String(epoch), 'limpet-request': options.nonce() };
      const answer = await call(`${target.apiUrl}/claim`, { method: 'POST', headers }, target.capability);
      const result = answer === undefined ? { kind: 'unreachable' as const } : readClaim(answer);
      if (answer && result.kind === 'unreachable') options.onProblem(strange(answer));
      return result;
    },
    async put(target, { epoch, version, state, subject, when }) {
      const headers: Record<string, string> = {
        'limpet-epoch': String(epoch),
        'limpet-version': String(version),
      };
      if (subject !== undefined) headers['limpet-subject'] = subject;
      if (when === 'late') headers['limpet-late'] = '1';
      return stored(
        await call(target.apiUrl, { method: 'PUT', headers, body: new Uint8Array(state) }, target.capability),
      );
    },
    async end(target) {
      return stored(await call(target.apiUrl, { method: 'DELETE', headers: {} }, target.capability));
    },
  };
}

function readClaim({ status, headers, body }: Answer): ClaimResult {
  const epoch = wholeNumber(headers.get('limpet-epoch'));
  if (status === 410) return { kind: 'ended' };
  if (status === 409 && codeOf(body) === 'elsewhere') return { kind: 'elsewhere' };
  if (status === 409 && epoch !== undefined) return { kind: 'newer', epoch };
  const version = wholeNumber(headers.get('limpet-version'));
  if (status !== 200 || epoch === undefined || version === undefined) return { kind: 'unreachable' };
  return { kind: 'claimed', epoch, version, state: body };
}

function codeOf(body: Uint8Array): unknown {
  const parsed = parseJson(new TextDecoder().decode(body));
  return typeof parsed === 'object' && parsed !== null && 'code' in parsed ? parsed.code : undefined;
}

/** For the operator: what came is no answer of this API. */
export function strange({ status, body }: Answer): { code: string; message: string } {
  const text = new TextDecoder().decode(body.subarray(0, 200));
  return {
    code: 'store_answer_strange',
    message: `Cannot use the store's answer: wanted one of the contract, found ${status} ${text}`,
  };
}
