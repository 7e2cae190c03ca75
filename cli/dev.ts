import { resolve } from 'node:path';
import type { ArgsDef } from 'citty';
import { bindingNames } from '../worker/config/bindings.ts';
import { configArg } from './args.ts';
import { findConfigFile, shown } from './config-file.ts';
import { readWays } from './dev-bindings.ts';
import type { DevServer } from './dev-server.ts';
import type { Config } from '../worker/config/config.ts';
import { CommandFailure } from './failure.ts';
import { localSecrets } from './local-secrets.ts';
import { freePort, parsePort } from './port.ts';
import { checkSecrets, readConfig } from './read-config.ts';
import { print, say } from './say.ts';
import { watchFiles } from './watch.ts';
import { verb } from './verb.ts';

const args = {
  config: configArg,
  port: {
    type: 'string',
    description: 'The port to serve on; 0 for any free one',
    valueHint: 'N',
    default: '8787',
  },
  persist: {
    type: 'string',
    description: 'Keep sessions and the fallback across restarts, in this folder',
    valueHint: 'DIR',
  },
  via: {
    type: 'string',
    description: 'Where bindings lead here, by commas (default: to the url of each origin behind them)',
    valueHint: 'NAME=URL',
  },
} as const satisfies ArgsDef;

export const dev = verb({
  name: 'dev',
  description: 'Run the Worker on this machine, in front of any origins',
  args,
  run: async ({ config, port, persist, via }) => {
    if (persist === '') throw new CommandFailure('Wanted a folder after --persist, found nothing', 3);
    const wanted = parsePort(port);
    endWith(async () => undefined);
    await serve(findConfigFile(config), { port: wanted, persist, via });
  },
});

interface Wanted {
  readonly port: number;
  readonly persist: string | undefined;
  readonly via: string | undefined;
}

async function serve(path: string, { port: wantedPort, persist, via }: Wanted): Promise<void> {
  const { input, config, sources } = await readConfig(path);
  const ways = readWays(via, bindingNames(config));
  const vars = secretsFor(path, config);
  const port = await freePort(wantedPort);
  const { startDevServer } = await import('./dev-server.ts');
  const server = await startDevServer({
    config: input,
    ways,
    port,
    vars,
    ...(persist === undefined ? {} : { persist: resolve(persist) }),
  });
  endWith(() => server.stop());
  followChanges({ path, via, server }, sources);
  print(`Ready on ${server.url}`);
}

function secretsFor(path: string, { pools }: Config): Readonly<Record<string, string>> {
  const { file, values, made } = localSecrets(path, process.env);
  if (made.length > 0) say(`Made ${made.join(', ')} for local work in ${shown(file)}`);
  checkSecrets(values, shown(file), pools);
  return values;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Ends well with the signal, or with the program that started this one: nothing is left running, and nothing in the temporary folder. */
function endWith(stop: () => Promise<void>): void {
  const end = () => {
    setTimeout(() => process.exit(0), stopPatienceMs).unref();
    stop().finally(() => process.exit(0));
  };
  for (const signal of signals) {
    // miniflare's own handlers exit with 143, and block for a second when the runtime is still writing.
    process.removeAllListeners(signal);
    process.on(signal, end);
  }
  process.removeAllListeners('disconnect');
  process.once('disconnect', end);
  process.channel?.unref();
}

const stopPatienceMs = 2000;

interface Followed {
  readonly path: string;
  readonly via: string | undefined;
  readonly server: DevServer;
}

/** Runs what the file says now; a bad change is reported, and the last good one stays. */
function followChanges(followed: Followed, sources: readonly string[]): void {
  const stop = watchFiles(sources, () => {
    stop();
    void reload(followed, sources).then((next) => followChanges(followed, next));
  });
}

async function reload(
  { path, via, server }: Followed,
  before: readonly string[],
): Promise<readonly string[]> {
  try {
    const { input, config, sources } = await readConfig(path);
    await server.reload(input, readWays(via, bindingNames(config)));
    say(`Reloaded ${shown(path)}`);
    return sources;
  } catch (error) {
    say(
      `${error instanceof Error ? error.message : String(error)}\nThe configuration from before stays in use.`,
    );
    return before;
  }
}
