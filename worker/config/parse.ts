import * as v from 'valibot';
import { acrossRules, cookieNameRules } from './across.ts';
import type { Config } from './config.ts';
import { problemFrom } from './fields.ts';
import { ConfigError, type Problem, problemOf } from './problems.ts';
import { resolve } from './resolve.ts';
import { configSchema } from './schema.ts';

export { ConfigError } from './problems.ts';

export type Parsed =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export interface ParseOptions {
  /** On Cloudflare, where an origin must be a host name. */
  readonly production: boolean;
}

/** The whole configuration, or everything that is wrong with it. Never a part of it, never an empty one. */
export function parseConfig(input: unknown, { production }: ParseOptions): Parsed {
  const checked = v.safeParse(configSchema, input);
  const problems = [
    ...(checked.issues ?? []).map(problemFrom),
    ...acrossRules(input, production).map(problemOf),
  ];
  if (checked.success) problems.push(...cookieNameRules(checked.output).map(problemOf));
  return checked.success && problems.length === 0
    ? { ok: true, config: resolve(checked.output) }
    : { ok: false, problems };
}

/** For those who cannot go on without: throws `ConfigError` with all problems. */
export function loadConfig(input: unknown, options: ParseOptions): Config {
  const parsed = parseConfig(input, options);
  if (!parsed.ok) throw new ConfigError(parsed.problems);
  return parsed.config;
}
