import type { Scheduler } from './scheduler.ts';

interface Kept {
  readonly text: string;
  readonly until: number;
}

/** The cache of one colo, by the rules that the product counts on: what is kept, is kept for as long as it says. */
export class ColoCache {
  readonly #scheduler: Scheduler;
  readonly #kept = new Map<string, Kept>();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  async match(url: string): Promise<Response | undefined> {
    const kept = this.#kept.get(url);
    return kept === undefined || kept.until <= this.#scheduler.now ? undefined : new Response(kept.text);
  }

  async put(url: string, response: Response): Promise<void> {
    const maxAgeS = Number(/max-age=(\d+)/.exec(response.headers.get('cache-control') ?? '')?.[1] ?? 0);
    this.#kept.set(url, { text: await response.text(), until: this.#scheduler.now + maxAgeS * 1_000 });
  }
}
