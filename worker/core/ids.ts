/** Ids that must not be mixed up. They are made where a value enters (configuration, cookie, header) and nowhere else. */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type PoolName = Branded<'PoolName'>;
export type OriginId = Branded<'OriginId'>;
export type SessionId = Branded<'SessionId'>;

/** Whose session it is, as a keyed hash of the name that the origin gives: the name itself is kept nowhere. */
export type SubjectTag = Branded<'SubjectTag'>;

/** One process at an origin, by the nonce that it drew when it started. `''` stands for "none named yet". */
export type InstanceId = Branded<'InstanceId'>;

export const poolName = (text: string): PoolName => text as PoolName;
export const originId = (text: string): OriginId => text as OriginId;
export const instanceId = (text: string): InstanceId => text as InstanceId;
export const subjectTag = (text: string): SubjectTag => text as SubjectTag;

export const noInstance = instanceId('');

const instancePattern = /^[\w-]{16,64}$/;

/** The instance that a header names, or undefined where it is not one. */
export function parseInstance(text: string | null): InstanceId | undefined {
  return text !== null && instancePattern.test(text) ? instanceId(text) : undefined;
}
