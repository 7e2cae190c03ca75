import { type Answer, ask } from './ask.ts';
import { body, firstVisit, homeHeader, laterVisit, ownCookies, path, type Session } from './exchange.ts';
import type { Target } from './targets.ts';

const sessionCount = 64;

/** Sessions to measure with, drawn by a Worker that sticks. */
export async function visitForTheFirstTime({ url }: Target): Promise<Session[]> {
  const sessions: Session[] = [];
  while (sessions.length < sessionCount) {
    const { headers } = await ask(url + path, firstVisit());
    const [cookie = ''] = headers['set-cookie']?.[0]?.split(';') ?? [];
    sessions.push({ cookie, home: String(headers[homeHeader]) });
  }
  return sessions;
}

/** What a bare Worker is measured with: the same cookies, and one home for all. */
export function atOneHome(sessions: readonly Session[]): Session[] {
  return sessions.map(({ cookie }) => ({ cookie, home: 'a' }));
}

/** Asks once for every session; the first thing that is wrong with an answer, or undefined. */
export async function wrongAnswer(target: Target, sessions: readonly Session[]): Promise<string | undefined> {
  for (const session of sessions) {
    const answer = await ask(target.url + path, laterVisit(session));
    const wrong = wrongIn(answer, session) ?? (target.name === 'pass-through' ? undefined : unclean(answer));
    if (wrong !== undefined) return `${target.name}: ${wrong}`;
  }
  return undefined;
}

function wrongIn({ status, headers, body: text }: Answer, { home }: Session): string | undefined {
  const by = headers[homeHeader];
  if (by !== undefined && by !== home) return `served by origin ${by}, while the session lives on ${home}`;
  if (status !== 200) return `status ${status} instead of 200`;
  if (text !== body) return 'another body than the origin sent';
  return headers['set-cookie'] === undefined ? undefined : 'a Set-Cookie where nothing had changed';
}

/** The header work is part of what is compared. */
function unclean({ headers }: Answer): string | undefined {
  if (headers['bench-cookie'] !== ownCookies) return `the origin got the cookies ${headers['bench-cookie']}`;
  const forwarded = String(headers['bench-forwarded']);
  return forwarded.startsWith('for=203.0.113.7;host=') ? undefined : `the origin got Forwarded: ${forwarded}`;
}
