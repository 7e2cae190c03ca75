import { resolve } from 'node:path';
import { type ArgsDef, defineCommand } from 'citty';
import { configArg } from './args.ts';
import { findConfigFile, shown } from './config-file.ts';
import type { DevServer } from './dev-server.ts';
import { CommandFailure } from './failure.ts';
import { localSecrets } from './local-secrets.ts';
import { freePort, parsePort } from './port.ts';
import { checkSecrets, readConfig } from './read-config.ts';
import { print, say } from './say.ts';
import { strictFlags } from './strict-flags.ts';
import { watchFiles } from './watch.ts';

const args = {
  config: configArg,
  port: { type: 'string', description: 'The port to serve on; 0 for any free one', valueHint: 'N', default: '8787' },
  persist: { type: 'string', description: 'Keep sessions and the fallback across restarts, in this folder', valueHint: 'DIR' },
} as const satisfies ArgsDef;

export const dev = defineCommand({
  meta: { name: 'limpet dev', description: 'Run the Worker on this machine, in front of any origins' },
  args,
  plugins: [strictFlags('dev', args)],
  run: async ({ args: { config, port, persist } }) => {
    if (persist === '') throw new CommandFailure('Wanted a folder after --persist, found nothing', 3);
    const wanted = parsePort(port);
    endWithSignalOrParent();
    await serve(findConfigFile(config), wanted, persist);
  },
});

async function serve(path: string, wantedPort: number, persist: string | undefined): Promise<void> {
  const { input, sources } = await readConfig(path);
  const vars = secretsFor(path);
  const port = await freePort(wantedPort);
  const { startDevServer } = await import('./dev-server.ts');
  const server = await startDevServer({ config: input, port, vars, ...(persist === undefined ? {} : { persist: resolve(persist) }) });
  followChanges(path, sources, server);
  print(`Ready on ${server.url}`);
}

function secretsFor(path: string): Readonly<Record<string, string>> {
  const { file, values, made } = localSecrets(path, process.env);
  if (made.length > 0) say(`Made ${made.join(', ')} for local work in ${shown(file)}`);
  checkSecrets(values, shown(file));
  return values;
}

// The runtime and its temporary folder go in miniflare's exit hook; first in line, because miniflare's own handler exits with 143.
function endWithSignalOrParent(): void {
  const end = () => process.exit(0);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.prependListener(signal, end);
  if (process.channel) process.once('disconnect', end);
}

/** Runs what the file says now; a bad change is reported, and the last good one stays. */
function followChanges(path: string, sources: readonly string[], server: DevServer): void {
  const stop = watchFiles(sources, () => {
    stop();
    void reload(path, sources, server).then((next) => followChanges(path, next, server));
  });
}

async function reload(path: string, before: readonly string[], server: DevServer): Promise<readonly string[]> {
  try {
    const { input, sources } = await readConfig(path);
    await server.reload(input);
    say(`Reloaded ${shown(path)}`);
    return sources;
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\nThe configuration from before stays in use.`);
    return before;
  }
}
