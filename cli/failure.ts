/** How a command ends: 0 ok, 1 failed, 2 what it waited for did not come in time, 3 wrong usage. */
export type ExitCode = 0 | 1 | 2 | 3;

/** A command that cannot go on says so once: the sentences for stderr and its exit code. No stack: the sentence must be enough. */
export class CommandFailure extends Error {
  readonly exitCode: ExitCode;

  constructor(sentences: string | readonly string[], exitCode: ExitCode = 1) {
    super(typeof sentences === 'string' ? sentences : sentences.join('\n'));
    this.name = 'CommandFailure';
    this.exitCode = exitCode;
  }
}

export function usageFailure(sentence: string): CommandFailure {
  return new CommandFailure(sentence, 3);
}
