import { type Copy, furthest, lapsedMs, type Promotion } from '../core/promotion.ts';
import type { Replication } from '../core/replication.ts';
import type { Clock, PromotionSaid, PromotionWish, ReplicaStanding, Timers, Unreachable } from '../ports.ts';
import type { ReplicaOf, ShardLine } from './shard-line.ts';

interface Context {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly replication: Replication;
}

/** One call of the verb. Of two that run at once the monitor knows only the one that has begun later. */
interface Attempt {
  readonly line: ShardLine;
  readonly context: Context;
  readonly wish: PromotionWish;
  readonly replicas: readonly ReplicaOf[];
  /** Who is the shard as it begins. */
  readonly by: Promotion;
  /** Its number, and the generation that it makes. */
  readonly attempt: number;
  readonly begunAt: number;
}

type Refused = Extract<PromotionSaid, { kind: 'refused' }>;
type Standing = ReplicaOf & Copy & ReplicaStanding;
type Silent = Unreachable & { readonly object: string };

/**
 * Makes a replica the shard (docs/decisions/008-promotion.md). A shard that answers hands over by itself and loses nothing. Of one that does not, everybody
 * who could confirm it is closed first, and what was confirmed before has to lapse. What was broken off anywhere is finished, or undone, by the next call.
 */
export async function promote(
  line: ShardLine,
  wish: PromotionWish,
  context: Context,
): Promise<PromotionSaid> {
  const begunAt = context.clock.now();
  const begun = await line.askMonitor((monitor) => monitor.beginPromotion(line.shard));
  if ('why' in begun) return begun;
  const replicas = line.replicasOf(begun.by.generation);
  const attempt = { ...begun, line, context, wish, replicas, begunAt };
  if (wish.replica !== undefined && replicas[wish.replica - 1] === undefined)
    return refused('unknown_replica', `Wanted one of ${replicas.length} replicas, found ${wish.replica}.`);
  const shard = await line.standFor(begun.by, begun.attempt);
  if ('why' in shard) return promoteWithout(attempt, shard.why);
  if (shard.replacedBy !== undefined)
    return finish(attempt, shard.replacedBy, { loss: 'none', heardAt: begunAt });
  return takeOver(attempt);
}

/** The shard answers. */
async function takeOver(attempt: Attempt): Promise<PromotionSaid> {
  const undone = await undo(attempt);
  if (undone !== undefined) return undone;
  const standings = await ask(attempt.replicas, (replica) =>
    replica.ask((object, of) => object.standing(of)),
  );
  const best = furthest(wanted(attempt, standings.filter(isHeard)));
  if (best === undefined)
    return refused('no_whole_copy', `No replica can be the shard: ${standings.map(sentence).join('; ')}.`);
  const handed = await attempt.line.handOver(attempt.by, promotionTo(best, attempt.attempt));
  switch (handed.kind) {
    case 'handed':
      return finish(attempt, handed.to, { loss: 'none', heardAt: attempt.begunAt });
    case 'behind':
      return notWhole(
        `the shard answers, and a replica that should have everything within seconds has not: ${JSON.stringify(handed.replicas)}`,
      );
    case 'overtaken':
      return overtaken();
    case 'unreachable':
      return handed;
    default:
      return handed satisfies never;
  }
}

/** What an earlier attempt has left: those that it promoted first, so that none is ahead of them that they do not know. */
async function undo(attempt: Attempt): Promise<Unreachable | Refused | undefined> {
  const { generation } = attempt.by;
  const standings = await standingsOf(attempt);
  const closed = standings.filter(isHeard).filter(({ closedTo }) => closedTo > generation);
  for (const { ask: askIt } of closed.toSorted((left, right) => right.generation - left.generation)) {
    const said = await askIt((object, of) => object.reopen(of, attempt.attempt));
    if (said === 'overtaken') return overtaken();
    const isDone = said === 'reopened' || (await isReopened(askIt, generation));
    if (!isDone)
      return { kind: 'unreachable', why: `a replica that an earlier attempt has closed: ${said.why}` };
  }
  return undefined;
}

/** One that begins anew restarts, and its answer is lost with that. */
async function isReopened(askIt: ReplicaOf['ask'], generation: number): Promise<boolean> {
  const standing = await askIt((object, of) => object.standing(of));
  return !('why' in standing) && standing.closedTo === generation;
}

/** The shard does not answer: nobody may confirm it any more, and its last word has to be over. */
async function promoteWithout(attempt: Attempt, why: string): Promise<PromotionSaid> {
  const { context, attempt: number } = attempt;
  const before = judgement(attempt, why, await standingsOf(attempt));
  if (before.kind === 'refused') return before;
  const closed = await stillStands(attempt);
  if (closed !== undefined) return closed;
  const standings = await ask(attempt.replicas, (replica) =>
    replica.ask((object, of) => object.closeTo(of, number)),
  );
  const chosen = judgement(attempt, why, standings);
  if (chosen.kind === 'refused') return giveUp(attempt, chosen);
  await context.timers.sleep(lapsedMs);
  const account = { loss: chosen.loss, heardAt: chosen.to.at };
  return (await stillStands(attempt)) ?? finish(attempt, promotionTo(chosen.to, number), account);
}

