/** Stands in for `cloudflare:workers`: what the product imports of it. */
export class DurableObject {
  readonly ctx: object;
  readonly env: object;

  constructor(ctx: object, env: object) {
    this.ctx = ctx;
    this.env = env;
  }
}

/** Who keeps work alive after an answer has left: set by the world that runs now. */
export const keeper: { keep(work: Promise<unknown>): void } = { keep: () => undefined };

export function waitUntil(work: Promise<unknown>): void {
  keeper.keep(work);
}
