import type { SessionId } from '../core/ids.ts';
import type { Visit } from '../visit.ts';
import { type LearnedKey, type LearnedRule, learnedKey } from './learned-key.ts';

type CreatingRule = Exclude<LearnedRule, { by: 'ip' }>;

/** Whether the pool learns keys from answers at all. */
export function learns({ pool }: Visit): boolean {
  return pool.config.affinity.some(isCreating);
}

/** The keys that an origin makes with this answer: an application cookie, a header. */
export async function createdKeys(visit: Visit, { headers }: Response): Promise<LearnedKey[]> {
  const keys = visit.pool.config.affinity.filter(isCreating).flatMap((rule) => {
    const value = createdKey(rule, headers);
    return value === undefined ? [] : [learnedKey(visit, rule, value)];
  });
  return Promise.all(keys);
}

/** The session that the client will come back as, where that is another one than it came as. */
export async function createdSession(
  visit: Visit,
  came: SessionId,
  response: Response,
): Promise<SessionId | undefined> {
  const [first] = await createdKeys(visit, response);
  return first === undefined || first.session === came ? undefined : first.session;
}

function isCreating(rule: { readonly by: string }): rule is CreatingRule {
  return rule.by === 'application-cookie' || rule.by === 'header';
}

function createdKey(rule: CreatingRule, headers: Headers): string | undefined {
  if (rule.by === 'header') return headers.get(rule.name) ?? undefined;
  for (const cookie of headers.getSetCookie()) {
    const [pair = ''] = cookie.split(';', 1);
    const at = pair.indexOf('=');
    if (pair.slice(0, at).trim() === rule.name) return pair.slice(at + 1).trim() || undefined;
  }
  return undefined;
}
