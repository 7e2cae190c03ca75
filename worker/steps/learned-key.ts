import type { AffinityRule } from '../config/config.ts';
import { cookieValues } from '../core/cookie-header.ts';
import type { SessionId } from '../core/ids.ts';
import { learnedShards, makeSessionId } from '../core/session-id.ts';
import { clientAddress, networkOf } from './client-address.ts';
import type { Visit } from '../visit.ts';

export type LearnedRule = Exclude<AffinityRule, { by: 'cookie' }>;

export interface LearnedKey {
  readonly session: SessionId;
  readonly placeKey: number;
}

/** Keys longer than this are still keys: they are hashed whole. */
export async function learnedSession(visit: Visit, rule: LearnedRule): Promise<LearnedKey | undefined> {
  const value = keyIn(visit, rule);
  return value === undefined || value === '' ? undefined : learnedKey(visit, rule, value);
}

/** The session of a key that somebody else made. Keyed, so that a client who chooses its key does not choose a shard or an origin. */
export async function learnedKey({ pool }: Visit, rule: LearnedRule, value: string): Promise<LearnedKey> {
  const digest = await pool.keyring.digest('learned', `${ruleName(rule)}\n${value}`);
  const number = digest[20] ?? 0;
  const { region, generation } = pool.config.session;
  const session = makeSessionId({ region, generation, number: number % learnedShards }, digest);
  return { session, placeKey: new DataView(digest.buffer).getInt32(16) };
}

function keyIn({ request, edge }: Visit, rule: LearnedRule): string | undefined {
  switch (rule.by) {
    case 'application-cookie':
      return cookieValues(request.headers.get('cookie') ?? '', rule.name, 1)[0];
    case 'header':
      return request.headers.get(rule.name) ?? undefined;
    case 'ip':
      return networkOf(clientAddress(request, edge.config));
    default:
      return rule satisfies never;
  }
}

function ruleName(rule: LearnedRule): string {
  return rule.by === 'ip' ? 'ip' : `${rule.by}:${rule.name}`;
}