/** The monitor confirms nobody below this attempt, unless another one has begun since. */
async function stillStands({ line, attempt }: Attempt): Promise<PromotionSaid | undefined> {
  const said = await line.askMonitor((monitor) => monitor.closeShard(line.shard, attempt));
  if (said === 'closed') return undefined;
  return said === 'overtaken' ? overtaken() : said;
}

/** Nothing was promoted: all go on as they were. */
async function giveUp(attempt: Attempt, refusal: Refused): Promise<PromotionSaid> {
  const { line } = attempt;
  const undone = await undo(attempt);
  if (undone !== undefined) return undone;
  const begun = await line.askMonitor((monitor) => monitor.beginPromotion(line.shard));
  return 'why' in begun ? begun : refusal;
}

type Judgement =
  | Refused
  | { readonly kind: 'chosen'; readonly to: Standing; readonly loss: 'none' | 'unknown' };

/**
 * Which replica, and whether it is known to have everything. Under `quorum` some replica has what was acknowledged: when all of them are heard, the one
 * furthest ahead. One that an earlier attempt has promoted was chosen then.
 */
function judgement(attempt: Attempt, why: string, standings: readonly (Standing | Silent)[]): Judgement {
  const { context, replicas, wish } = attempt;
  const heard = standings.filter(isHeard);
  const [best, to] = [furthest(heard), furthest(wanted(attempt, heard))];
  if (to === undefined)
    return refused('no_whole_copy', `No replica can be the shard: ${standings.map(sentence).join('; ')}.`);
  const isQuorum = context.replication.durability === 'quorum';
  const isWhole = isQuorum && heard.length === replicas.length && to.seq === best?.seq;
  const isAllowed = isWhole || to.generation > 0 || wish.loss === 'accept';
  if (isAllowed) return { kind: 'chosen', to, loss: isWhole ? 'none' : 'unknown' };
  return notWhole(`the shard does not answer (${why}); ${standings.map(sentence).join('; ')}`);
}

interface Account {
  readonly loss: 'none' | 'unknown';
  readonly heardAt: number;
}

/** The replica first, then the monitor: whoever hears of it finds it there. */
async function finish(
  { line, replicas, attempt, context, begunAt }: Attempt,
  to: Promotion,
  account: Account,
): Promise<PromotionSaid> {
  const replica = replicas.find(({ object }) => object === to.object);
  if (replica === undefined)
    return refused(
      'unknown_replica',
      `The shard was handed over to ${to.object}, which the configuration does not place.`,
    );
  const closed = await replica.ask((object, of) => object.closeTo(of, attempt));
  if ('why' in closed) return closed;
  const said = await replica.ask((object, of) => object.promote(of, attempt, to, context.replication));
  if (said.kind === 'unreachable') return said;
  if (said.kind === 'not whole') return refused('no_whole_copy', `${to.object} holds no whole copy.`);
  if (said.kind === 'overtaken') return overtaken();
  const by = await line.askMonitor((monitor) => monitor.promoted(line.shard, attempt, said.by));
  if ('why' in by) return by;
  if (by.object !== said.by.object) return overtaken();
  // The others are closed for good as well; one that does not hear of it has nobody to follow.
  await ask(
    replicas.filter((one) => one !== replica),
    (one) => one.ask((object, of) => object.closeTo(of, by.generation)),
  );
  return { kind: 'promoted', by, ...account, waitedMs: context.clock.now() - begunAt };
}

function standingsOf({ replicas }: Attempt): Promise<(Standing | Silent)[]> {
  return ask(replicas, (replica) => replica.ask((object, of) => object.standing(of)));
}

async function ask(
  replicas: readonly ReplicaOf[],
  call: (replica: ReplicaOf) => Promise<ReplicaStanding | Unreachable>,
): Promise<(Standing | Silent)[]> {
  return Promise.all(
    replicas.map(async (replica) => {
      const said = await call(replica);
      return 'why' in said ? { ...said, object: replica.object } : { ...said, ...replica };
    }),
  );
}

function isHeard(one: Standing | Silent): one is Standing {
  return !('why' in one);
}

function wanted({ wish, replicas }: Attempt, standings: readonly Standing[]): readonly Standing[] {
  const named = wish.replica === undefined ? undefined : replicas[wish.replica - 1]?.object;
  return named === undefined ? standings : standings.filter(({ object }) => object === named);
}

function promotionTo({ object, jurisdiction }: ReplicaOf, generation: number): Promotion {
  return { generation, object, jurisdiction };
}

function refused(code: Refused['code'], why: string): Refused {
  return { kind: 'refused', code, why };
}

function notWhole(why: string): Refused {
  return refused('copy_not_known_whole', `No replica is known to have every acknowledged change: ${why}.`);
}

function overtaken(): Refused {
  return refused(
    'overtaken',
    'Another promotion of this shard was begun meanwhile: look at `limpet shards`.',
  );
}

function sentence(one: Standing | Silent): string {
  if ('why' in one) return `${one.object} does not answer (${one.why})`;
  if (!one.isWhole) return `${one.object} holds no whole copy`;
  return `${one.object} stands at row ${one.seq} and heard from the shard at ${new Date(one.at).toISOString()} or later`;
}
