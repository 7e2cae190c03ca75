/** A fault that is planted in the real code while it is loaded. Each `from` must stand in its file exactly once. */
export interface Mutation {
  readonly name: string;
  readonly changes: readonly Change[];
}

interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const fence = 'worker/core/fence.ts';
const forward = 'worker/steps/forward.ts';
const again = "return { ...seat, carried: { kind: 'nothing' } };";
const instanceCheck = 'if (row.instance !== noInstance && row.instance !== wish.instance)';

function mutation(name: string, ...changes: Change[]): Mutation {
  return { name, changes };
}

export const mutations: readonly Mutation[] = [
  mutation('a put is stored whatever its epoch is', {
    file: fence,
    from: 'if (row.epoch !== wish.epoch || row.home !== wish.home)',
    to: 'if (row.home !== wish.home)',
  }),
  mutation(
    "a put ignores the instance, and a claim's state is sent twice",
    { file: fence, from: instanceCheck, to: 'if (false)' },
    { file: forward, from: again, to: 'return seat;' },
  ),
  mutation("a claim's state is sent twice", { file: forward, from: again, to: 'return seat;' }),
  mutation('a claim replaces whatever epoch there is', {
    file: fence,
    from: 'if (row.epoch !== wish.expected)',
    to: 'if (false)',
  }),
  mutation('the state that is handed over was read before the claim', {
    file: 'durable-objects/shard/sessions.ts',
    from: 'const answer = slots.decide(session, held, claim(held.slot, wish, slots.floor));',
    to: `await new Promise((resolve) => setTimeout(resolve, 30));
    const now = slots.open(pool, session);
    const answer = slots.decide(session, now, claim(now.slot, wish));`,
  }),
  mutation('a copy outlives a newer epoch', {
    file: 'sdk/arrival.ts',
    from: "if (copy && copy.epoch < epoch) return { kind: 'drop', copy };",
    to: '',
  }),
  mutation('a cookie of an older incarnation is signed anew without asking', {
    file: 'worker/core/decide.ts',
    from: "if (!isCurrent || view.trust === 'stale')",
    to: "if (view.trust === 'stale')",
  }),
  mutation('a claim raises no incarnation', {
    file: fence,
    from: 'return row.home !== wish.home || row.instance !== wish.instance ? { raise: row.home } : {};',
    to: 'return {};',
  }),
  mutation('an end is fenced', {
    file: fence,
    from: "return { answer: { kind: 'ended' }, next, ...(own ? {} : { raise: slot.row.home }) };",
    to: "return own ? { answer: { kind: 'ended' }, next } : { answer: { kind: 'ended' } };",
  }),
  mutation('an instance forgets what it has ended', {
    file: 'sdk/ended-marks.ts',
    from: 'marks.add(session);',
    to: '',
  }),
  mutation(
    'Limpet-New goes out on a second attempt',
    {
      file: forward,
      from: "if (seat.kind === 'stateless' || seat.carried.kind === 'new')",
      to: "if (seat.kind === 'stateless')",
    },
    { file: forward, from: again, to: 'return seat;' },
  ),
  mutation('an answer does not wait for its group to be stored', {
    file: 'durable-objects/shard/groups.ts',
    from: 'if (this.#open?.entries.has(session)) await this.#open.flushed;',
    to: '',
  }),
  mutation('a fenced answer goes to the client', {
    file: 'worker/steps/kept.ts',
    from: 'return fenced(visit, seatOf(handed.seat, said.row));',
    to: 'return answer(handed);',
  }),
  mutation('there is a second way to an epoch when the shard is away', {
    file: 'worker/steps/move.ts',
    from: '? readOnlySeat(visit, at, target)',
    to: `? seat({ ...at, home: target, epoch: at.epoch + 1 }, { kind: 'state', version: 0, bytes: new Uint8Array() }, 'moved', why)`,
  }),
  mutation('a move is not told to the client', {
    file: 'worker/steps/stick.ts',
    from: 'identity.home === due.home && identity.epoch === due.epoch &&',
    to: '',
  }),
  mutation('a login that was overtaken takes its older state along', {
    file: fence,
    from: 'const isOvertaken = wish.version < answer.row.version;',
    to: 'const isOvertaken = false;',
  }),
  mutation('a failed login costs the session', {
    file: 'sdk/create-visit.ts',
    from: 'function goOnWith(headers: HeaderList): SealedNow {\n    copies.drop(copy);',
    to: 'function goOnWith(headers: HeaderList): SealedNow {\n    leave();',
  }),
  mutation(
    'a session is released before it is stored',
    {
      file: 'sdk/create-visit.ts',
      from: 'if (copy.version === copy.storedVersion) return stored(releasing);',
      to: 'if (releasing || copy.version === copy.storedVersion) return stored(releasing);',
    },
    {
      file: 'sdk/create-visit.ts',
      from: '|| copy.version !== copy.storedVersion)',
      to: ')',
    },
  ),
  mutation(
    'a replica applies its log out of order',
    {
      file: 'worker/core/replication.ts',
      from: "if (position.seq < stretch.after) return 'gap';",
      to: "return 'apply';",
    },
    {
      file: 'durable-objects/shard/copy.ts',
      from: 'rows.rows.filter(({ seq }) => seq > position.seq)',
      to: 'rows.rows',
    },
  ),
  mutation('KV is preferred to the shard', {
    file: 'worker/steps/move.ts',
    from: 'const carried = await carry(visit, at.session, said.row.version, said.state);',
    to: `const copy = await visit.pool.fallback.session(at.session);
  const carried = await carry(visit, at.session, copy?.row.version ?? said.row.version, copy?.state ?? said.state);`,
  }),
  mutation('the shard alone counts as a quorum', {
    file: 'durable-objects/shard/feed.ts',
    from: 'if (this.#links.some(({ confirmed }) => confirmed >= last)) return true;',
    to: 'if (last >= 0) return true;',
  }),
  mutation('a replica is promoted without a higher generation', {
    file: 'durable-objects/monitor/promotions.ts',
    from: 'return { by, attempt: attempt + 1 };',
    to: 'return { by, attempt };',
  }),
  mutation('a shard that has handed over goes on', {
    file: 'durable-objects/shard/tenure.ts',
    from: 'if (by !== undefined) throw new Error(replacedText(this.#parts.shard(), by));',
    to: '',
  }),
  mutation('a shard that nobody confirms goes on', {
    file: 'durable-objects/shard/slots.ts',
    from: 'if (!tenure.isSure) await tenure.sure();',
    to: '',
  }),
  mutation('a shard hands over to a replica that lags', {
    file: 'durable-objects/shard/feed.ts',
    from: 'if (link.confirmed >= this.#parts.ledger.last) return true;',
    to: 'return true;',
  }),
  mutation('replicas go on with the shard that is being replaced', {
    file: 'durable-objects/shard-replica.ts',
    from: 'if (this.#shard === undefined && of.generation >= this.#closedTo) return;',
    to: 'if (this.#shard === undefined) return;',
  }),
  mutation('an origin that is down is not raised', {
    file: 'durable-objects/pool-monitor.ts',
    from: 'if (health === undefined) return;',
    to: "if (health === undefined || health.health === 'down') return;",
  }),
  mutation('a put that no claim has taken along counts as overtaken', {
    file: 'durable-objects/shard/left.ts',
    from: 'wish.version <= row.version;',
    to: 'wish.version > row.version;',
  }),
  mutation('a login that was overtaken leaves the old id alive where it was claimed', {
    file: 'durable-objects/shard/left.ts',
    from: '{ ...before, raise: slot.row.home }',
    to: 'before',
  }),
  mutation('a promotion that was overtaken undoes the one that overtook it', {
    file: 'durable-objects/shard-replica.ts',
    from: "if (this.#closedTo > attempt) return 'overtaken';",
    to: '',
  }),
];
