import { type Copy, furthest, lapsedMs, type Promotion } from '../core/promotion.ts';
import type { Clock, PromotionSaid, PromotionWish, ReplicaStanding, Timers, Unreachable } from '../ports.ts';
import type { ReplicaOf, ShardLine } from './shard-line.ts';

interface Context {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly durability: 'async' | 'primary' | 'quorum';
}

/**
 * Makes a replica the shard (docs/decisions/008-promotion.md). A shard that answers hands over by itself and loses nothing. Of one that does not, everybody
 * who could confirm it is closed first, and what it was confirmed before has to lapse. Each step can be done again: a promotion that was broken off is
 * finished by the next call.
 */
export async function promote(
  objects: ShardLine,
  wish: PromotionWish,
  context: Context,
): Promise<PromotionSaid> {
  const begunAt = context.clock.now();
  const known = await objects.askMonitor((monitor) => monitor.promotionOf(objects.shard));
  if (known !== undefined && 'kind' in known) return known;
  const generation = known?.generation ?? 0;
  const replicas = objects.replicasOf(generation);
  const chosen = await choose(replicas, wish);
  if ('kind' in chosen) return chosen;
  const to = promotionTo(chosen, generation);
  const handed = await objects.handOver(to);
  if (handed.kind === 'behind')
    return notWhole(`the shard answers, and its replica lags: ${JSON.stringify(handed.replicas)}`);
  const waitedMs = () => context.clock.now() - begunAt;
  if (handed.kind === 'handed')
    return finish(objects, replicas, handed.to, { loss: 'none', heardAt: begunAt, waitedMs });
  return promoteWithout(objects, replicas, { wish, generation, waitedMs, why: handed.why }, context);
}

type Chosen = ReplicaOf & Copy & { readonly at: number };

function promotionTo({ object, jurisdiction }: ReplicaOf, generation: number): Promotion {
  return { generation: generation + 1, object, jurisdiction };
}

/** Asked before anything is closed: who cannot be promoted is not tried. */
async function choose(
  replicas: readonly ReplicaOf[],
  wish: PromotionWish,
): Promise<Chosen | Extract<PromotionSaid, { kind: 'refused' }>> {
  const wanted = wish.replica === undefined ? replicas : replicas.slice(wish.replica - 1, wish.replica);
  if (wanted.length === 0)
    return refused(
      'unknown_replica',
      `Wanted one of the ${replicas.length} replicas, found ${wish.replica ?? 'none'}.`,
    );
  const standings = await Promise.all(
    wanted.map((replica) =>
      standingOf(
        replica,
        replica.ask((object, of) => object.standing(of)),
      ),
    ),
  );
  const best = furthest(standings.flatMap((one) => ('why' in one ? [] : [one])));
  return (
    best ?? refused('no_whole_copy', `No replica can be the shard: ${standings.map(sentence).join('; ')}.`)
  );
}

async function standingOf(
  replica: ReplicaOf,
  asked: Promise<ReplicaStanding | Unreachable>,
): Promise<Chosen | (Unreachable & { object: string })> {
  const said = await asked;
  return 'why' in said ? { ...said, object: replica.object } : { ...said, ...replica };
}

function sentence(one: Chosen | (Unreachable & { object: string })): string {
  return 'why' in one ? `${one.object} does not answer (${one.why})` : `${one.object} holds no whole copy`;
}

interface Circumstances {
  readonly wish: PromotionWish;
  readonly generation: number;
  readonly why: string;
  waitedMs(): number;
}

