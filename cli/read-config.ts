import type { Config } from '../worker/config/config.ts';
import { parseConfig } from '../worker/config/parse.ts';
import { type Problem, sentence } from '../worker/config/problems.ts';
import { parseSecrets } from '../worker/config/secrets.ts';
import { parseStoreSecrets } from '../worker/config/store-secrets.ts';
import { unboundIn } from './bound.ts';
import { type ConfigFile, loadConfigFile, shown } from './config-file.ts';
import { CommandFailure } from './failure.ts';

export type Judged = ConfigFile & ({ readonly config: Config } | { readonly problems: readonly Problem[] });

/** The file, and what it means or everything that is wrong with it. */
export async function judgeConfig(path: string, options = { production: false }): Promise<Judged> {
  const file = await loadConfigFile(path);
  const parsed = parseConfig(file.input, options);
  if (!parsed.ok) return { ...file, problems: parsed.problems };
  const unbound = options.production ? unboundIn(parsed.config, path) : [];
  return unbound.length === 0 ? { ...file, config: parsed.config } : { ...file, problems: unbound };
}

/** For those who cannot go on with a bad one. */
export async function readConfig(path: string): Promise<ConfigFile & { readonly config: Config }> {
  const judged = await judgeConfig(path);
  if ('problems' in judged) throw new CommandFailure(problemLines(shown(path), judged.problems));
  return judged;
}

export function problemLines(where: string, problems: readonly Problem[]): string[] {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return [`${where} has ${count}:`, ...problems.map((problem) => `  ${sentence(problem)}`)];
}

/** Refuses secrets that the Worker would refuse later. */
export function checkSecrets(
  values: Readonly<Record<string, string>>,
  where: string,
  pools: Config['pools'] = {},
): void {
  const problems = [parseSecrets(values), parseStoreSecrets(pools, values)].flatMap((parsed) =>
    parsed.ok ? [] : parsed.problems,
  );
  if (problems.length > 0) throw new CommandFailure(problemLines(where, problems));
}
