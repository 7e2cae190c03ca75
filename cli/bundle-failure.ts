import { type BuildFailure, formatMessages } from 'esbuild';
import { CommandFailure } from './failure.ts';

/** What esbuild says about a file, each message with its line, as the end of a command. */
export async function bundleFailure(file: string, error: unknown): Promise<unknown> {
  if (!isBuildFailure(error)) return error;
  const messages = await formatMessages(error.errors, { kind: 'error', color: false });
  return new CommandFailure(`Cannot read ${file}:\n${messages.join('').trimEnd()}`);
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors);
}
