import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandFailure } from '../failure.ts';

/**
 * The folder that sessions are kept in, for one process: two would each take the other's objects for its own. Returns what gives it back. A process
 * that was killed leaves its mark, which means nothing once there is no such process.
 */
export function takeDataFolder(folder: string): () => void {
  const mark = join(folder, 'serve.pid');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const other = holder(mark);
    if (other !== undefined)
      throw new CommandFailure(
        `${folder} is in use by process ${other}. Stop that one, or keep other data: --persist DIR. (Where that process is none of limpet's, remove ${mark}.)`,
      );
    writeFileSync(mark, `${process.pid}\n`);
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    throw new CommandFailure(
      `Cannot keep data in ${folder}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return () => rmSync(mark, { force: true });
}

function holder(mark: string): number | undefined {
  const pid = Number(read(mark) ?? Number.NaN);
  return Number.isInteger(pid) && pid > 0 && pid !== process.pid && isLimpet(pid) ? pid : undefined;
}

/** A number is used again, after a restart of the machine above all: Linux says what the process runs. */
function isLimpet(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Not allowed to signal it: it is there.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  return read(`/proc/${pid}/cmdline`)?.split('\0').includes('serve') ?? true;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // there is none
  }
}
