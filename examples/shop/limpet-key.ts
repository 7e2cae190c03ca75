import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

// In an application of its own this is `npx limpet`.
export const limpetProgram = fileURLToPath(new URL('../../cli/bin.mjs', import.meta.url));

/** The two values that an origin needs, as `limpet key` prints them. */
export async function limpetKey(origin: string, configFile: string): Promise<NodeJS.ProcessEnv> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    limpetProgram,
    'key',
    origin,
    '--config',
    configFile,
  ]);
  return Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/=(.*)/s, 2)),
  );
}
