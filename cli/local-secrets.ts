import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseEnv } from 'node:util';
import { CommandFailure } from './failure.ts';

/** What must exist before the Worker starts. On Cloudflare these are Worker secrets. */
const secretNames = ['COOKIE_KEYS', 'ORIGIN_SECRET', 'ADMIN_TOKEN'] as const;
/** Those that a site may do without, and those of a pool's own store: never made here. */
export const optionalNames = ['READ_TOKEN', 'REDIS_URL', 'REDIS_HTTP_URL', 'REDIS_HTTP_TOKEN'] as const;
type SecretName = (typeof secretNames)[number];

export interface LocalSecrets {
  readonly file: string;
  /** Everything that `.dev.vars` says, and a secret of the environment before the file's. */
  readonly values: Readonly<Record<string, string>>;
  /** The names that had to be made now. */
  readonly made: readonly string[];
}

/**
 * The secrets for local work: the environment's, else those of `.dev.vars` beside the configuration, else new ones, written there.
 * Nothing is written where all `needed` ones exist.
 */
export function localSecrets(
  configFile: string,
  environment: NodeJS.ProcessEnv,
  needed: readonly SecretName[] = secretNames,
): LocalSecrets {
  const file = join(dirname(configFile), '.dev.vars');
  const given = fromEnvironment(environment);
  const written = readVars(file);
  const values = { ...written, ...given };
  if (needed.every((name) => values[name])) return { file, values, made: [] };
  const made = secretNames.filter((name) => !values[name]);
  const fresh = Object.fromEntries(made.map((name) => [name, randomBytes(32).toString('base64url')]));
  return keep(file, fresh)
    ? { file, values: { ...values, ...fresh }, made }
    : localSecrets(configFile, environment, needed);
}

function fromEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    [...secretNames, ...optionalNames].flatMap((name) =>
      environment[name] ? [[name, environment[name]]] : [],
    ),
  );
}

/** The lines of a `.dev.vars`; none where there is no such file. */
export function readVars(file: string): Record<string, string> {
  if (!existsSync(file)) return {};
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(parseEnv(readFileSync(file, 'utf8'))))
    if (value !== undefined) values[name] = value;
  return values;
}

const header =
  '# Secrets for local work only, made by limpet. Keep this file out of git; production has its own: wrangler secret put\n';

/** Adds the lines. False when another process made the file at the same moment: its secrets are the ones then. */
function keep(file: string, fresh: Readonly<Record<string, string>>): boolean {
  const lines = Object.entries(fresh).map(([name, value]) => `${name}=${value}\n`);
  const before = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  const draft = `${file}.${process.pid}`;
  const separator = before === undefined || before === '' || before.endsWith('\n') ? '' : '\n';
  try {
    writeFileSync(draft, `${before ?? header}${separator}${lines.join('')}`, { mode: 0o600 });
    return before === undefined ? linked(draft, file) : replaced(draft, file);
  } catch (error) {
    throw new CommandFailure(
      `Cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`,
    );
  } finally {
    rmSync(draft, { force: true });
  }
}

// A link appears whole or not at all, and only where nothing was.
function linked(draft: string, file: string): boolean {
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function replaced(draft: string, file: string): boolean {
  chmodSync(draft, 0o600);
  renameSync(draft, file);
  return true;
}
