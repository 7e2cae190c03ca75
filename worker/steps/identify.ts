import type { AffinityRule } from '../config/config.ts';
import { cookieValues, withoutCookie } from '../core/cookie-header.ts';
import { cookieValueMax, expired } from '../core/cookie-value.ts';
import type { Identity, Known } from '../core/identity.ts';
import { originId } from '../core/ids.ts';
import type { OpenedCookie } from '../core/keyring.ts';
import type { CookieFault } from '../core/outcome.ts';
import { learnedSession } from './learned-key.ts';
import type { Jar, Pool, Visit } from '../visit.ts';

/** Cookie headers longer than this are read anew each time rather than remembered. */
const rememberedHeaderMax = 2_048;

/** An origin that the configuration does not name any more: it is nobody's, and never usable. */
export const goneOrigin = originId('(gone)');

/**
 * Who is this? Answers at once for a cookie that this isolate has verified before, and waits for a signature check otherwise.
 * The first rule that finds its key wins.
 */
export function identify(visit: Visit): Identity | Promise<Identity> {
  const { affinity } = visit.pool.config;
  const [first] = affinity;
  if (first?.by === 'cookie') return identifyByCookie(visit);
  return identifyByRules(visit, affinity);
}

async function identifyByRules(visit: Visit, rules: readonly AffinityRule[]): Promise<Identity> {
  for (const rule of rules) {
    if (rule.by === 'cookie') return identifyByCookie(visit);
    const key = await learnedSession(visit, rule);
    if (key !== undefined) return { kind: 'keyed', ...key };
  }
  return { kind: 'stateless' };
}

function identifyByCookie(visit: Visit): Identity | Promise<Identity> {
  const header = visit.request.headers.get('cookie');
  if (header === null) return { kind: 'new', reason: 'first_visit' };
  const jar = visit.pool.jars.peek(header);
  if (jar === undefined) return readJar(visit, header).then(({ identity }) => identity);
  return stillValid(jar.identity, visit);
}

async function readJar(visit: Visit, header: string): Promise<Jar> {
  const { pool } = visit;
  const jar = {
    identity: await readIdentity(visit, header),
    stripped: withoutCookie(header, pool.cookieName),
  };
  if (isLasting(jar.identity) && header.length <= rememberedHeaderMax) pool.jars.set(header, jar);
  return jar;
}

/** A home that is nobody's now may register itself in a moment. */
function isLasting(identity: Identity): boolean {
  return identity.kind === 'known' && identity.home !== goneOrigin;
}

/** Every cookie under our name is verified; of several valid ones the newest epoch wins. */
async function readIdentity(visit: Visit, header: string): Promise<Identity> {
  const values = cookieValues(header, visit.pool.cookieName);
  const opened = await Promise.all(values.map((value) => open(visit.pool, value)));
  const faults = opened.filter((one) => typeof one === 'string');
  const valid = opened
    .filter((one) => typeof one !== 'string')
    .map(knownFrom)
    .filter((one) => stillValid(one, visit) === one);
  for (const fault of faults) visit.edge.counters.add(`cookie_refused.${fault}`);
  const [newest] = valid.sort((a, b) => b.epoch - a.epoch || b.renewedS - a.renewedS);
  if (newest !== undefined) return newest;
  if (values.length === 0) return { kind: 'new', reason: 'first_visit' };
  return { kind: 'new', reason: faults[0] ?? 'cookie_expired' };
}

async function open(pool: Pool, value: string): Promise<OpenedCookie | CookieFault> {
  if (value.length > cookieValueMax) return 'cookie_oversized';
  return pool.keyring.openCookie(pool.cookieName, value);
}

function knownFrom({ claims, home }: OpenedCookie): Known {
  return { kind: 'known', ...claims, home: home ?? goneOrigin };
}

function stillValid(identity: Identity, visit: Visit): Identity {
  if (identity.kind !== 'known') return identity;
  const late = expired(identity, visit.now, visit.pool.config.session);
  if (!late) return identity;
  visit.edge.counters.add('cookie_refused.cookie_expired');
  return { kind: 'new', reason: 'cookie_expired' };
}
