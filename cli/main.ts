import { stripVTControlCharacters } from 'node:util';
import { type CommandDef, defineCommand, renderUsage, runCommand } from 'citty';
import { CommandFailure, type ExitCode, usageFailure } from './failure.ts';
import { nearest } from '../worker/config/problems.ts';
import { packageVersion } from './package-root.ts';
import { print, say } from './say.ts';

/** Each verb is loaded when it is asked for: `limpet key` need not wait for a runtime. */
const verbs = {
  dev: () => import('./dev.ts').then((module) => module.dev),
  serve: () => import('./serve.ts').then((module) => module.serve),
  check: () => import('./check.ts').then((module) => module.check),
  key: () => import('./key.ts').then((module) => module.key),
  status: () => import('./status.ts').then((module) => module.status),
  origins: () => import('./origins.ts').then((module) => module.origins),
  drain: () => import('./drain.ts').then((module) => module.drain),
  activate: () => import('./order.ts').then((module) => module.activate),
  down: () => import('./order.ts').then((module) => module.down),
  disable: () => import('./order.ts').then((module) => module.disable),
  weight: () => import('./order.ts').then((module) => module.weight),
  rebalance: () => import('./rebalance.ts').then((module) => module.rebalance),
  'route-only': () => import('./order.ts').then((module) => module.routeOnly),
  sessions: () => import('./sessions.ts').then((module) => module.sessions),
  subject: () => import('./subject.ts').then((module) => module.subject),
  lost: () => import('./lost.ts').then((module) => module.lost),
  incidents: () => import('./incidents.ts').then((module) => module.incidents),
  drill: () => import('./drill.ts').then((module) => module.drill),
  shards: () => import('./shards.ts').then((module) => module.shards),
  promote: () => import('./promote.ts').then((module) => module.promote),
};

const examples: Readonly<Record<string, string>> = {
  dev: 'npx limpet dev --config shop/limpet.config.ts --port 8080 --persist .limpet',
  serve: 'npx limpet serve --config shop/limpet.config.ts --host 0.0.0.0 --port 80 --persist /var/lib/limpet',
  check: 'npx limpet check --json',
  key: 'npx limpet key a >> origin-a.env',
  status: 'npx limpet status --url https://shop.example.com --json',
  origins: 'npx limpet origins --pool shop --watch',
  drain: 'npx limpet drain a --wait --timeout 10m',
  activate: 'npx limpet activate a',
  down: 'npx limpet down a --url https://shop.example.com',
  disable: 'npx limpet disable a --pool shop',
  weight: 'npx limpet weight a 50',
  rebalance: 'npx limpet rebalance --pool shop --rate 20/s',
  'route-only': 'npx limpet route-only shop on',
  sessions: 'npx limpet sessions list --pool shop --full',
  subject: 'npx limpet subject export user-42 --out user-42.jsonl',
  lost: 'npx limpet lost --url https://shop.example.com --json',
  incidents: 'npx limpet incidents show shop:17',
  drill: 'npx limpet drill --pool shop --origin a --share 1% --for 60s',
  shards: 'npx limpet shards --pool shop',
  promote: 'npx limpet promote --pool shop --shard 7 --replica 1',
};

const limpet = defineCommand({
  meta: { name: 'limpet', description: 'Sticky sessions at the edge that outlive their origin' },
  subCommands: verbs,
});

/** Runs one command line and says how it ended; nothing is thrown. */
export async function run(argv: readonly string[]): Promise<ExitCode> {
  try {
    await dispatch(argv);
    return 0;
  } catch (error) {
    say(sentenceOf(error));
    return exitCodeOf(error);
  }
}

async function dispatch(argv: readonly string[]): Promise<void> {
  const [name, ...rest] = argv;
  if (name === undefined) throw usageFailure(await usage(''));
  if (name === '--help' || name === '-h' || name === 'help') return print(await usage(rest[0] ?? ''));
  if (name === '--version' || name === '-v') return print(packageVersion());
  if (!Object.hasOwn(verbs, name)) throw unknownVerb(name);
  if (rest.includes('--help') || rest.includes('-h')) return print(await usage(name, rest[0]));
  await runCommand(limpet, { rawArgs: [...argv] });
}

function unknownVerb(name: string): CommandFailure {
  const known = Object.keys(verbs);
  const meant = nearest(name, known);
  const hint = meant === undefined ? `The commands are: ${known.join(', ')}.` : `Did you mean "${meant}"?`;
  return usageFailure(`Unknown command "${name}". ${hint} See: npx limpet --help`);
}

async function usage(name: string, part?: string): Promise<string> {
  const page = `${(await usageOf(name, part)).trimEnd()}\n\nEXAMPLE  ${examples[name] ?? examples['dev']}`;
  return process.stdout.isTTY ? page : stripVTControlCharacters(page);
}

async function usageOf(name: string, part: string | undefined): Promise<string> {
  if (name === 'dev') return renderUsage(await verbs.dev());
  if (name === 'serve') return renderUsage(await verbs.serve());
  if (name === 'check') return renderUsage(await verbs.check());
  if (name === 'key') return renderUsage(await verbs.key());
  if (name === 'status') return renderUsage(await verbs.status());
  if (name === 'origins') return renderUsage(await verbs.origins());
  if (name === 'drain') return renderUsage(await verbs.drain());
  if (name === 'activate') return renderUsage(await verbs.activate());
  if (name === 'down') return renderUsage(await verbs.down());
  if (name === 'disable') return renderUsage(await verbs.disable());
  if (name === 'weight') return renderUsage(await verbs.weight());
  if (name === 'rebalance') return renderUsage(await verbs.rebalance());
  if (name === 'route-only') return renderUsage(await verbs['route-only']());
  if (name === 'sessions') return usageOfPart(await verbs.sessions(), part);
  if (name === 'subject') return usageOfPart(await verbs.subject(), part);
  if (name === 'lost') return renderUsage(await verbs.lost());
  if (name === 'incidents') return renderUsage(await verbs.incidents());
  if (name === 'drill') return renderUsage(await verbs.drill());
  if (name === 'shards') return renderUsage(await verbs.shards());
  if (name === 'promote') return renderUsage(await verbs.promote());
  return renderUsage(limpet);
}

/** Of a verb that has verbs of its own: the one that is named, or all. */
async function usageOfPart(verb: CommandDef, part: string | undefined): Promise<string> {
  const parts = await (typeof verb.subCommands === 'function' ? verb.subCommands() : verb.subCommands);
  const named = part === undefined ? undefined : parts?.[part];
  const command = await (typeof named === 'function' ? named() : named);
  return renderUsage(command ?? verb);
}

/** An expected failure is one sentence; anything else is a defect, and its stack says where. */
function sentenceOf(error: unknown): string {
  if (error instanceof CommandFailure) return error.message;
  if (isUsageError(error)) return `${stripVTControlCharacters(error.message)}. See: npx limpet --help`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommandFailure) return error.exitCode;
  return isUsageError(error) ? 3 : 1;
}

// citty does not export the class of its errors.
function isUsageError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'CLIError';
}
