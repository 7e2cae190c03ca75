import { isIP } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import type { ArgsDef } from 'citty';
import { stop as endEsbuild } from 'esbuild';
import { configArg } from './args.ts';
import { findConfigFile } from './config-file.ts';
import { everyMinute } from './cron.ts';
import { bundleWorker } from './dev-worker.ts';
import { CommandFailure, usageFailure } from './failure.ts';
import { freePort, host as loopback, parsePort } from './port.ts';
import { refuseBindings } from './bound.ts';
import { readConfig } from './read-config.ts';
import { print, say } from './say.ts';
import { takeDataFolder } from './serve/data-folder.ts';
import { keepRunning } from './serve/keep-running.ts';
import { networkOf, storeNetworkOf } from './serve/network.ts';
import { forOneMachine } from './serve/one-machine.ts';
import { ownSecrets } from './serve/own-secrets.ts';
import { makeRunFolder, type RunFolder } from './serve/run-folder.ts';
import { startRuntime } from './serve/runtime.ts';
import { serveEntry } from './serve/serve-entry.ts';
import { workerdConfig } from './serve/workerd-config.ts';
import { verb } from './verb.ts';

const args = {
  config: configArg,
  port: {
    type: 'string',
    description: 'The port to serve on; 0 for any free one',
    valueHint: 'N',
    default: '8787',
  },
  host: {
    type: 'string',
    description: 'The address to serve on; 0.0.0.0 for all',
    valueHint: 'ADDR',
    default: loopback,
  },
  persist: {
    type: 'string',
    description: 'The folder that sessions are kept in (.limpet beside the configuration)',
    valueHint: 'DIR',
  },
} as const satisfies ArgsDef;

export const serve = verb({
  name: 'serve',
  description: 'Serve on this machine, on workerd itself; a restart keeps every session',
  args,
  run: async ({ config, port, host, persist }) => {
    if (persist === '') throw usageFailure('Wanted a folder after --persist, found nothing');
    if (isIP(host) === 0) throw usageFailure(`--host: wanted an IP address, found "${host}"`);
    const path = findConfigFile(config);
    const dataFolder = resolve(persist ?? join(dirname(path), '.limpet'));
    await serveUntilTold({ path, host, wantedPort: parsePort(port), dataFolder });
  },
});

interface ServeWish {
  readonly path: string;
  readonly host: string;
  readonly wantedPort: number;
  readonly dataFolder: string;
}

async function serveUntilTold({ path, host, wantedPort, dataFolder }: ServeWish): Promise<void> {
  const { input, config } = await readConfig(path);
  refuseBindings(path, config);
  const secrets = ownSecrets(path, config, process.env);
  const vars = { ...secrets, LIMPET_RUNTIME: 'local' };
  const entry = await bundleWorker(serveEntry);
  await endEsbuild(); // a process of its own, which nothing needs any more
  const giveBack = takeDataFolder(dataFolder);
  process.once('exit', giveBack);
  const port = await freePort(wantedPort, host);
  const folder = makeRunFolder({
    entry,
    config: `export default ${JSON.stringify(forOneMachine(input))};\n`,
    workerd: workerdConfig({
      host,
      port,
      vars: Object.keys(vars),
      version: { id: '', timestamp: new Date().toISOString() },
      dataFolder,
      network: [...networkOf(config), ...storeNetworkOf(config, secrets)],
      front: saysWhoTheClientIs(input) ? 'trusted' : 'none',
    }),
  });
  process.once('exit', () => folder.remove());
  await run(folder, vars);
  print(`Ready on http://${host.includes(':') ? `[${host}]` : host}:${port}`);
}

async function run(folder: RunFolder, vars: Readonly<Record<string, string>>): Promise<void> {
  const start = () => startRuntime(folder.path, vars);
  const first = start();
  if (!(await first.ready)) throw new CommandFailure(`Cannot serve: workerd ${await first.ended}.`);
  const kept = keepRunning(first, start);
  const stopCron = everyMinute(() => folder.tick(), say);
  endWith(() => (stopCron(), kept.stop()));
}

function saysWhoTheClientIs(input: unknown): boolean {
  return typeof input === 'object' && input !== null && 'clientAddress' in input;
}

/** A second signal does not wait. */
function endWith(stop: () => Promise<void>): void {
  const end = () => {
    say('Taking no new requests; those under way are answered.');
    void stop().then(() => process.exit(0));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  process.once('disconnect', end);
  process.channel?.unref();
}
