import type { ConfigInput } from './config/input.ts';
import { loadConfig } from './config/parse.ts';
import { handlerOf, type LimpetHandler } from './handler.ts';

export type { LimpetContext, LimpetEnv, LimpetHandler } from './handler.ts';

/** Limpet as a Worker's handler. A bad configuration throws here, with all its problems, so that it never serves. */
export function limpet(input: ConfigInput): LimpetHandler {
  return handlerOf(loadConfig(input, { production: false }));
}
