import type { Answered } from './ask.ts';
import type { Wish } from './browser.ts';
import type { Cookie } from './cookie.ts';
import { idleMs } from './deployment.ts';
import type { Said } from './instance.ts';
import type { World } from './world.ts';

/** What a request was promised when it was sent, and what excuses its answer. */
export interface Owed {
  readonly name: string;
  readonly verb: Wish['verb'];
  readonly cookie: Cookie | undefined;
  readonly isNewest: boolean;
  /** Entries of the session that had been acknowledged to a client. */
  readonly entries: ReadonlySet<string>;
  readonly at: number;
  readonly edge: string;
  /** The stated window after a move was open when the request reached its edge. */
  mayBeBehind: boolean;
  wasEnded: boolean;
}

/** Compares what a client hears with what it was promised. */
export function judge(
  { oracle, ...world }: Pick<World, 'oracle' | 'network'>,
  owed: Owed,
  { heard, cookie }: Answered,
): void {
  const { name, verb } = owed;
  const { status, said } = heard;
  if (status === 403) oracle.violated('I8', `${name}: an origin refused the edge's own signature`);
  if (isSessionLost({ oracle }, owed, said?.session ?? cookie?.session)) {
    oracle.violated('I1', `${name}: session ${owed.cookie?.session.slice(-4)} was lost`);
  }
  if (said === undefined) return;
  // It may have been of the changes that an operator gave up.
  if (owed.at <= oracle.lossAt) return;
  if (verb === 'append') oracle.acknowledged(said.session, name);
  if (verb === 'logout' && !oracle.of(said.session).isEnded) {
    oracle.violated('I5', `${name} was acknowledged, but the session is not ended`);
  }
  if (verb === 'logout') oracle.of(said.session).isEndAcknowledged = true;
  if (new Set(said.list).size !== said.list.length) {
    oracle.violated('I2', `${name} shows an entry twice: [${said.list.join()}]`);
  }
  if (verb === 'read' && said.session === owed.cookie?.session) judgeRead({ oracle, ...world }, owed, said);
}

/** A session goes over into another one only by its end, a login, or its time. */
function isSessionLost(
  { oracle }: Pick<World, 'oracle'>,
  { cookie, at }: Owed,
  next: string | undefined,
): boolean {
  if (cookie === undefined || next === undefined || next === cookie.session) return false;
  const { isEnded, isLeaving } = oracle.of(cookie.session);
  if (at <= oracle.lossAt) return false;
  const isExpired = at >= cookie.renewedMs + idleMs - slackMs;
  return !isEnded && !isLeaving && !isExpired;
}

/** A request is under way for some time before its edge looks at the cookie. */
const slackMs = 5_000;

function judgeRead({ oracle, network }: Pick<World, 'oracle' | 'network'>, owed: Owed, said: Said): void {
  const { name, entries, edge, at, isNewest, wasEnded, mayBeBehind } = owed;
  if (said.source === 'read-only') return;
  // With its shard away an edge trusts the cookie; what it asked shortly before may be on its way still.
  const isAlone = (network.troubledAt.get(`${edge}>shard`) ?? 0) >= at - 2_000;
  const isExcused = mayBeBehind || isAlone;
  const { isEnded } = oracle.of(said.session);
  if (wasEnded && said.list.length > 0 && !isExcused)
    oracle.violated('I5', `${name} reads [${said.list.join()}] of an ended session`);
  const missing = [...entries].filter((entry) => !said.list.includes(entry));
  if (missing.length === 0 || isEnded) return;
  const what = `${name} reads [${said.list.join()}] though ${missing.join()} was acknowledged before`;
  if (isNewest) oracle.violated('I4', `${what}, with the newest cookie`);
  else if (!isExcused) oracle.violated('I4w', `${what}, with an old cookie and no window left`);
}
