import { limpetProgram } from './limpet-key.ts';
import { endAll, startChild } from './children.ts';

/** Runs `limpet dev` and returns when it serves. Without the Worker there is nothing to show: its end is everybody's. */
export async function startWorker(options: readonly string[]): Promise<void> {
  await startChild([limpetProgram, 'dev', ...options], {}, /^Ready on /, ({ pid, signal, code }) => {
    process.stderr.write(`limpet dev (pid ${pid}) ended (${signal ?? `code ${code}`})\n`);
    endAll(1);
  });
}
