import { dirname, join } from 'node:path';
import { shown } from '../config-file.ts';
import type { Config } from '../../worker/config/config.ts';
import { readVars, optionalNames } from '../local-secrets.ts';
import { checkSecrets } from '../read-config.ts';

/** What the Worker gets besides its secrets, where the environment names it. */
const otherNames = ['LIMPET_API', ...optionalNames];
const secretNames = ['COOKIE_KEYS', 'ORIGIN_SECRET', 'ADMIN_TOKEN'];

/** The environment's, else those of `.dev.vars` beside the configuration. None is made up: a machine that serves has its own, or does not start. */
export function ownSecrets(
  configFile: string,
  { pools }: Config,
  environment: NodeJS.ProcessEnv,
): Record<string, string> {
  const file = join(dirname(configFile), '.dev.vars');
  const given = [...secretNames, ...otherNames].flatMap((name) =>
    environment[name] ? [[name, environment[name]] as const] : [],
  );
  const values = { ...readVars(file), ...Object.fromEntries(given) };
  checkSecrets(values, `The environment with ${shown(file)}`, pools);
  return values;
}
