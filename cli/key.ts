import type { ArgsDef } from 'citty';
import type { Config, PoolConfig } from '../worker/config/config.ts';
import { fitsIds } from '../worker/config/registration.ts';
import { parseSecrets } from '../worker/config/secrets.ts';
import { originKeyText } from '../worker/core/origin-key.ts';
import { configArg, jsonArg } from './args.ts';
import { findConfigFile, shown } from './config-file.ts';
import { CommandFailure } from './failure.ts';
import { localSecrets } from './local-secrets.ts';
import { problemLines, readConfig } from './read-config.ts';
import { asJson, print, say } from './say.ts';
import { verb } from './verb.ts';

const args = {
  origin: { type: 'positional', description: 'The id of the origin in the configuration', required: true },
  config: configArg,
  pool: {
    type: 'string',
    description: 'Its pool, where several have an origin of this id',
    valueHint: 'NAME',
  },
  json: jsonArg,
} as const satisfies ArgsDef;

export const key = verb({
  name: 'key',
  description: 'Print the two values that an origin needs: LIMPET_ORIGIN and LIMPET_KEY',
  args,
  run: async ({ origin, config, pool, json }) => {
    const path = findConfigFile(config);
    const values = await originValues(path, origin, pool);
    print(
      json
        ? asJson({ version: 1, ...values })
        : `LIMPET_ORIGIN=${values.LIMPET_ORIGIN}\nLIMPET_KEY=${values.LIMPET_KEY}`,
    );
  },
});

export interface OriginValues {
  readonly pool: string;
  readonly LIMPET_ORIGIN: string;
  readonly LIMPET_KEY: string;
}

/** Makes the local secret when there is none yet, so that a key can be had before anything ran. */
export async function originValues(
  path: string,
  origin: string,
  pool: string | undefined,
): Promise<OriginValues> {
  const { config } = await readConfig(path);
  const home = poolOf(config, origin, pool);
  return {
    pool: home,
    LIMPET_ORIGIN: origin,
    LIMPET_KEY: await originKeyText(originSecret(path), home, origin),
  };
}

export function poolOf(config: Config, origin: string, named: string | undefined): string {
  if (named !== undefined && config.pools[named] === undefined) {
    throw new CommandFailure(
      `Unknown pool "${named}". The pools are: ${Object.keys(config.pools).join(', ')}`,
    );
  }
  const pools = Object.values(config.pools).filter((pool) => named === undefined || pool.name === named);
  const having = pools
    .filter((pool) => pool.origins.some(({ id }) => id === origin) || mayRegister(pool, origin))
    .map((pool) => pool.name);
  const [first, second] = having;
  if (first === undefined)
    throw unknownOrigin(
      origin,
      pools.flatMap((pool) => [
        ...pool.origins.map(({ id }) => id),
        ...(pool.registration === 'off' ? [] : [pool.registration.ids]),
      ]),
    );
  if (second !== undefined)
    throw new CommandFailure(
      `Several pools have an origin "${origin}". Say which: --pool ${having.join(' or --pool ')}`,
    );
  return first;
}

/** Its key is derived from the secret like any other: who has it may register. */
function mayRegister({ registration }: PoolConfig, origin: string): boolean {
  return registration !== 'off' && fitsIds(origin, registration.ids);
}

function unknownOrigin(origin: string, known: readonly string[]): CommandFailure {
  return new CommandFailure(`Unknown origin "${origin}". The origins are: ${known.join(', ')}`);
}

function originSecret(path: string): string {
  const { file, values, made } = localSecrets(path, process.env, ['ORIGIN_SECRET']);
  if (made.length > 0) say(`Made ${made.join(', ')} for local work in ${shown(file)}`);
  const parsed = parseSecrets(values);
  const problems = parsed.ok ? [] : parsed.problems.filter((problem) => problem.path === 'ORIGIN_SECRET');
  if (problems.length > 0) throw new CommandFailure(problemLines(shown(file), problems));
  return values['ORIGIN_SECRET']?.trim() ?? '';
}
