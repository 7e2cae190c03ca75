import { stripVTControlCharacters } from 'node:util';
import { defineCommand, renderUsage, runCommand, type SubCommandsDef } from 'citty';
import { CommandFailure, type ExitCode, usageFailure } from './failure.ts';
import { nearest } from '../worker/config/problems.ts';
import { packageVersion } from './package-root.ts';
import { print, say } from './say.ts';
import { verbs } from './verbs.ts';

const limpet = defineCommand({
  meta: { name: 'limpet', description: 'Sticky sessions at the edge that outlive their origin' },
  subCommands: Object.fromEntries(Object.entries(verbs).map(([name, { load }]) => [name, load])),
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
  const example = verbs[name]?.example ?? verbs['dev']?.example ?? '';
  const page = `${(await usageOf(name, part)).trimEnd()}\n\nEXAMPLE  ${example}`;
  return process.stdout.isTTY ? page : stripVTControlCharacters(page);
}

/** Of a verb that has verbs of its own: the one that is named, or all. */
async function usageOf(name: string, part: string | undefined): Promise<string> {
  const verb = await loaded(verbs[name]?.load);
  if (verb === undefined) return renderUsage(limpet);
  const parts = await (typeof verb.subCommands === 'function' ? verb.subCommands() : verb.subCommands);
  return renderUsage((await loaded(part === undefined ? undefined : parts?.[part])) ?? verb);
}

async function loaded(command: SubCommandsDef[string] | undefined) {
  return typeof command === 'function' ? command() : command;
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