/** The shard does not answer: nobody may confirm it any more, and its last word has to be over. */
async function promoteWithout(
  objects: ShardLine,
  replicas: readonly ReplicaOf[],
  { wish, generation, why, waitedMs }: Circumstances,
  { timers, durability }: Context,
): Promise<PromotionSaid> {
  if (durability !== 'quorum' && wish.loss === 'refuse')
    return notWhole(
      `the shard does not answer (${why}), and under \`${durability}\` it may have acknowledged changes alone; ${await lags(replicas)}`,
    );
  const closed = await objects.askMonitor((monitor) => monitor.closeTo(objects.shard, generation + 1));
  if (closed !== undefined) return closed;
  const standings = await Promise.all(
    replicas.map((replica) =>
      standingOf(
        replica,
        replica.ask((object, of) => object.closeTo(of, generation + 1)),
      ),
    ),
  );
  const open = standings.filter((one) => 'why' in one);
  const wanted = wish.replica === undefined ? undefined : replicas[wish.replica - 1]?.object;
  const whole = standings.flatMap((one) => ('why' in one ? [] : [one]));
  const best = furthest(whole);
  const to = wanted === undefined ? best : furthest(whole.filter(({ object }) => object === wanted));
  const isKnownWhole =
    durability === 'quorum' && open.length === 0 && to !== undefined && to.seq === best?.seq;
  if (to === undefined || (!isKnownWhole && wish.loss === 'refuse')) {
    await reopen(objects, replicas, generation);
    return notWhole(`the shard does not answer (${why}); ${standings.map(sentenceOfClosed).join('; ')}`);
  }
  await timers.sleep(lapsedMs);
  return finish(objects, replicas, promotionTo(to, generation), {
    loss: isKnownWhole ? 'none' : 'unknown',
    heardAt: to.at,
    waitedMs,
  });
}

async function reopen(objects: ShardLine, replicas: readonly ReplicaOf[], generation: number): Promise<void> {
  await Promise.all(replicas.map((replica) => replica.ask((object, of) => object.reopen(of))));
  await objects.askMonitor((monitor) => monitor.closeTo(objects.shard, generation));
}

interface Account {
  readonly loss: 'none' | 'unknown';
  readonly heardAt: number;
  waitedMs(): number;
}

/** The replica first, then the monitor: whoever hears of it finds it there. */
async function finish(
  objects: ShardLine,
  replicas: readonly ReplicaOf[],
  to: Promotion,
  { loss, heardAt, waitedMs }: Account,
): Promise<PromotionSaid> {
  const replica = replicas.find(({ object }) => object === to.object);
  if (replica === undefined)
    return refused(
      'unknown_replica',
      `The shard was handed over to ${to.object}, which the configuration does not place.`,
    );
  const said = await replica.ask((object, of) => object.promote(of, to));
  if (said.kind === 'unreachable') return said;
  if (said.kind === 'not whole') return refused('no_whole_copy', `${to.object} holds no whole copy.`);
  const recorded = await objects.askMonitor((monitor) => monitor.promoted(objects.shard, said.by));
  if ('kind' in recorded) return recorded;
  // The others are closed for good as well; one that does not hear of it has nobody to follow.
  const others = replicas.filter((one) => one !== replica);
  await Promise.all(others.map((one) => one.ask((object, of) => object.closeTo(of, to.generation))));
  return { kind: 'promoted', by: recorded, loss, heardAt, waitedMs: waitedMs() };
}

function refused(
  code: Extract<PromotionSaid, { kind: 'refused' }>['code'],
  why: string,
): Extract<PromotionSaid, { kind: 'refused' }> {
  return { kind: 'refused', code, why };
}

function notWhole(why: string): PromotionSaid {
  return refused('copy_not_known_whole', `No replica is known to have every acknowledged change: ${why}.`);
}

async function lags(replicas: readonly ReplicaOf[]): Promise<string> {
  const standings = await Promise.all(
    replicas.map((replica) =>
      standingOf(
        replica,
        replica.ask((object, of) => object.standing(of)),
      ),
    ),
  );
  return standings.map(sentenceOfClosed).join('; ');
}

function sentenceOfClosed(one: Chosen | (Unreachable & { object: string })): string {
  if ('why' in one) return `${one.object} does not answer (${one.why})`;
  if (!one.isWhole) return `${one.object} holds no whole copy`;
  return `${one.object} stands at row ${one.seq} and heard from the shard at ${new Date(one.at).toISOString()} or later`;
}
