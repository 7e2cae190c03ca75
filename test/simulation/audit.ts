import type { Entry } from '../../worker/core/page.ts';
import type { ObjectHost } from './object-host.ts';
import type { World } from './world.ts';

/** Reads the shards' storage as a new life of them would: all of it, not only what was written last. */
export function auditStorage(world: World): void {
  for (const shard of world.hosts('shard')) {
    const entries = entriesIn(world, shard);
    for (const entry of entries.values()) compare(world, shard, entry);
    for (const id of orphans(shard, entries))
      world.oracle.violated('I9', `nothing refers to the chunks ${id}`);
    for (const session of missing(world, shard, entries))
      world.oracle.violated('I1', `${session.slice(-4)} is not in storage`);
  }
}

/** The log is newer than the pages. */
export function entriesIn({ product }: World, { storage }: ObjectHost): Map<string, Entry> {
  const bodies = [
    ...(storage.has('page') ? storage.query('SELECT body FROM page') : []),
    ...(storage.has('log') ? storage.query('SELECT body FROM log ORDER BY seq') : []),
  ];
  const entries = bodies.flatMap(({ body }) => (body instanceof ArrayBuffer ? product.decodePage(body) : []));
  return new Map(entries.map((entry) => [entry.session, entry]));
}

function compare({ oracle }: World, { storage }: ObjectHost, entry: Entry): void {
  const { isEnded } = oracle.of(entry.session);
  if (isEnded && entry.slot.kind !== 'ended')
    oracle.violated('I5', `${entry.session.slice(-4)} is not ended in storage`);
  else oracle.stored(storage, entry);
}

function orphans({ storage }: ObjectHost, entries: ReadonlyMap<string, Entry>): string[] {
  const known = new Set([...entries.values()].map(({ state }) => (state.kind === 'chunked' ? state.id : '')));
  const rows = storage.has('chunk') ? storage.query('SELECT DISTINCT id FROM chunk') : [];
  return rows.map(({ id }) => String(id)).filter((id) => !known.has(id));
}

function missing(
  { oracle, scheduler }: World,
  { name }: ObjectHost,
  entries: ReadonlyMap<string, Entry>,
): string[] {
  return [...oracle.sessions].flatMap(([session, { acknowledged, isEnded, expiresAt }]) => {
    const isHere = name.endsWith(session.slice(0, 7));
    const isOwed = isHere && !isEnded && expiresAt > scheduler.now && acknowledged.size > 0;
    return isOwed && !entries.has(session) ? [session] : [];
  });
}
