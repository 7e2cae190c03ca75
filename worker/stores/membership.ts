import type { OriginConfig } from '../config/config.ts';
import { type OriginId, originId } from '../core/ids.ts';
import { placementOf } from '../core/rendezvous.ts';
import type { Registered } from '../core/snapshot.ts';
import type { Members, Membership, Pool } from '../visit.ts';

interface Derived {
  readonly base: Pool;
  readonly members: Members;
  readonly pool: Pool;
}

/** Rebuilt when the registered origins change, not per request: a request of a pool without them compares one field. */
export function createMembership(configured: Members): Membership {
  const prepared = new WeakMap<Registered, Members>();
  let latest: { text: string; members: Members } = { text: '', members: configured };
  let derived: Derived | undefined;

  return {
    async prepare({ registered }) {
      if (registered === undefined) return;
      const text = JSON.stringify(registered);
      if (text !== latest.text) latest = { text, members: await membersWith(configured, registered) };
      prepared.set(registered, latest.members);
    },
    asOf(pool, { registered }) {
      const members = registered && prepared.get(registered);
      if (members === undefined) return pool;
      if (derived?.base !== pool || derived.members !== members)
        derived = { base: pool, members, pool: { ...pool, ...members } };
      return derived.pool;
    },
  };
}

async function membersWith(configured: Members, registered: Registered): Promise<Members> {
  const guests = Object.entries(registered)
    .map(([id, origin]): [OriginId, OriginConfig] => [
      originId(id),
      { id, ...origin, via: '', host: new URL(origin.url).host },
    ])
    .filter(([id]) => !configured.origins.has(id));
  const origins = new Map([...configured.origins, ...guests]);
  return {
    origins,
    placement: placementOf([...origins].map(([id, { weight }]) => ({ id, weight }))),
    keyring: await configured.keyring.withOrigins(guests.map(([id]) => id)),
  };
}
