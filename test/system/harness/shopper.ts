import type { Client } from './client.ts';
import { until } from './until.ts';

/** A visitor who fills a cart without pause, and notes what was promised. */
export interface Shopper {
  readonly client: Client;
  /** Where the last answer came from. */
  home(): string | undefined;
  /** Items whose addition was answered with 200. */
  readonly acknowledged: readonly string[];
  /** Everything that must not happen, in words. */
  readonly complaints: readonly string[];
  /** Answers to additions that were not a 200, as `502 delivery_unknown`. */
  readonly refusals: readonly string[];
  addOnce(): Promise<void>;
  lookOnce(): Promise<void>;
}

export function createShopper(client: Client, name: string): Shopper {
  const acknowledged: string[] = [];
  const complaints: string[] = [];
  const refusals: string[] = [];
  let home: string | undefined;
  let count = 0;
  return {
    client,
    acknowledged,
    complaints,
    refusals,
    home: () => home,
    async addOnce() {
      const item = `${name}.${(count += 1)}`;
      const seen = await client.post(`/cart?item=${item}`);
      if (seen.status !== 200)
        return void refusals.push(`${seen.status} ${String(seen.headers['limpet-code'])}`);
      home = seen.home;
      acknowledged.push(item);
    },
    async lookOnce() {
      const promised = [...acknowledged];
      const seen = await client.get('/cart');
      if (seen.status !== 200)
        return void complaints.push(`${name}: GET was answered ${seen.status} ${seen.body}`);
      home = seen.home;
      const { items } = seen.json<{ items: string[] }>();
      const lost = promised.filter((item) => !items.includes(item));
      if (lost.length > 0)
        complaints.push(`${name}: lost ${lost.join()} at ${seen.home} (${seen.outcome} ${seen.reason})`);
      if (new Set(items).size < items.length)
        complaints.push(`${name}: an item came in twice: ${items.join()}`);
    },
  };
}

/** Requests that are under way at any moment. More would measure the machine. */
const lanes = 32;

/** All shop without pause, while `meanwhile` happens and until each has `rounds` more items in its cart afterwards. */
export async function shopWhile(
  shoppers: readonly Shopper[],
  meanwhile: () => Promise<void>,
  rounds = 2,
): Promise<void> {
  const day = new AbortController();
  const shopping = Array.from({ length: lanes }, async (_, lane) => {
    while (!day.signal.aborted) {
      for (let at = lane; at < shoppers.length; at += lanes) {
        await shoppers[at]?.addOnce();
        await shoppers[at]?.lookOnce();
      }
    }
  });
  try {
    await grown(shoppers, 1);
    await meanwhile();
    await grown(shoppers, rounds);
  } finally {
    day.abort();
    await Promise.all(shopping);
  }
}

async function grown(shoppers: readonly Shopper[], rounds: number): Promise<void> {
  const goals = shoppers.map(({ acknowledged }) => acknowledged.length + rounds);
  const isThere = () => shoppers.every(({ acknowledged }, at) => acknowledged.length >= (goals[at] ?? 0));
  await until('every cart has grown', isThere, 40_000);
}
