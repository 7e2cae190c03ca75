/** An origin that takes new sessions, and how many live there. */
export interface Holding {
  readonly origin: string;
  readonly weight: number;
  readonly sessions: number;
}

export interface Transfer {
  readonly from: string;
  readonly to: string;
  readonly sessions: number;
}

/** As near to its share as this counts as balanced: sessions come and go meanwhile. */
export const slackShare = 0.02;

/**
 * The fewest moves after which each origin has its share by weight; none where each is near enough. Whom hashing would place where is not asked: a first
 * visit is placed by its client's address, so two thirds of a balanced pool of three would move.
 */
export function transfersOf(holdings: readonly Holding[]): readonly Transfer[] {
  const weighed = holdings.filter(({ weight }) => weight > 0);
  const weights = weighed.reduce((sum, { weight }) => sum + weight, 0);
  const sessions = weighed.reduce((sum, holding) => sum + holding.sessions, 0);
  const offs = weighed.map((holding) => {
    const share = (sessions * holding.weight) / weights;
    return { ...holding, over: holding.sessions - share, slack: Math.max(1, share * slackShare) };
  });
  if (offs.every(({ over, slack }) => Math.abs(over) <= slack)) return [];
  return matched(
    offs.filter(({ over }) => over >= 1).map(({ origin, over }) => ({ origin, count: Math.floor(over) })),
    offs.filter(({ over }) => over < 0).map(({ origin, over }) => ({ origin, count: Math.ceil(-over) })),
  );
}

interface Off {
  readonly origin: string;
  readonly count: number;
}

function matched(over: readonly Off[], under: readonly Off[]): Transfer[] {
  const [giver, ...givers] = over;
  const [taker, ...takers] = under;
  if (giver === undefined || taker === undefined) return [];
  const sessions = Math.min(giver.count, taker.count);
  const rest = ({ origin, count }: Off) => (count > sessions ? [{ origin, count: count - sessions }] : []);
  return [
    { from: giver.origin, to: taker.origin, sessions },
    ...matched([...rest(giver), ...givers], [...rest(taker), ...takers]),
  ];
}
