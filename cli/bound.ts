import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CommandFailure } from './failure.ts';
import { bindingProblems } from '../worker/config/bindings.ts';
import type { Config } from '../worker/config/config.ts';
import { type Problem, sentence } from '../worker/config/problems.ts';

const deployedBy = ['wrangler.toml', 'wrangler.jsonc', 'wrangler.json'];

/**
 * Origins behind a binding that wrangler's file beside the configuration never names: deployed like that, the Worker would serve nothing.
 * Where there is no such file, another one is deployed, and that cannot be judged.
 */
export function unboundIn(config: Config, configPath: string): Problem[] {
  const files = deployedBy.map((name) => join(dirname(configPath), name)).filter((path) => existsSync(path));
  if (files.length === 0) return [];
  const text = files.map((path) => readFileSync(path, 'utf8')).join('\n');
  return bindingProblems(config, (name) => isNamed(name, text));
}

/** A machine of one's own has no bindings, and needs none: it reaches by itself whatever it can reach. */
export function refuseBindings(path: string, config: Config): void {
  const wanted = 'no binding: limpet serve reaches each origin by its url';
  const problems = bindingProblems(config, () => false).map((problem) => sentence({ ...problem, wanted }));
  if (problems.length > 0)
    throw new CommandFailure([`Cannot serve ${path}:`, ...problems.map((one) => `  ${one}`)]);
}

/** `binding = "APP"` of TOML, `"binding": "APP"` of JSON, outside of a comment. */
function isNamed(name: string, text: string): boolean {
  const bindings = text
    .split('\n')
    .filter((line) => !/^\s*(#|\/\/)/.test(line))
    .flatMap((line) => [...line.matchAll(/\bbinding["']?\s*[=:]\s*["']([^"']+)["']/g)]);
  return bindings.some(([, bound]) => bound === name);
}
