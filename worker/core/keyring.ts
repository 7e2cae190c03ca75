import { base64url } from './base64url.ts';
import { type CookieClaims, decodeCookie, encodeClaims } from './cookie-value.ts';
import { type OriginId, type PoolName, type SessionId, type SubjectTag, subjectTag } from './ids.ts';
import { deriveMacKey, importMacKey, type MacKey, mac, macMatches, macText } from './mac.ts';
import { originKey } from './origin-key.ts';
import type { CookieFault } from './outcome.ts';

/**
 * The keys of one pool: each purpose has a key of its own, derived from a secret, and no key is shared between pools.
 * Of several cookie keys the first signs and all verify, so that rotating them moves nobody.
 */
export interface Keyring {
  signCookie(cookieName: string, claims: CookieClaims): Promise<string>;
  openCookie(cookieName: string, value: string): Promise<OpenedCookie | CookieFault>;
  /** The opaque tag by which a cookie that is signed now names its home. */
  homeTag(home: OriginId): string;
  /** A keyed hash of a learned key, or of a first visit: clients choose these, and must not choose an origin by them. */
  digest(purpose: 'learned' | 'first-visit', text: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Whose session it is, as it is stored: equal names of one pool have equal tags, and a tag does not tell its name. */
  subjectTag(name: string): Promise<SubjectTag>;
  sealState(session: SessionId, epoch: number, state: Uint8Array): Promise<string>;
  stateIntact(session: SessionId, epoch: number, state: Uint8Array, seal: string): Promise<boolean>;
  /** The signature of a request to this origin (docs/contract.md §5). */
  signRequest(origin: OriginId, message: string): Promise<string>;
  /** Whether this origin signed it. The key is made anew: whoever asks may name any id. */
  registrationIntact(origin: OriginId, message: string, mac: string): Promise<boolean>;
  /** The same keys for a pool that has these origins besides. */
  withOrigins(origins: readonly OriginId[]): Promise<Keyring>;
  signCapability(text: string): Promise<string>;
  capabilityIntact(text: string, tag: string): Promise<boolean>;
}

export interface OpenedCookie {
  readonly claims: CookieClaims;
  /** Undefined where the tag is of an origin that the pool does not have any more. */
  readonly home: OriginId | undefined;
}

const cookieMacBytes = 16;
const homeTagBytes = 6;
const subjectTagBytes = 16;

interface CookieKey {
  readonly key: MacKey;
  readonly tagOf: ReadonlyMap<OriginId, string>;
  readonly homeOf: ReadonlyMap<string, OriginId>;
}

export async function createKeyring(
  pool: PoolName,
  origins: readonly OriginId[],
  secrets: { readonly cookieKeys: readonly string[]; readonly originSecret: string },
): Promise<Keyring> {
  const cookieKeys = await Promise.all(
    secrets.cookieKeys.map((secret) => cookieKeyOf(pool, origins, secret)),
  );
  const [first] = cookieKeys;
  if (first === undefined) throw new Error('Cannot make a keyring as COOKIE_KEYS must name at least one key');
  const purposes = ['learned', 'first-visit', 'state', 'capability', 'subject'] as const;
  const [learned, firstVisit, state, capability, subject] = (await Promise.all(
    // Not from the cookie keys: what these sign outlives a rotation of those.
    purposes.map((purpose) => deriveMacKey(secrets.originSecret, `limpet-${purpose}-v1\n${pool}`)),
  )) as [MacKey, MacKey, MacKey, MacKey, MacKey];
  const originKeys = new Map<OriginId, Promise<MacKey>>();
  const keyOf = (origin: OriginId): Promise<MacKey> => {
    const known = originKeys.get(origin) ?? originKey(secrets.originSecret, pool, origin).then(importMacKey);
    originKeys.set(origin, known);
    return known;
  };

  const shared: SharedKeys = {
    digest: (purpose, text) => mac(purpose === 'learned' ? learned : firstVisit, text),
    subjectTag: async (name) => subjectTag(await macText(subject, name, subjectTagBytes)),
    sealState: async (session, epoch, bytes) =>
      macText(state, stateMessage(session, epoch, bytes), cookieMacBytes),
    stateIntact: (session, epoch, bytes, seal) =>
      macMatches(state, stateMessage(session, epoch, bytes), seal, cookieMacBytes),
    signRequest: async (origin, message) => macText(await keyOf(origin), message),
    registrationIntact: async (origin, message, tag) =>
      macMatches(await importMacKey(await originKey(secrets.originSecret, pool, origin)), message, tag),
    signCapability: (text) => macText(capability, text, cookieMacBytes),
    capabilityIntact: (text, tag) => macMatches(capability, text, tag, cookieMacBytes),
  };
  return keyringOf(cookieKeys, first, shared);
}

type SharedKeys = Omit<Keyring, 'signCookie' | 'openCookie' | 'homeTag' | 'withOrigins'>;

function keyringOf(cookieKeys: readonly CookieKey[], first: CookieKey, shared: SharedKeys): Keyring {
  return {
    ...shared,
    async signCookie(cookieName, claims) {
      const text = encodeClaims(claims);
      return `${text}.${await macText(first.key, cookieMessage(cookieName, text), cookieMacBytes)}`;
    },
    openCookie: (cookieName, value) => openCookie(cookieKeys, cookieName, value),
    homeTag: (home) => first.tagOf.get(home) ?? unknownTag,
    async withOrigins(origins) {
      const [signing, ...others] = await Promise.all(
        [first, ...cookieKeys.slice(1)].map((key) => withHomes(key, origins)),
      );
      return keyringOf([signing ?? first, ...others], signing ?? first, shared);
    },
  };
}

const unknownTag = '--------';

async function cookieKeyOf(pool: PoolName, origins: readonly OriginId[], secret: string): Promise<CookieKey> {
  const key = await deriveMacKey(secret, `limpet-cookie-v1\n${pool}`);
  return withHomes({ key, tagOf: new Map(), homeOf: new Map() }, origins);
}

async function withHomes({ key, ...known }: CookieKey, origins: readonly OriginId[]): Promise<CookieKey> {
  const tags = await Promise.all(origins.map((origin) => macText(key, `home\n${origin}`, homeTagBytes)));
  const tagOf = new Map([
    ...known.tagOf,
    ...origins.map((origin, at) => [origin, tags[at] ?? unknownTag] as const),
  ]);
  return { key, tagOf, homeOf: new Map([...tagOf].map(([origin, tag]) => [tag, origin])) };
}

async function openCookie(
  keys: readonly CookieKey[],
  cookieName: string,
  value: string,
): Promise<OpenedCookie | CookieFault> {
  const cookie = decodeCookie(value);
  if (cookie === undefined) return 'cookie_malformed';
  const message = cookieMessage(cookieName, cookie.signed);
  for (const { key, homeOf } of keys) {
    if (await macMatches(key, message, cookie.mac, cookieMacBytes)) {
      return { claims: cookie.claims, home: homeOf.get(cookie.claims.homeTag) };
    }
  }
  return 'cookie_forged';
}

function cookieMessage(cookieName: string, text: string): string {
  return `cookie\n${cookieName}\n${text}`;
}

function stateMessage(session: SessionId, epoch: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(`${session}\n${epoch}\n`);
  const message = new Uint8Array(head.length + bytes.length);
  message.set(head);
  message.set(bytes, head.length);
  return message;
}

/** The pseudonym under which this deployment stands in `Via`: by it a loop is seen. */
export async function viaName(secret: string): Promise<string> {
  return `limpet-${base64url((await mac(await deriveMacKey(secret, 'limpet-via-v1'), '')).subarray(0, 6))}`;
}
