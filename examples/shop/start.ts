// `npm start`: the example's origins, each a process of its own, and the Worker in front of them.
import { createInterface } from 'node:readline';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { originsOf, type ShopOrigin, startOrigin } from './start-origin.ts';
import { startWorker } from './start-worker.ts';
import { refuseTakenPorts } from './taken-ports.ts';

const { values } = parseArgs({
  options: { config: { type: 'string' }, port: { type: 'string' }, persist: { type: 'string' } },
});
const configFile = resolve(
  values.config ?? fileURLToPath(new URL('../../limpet.config.ts', import.meta.url)),
);
const port = Number(values.port ?? process.env['PORT'] ?? 8787);
const url = `http://127.0.0.1:${port}`;

try {
  await main();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exit(1);
}

async function main(): Promise<void> {
  if (!(port > 0 && port < 65536)) throw new Error('--port: wanted a whole number from 1 to 65535');
  const places = originsOf(await import(pathToFileURL(configFile).href));
  await refuseTakenPorts([
    { port, who: 'the Worker', option: 'npm start -- --port N' },
    ...places.map(({ id, port }) => ({
      port,
      who: `origin ${id}`,
      option: `the url of "${id}" in ${configFile}`,
    })),
  ]);

  const origins = new Map<string, ShopOrigin>();
  const bring = async (id: string) => {
    const place = places.find((candidate) => candidate.id === id);
    if (place !== undefined)
      origins.set(
        id,
        await startOrigin(place, configFile, (how) => say(`${how}; start it again: type ${id} and Enter`)),
      );
  };
  // The first makes the local secret that all keys come from.
  for (const { id } of places) await bring(id);
  const extra = values.persist === undefined ? [] : ['--persist', values.persist];
  await startWorker(['--config', configFile, '--port', String(port), ...extra]);

  print(welcome([...origins.values()]));
  listenForIds(origins, bring);
  print(`Ready on ${url}`);
}

function welcome(origins: readonly ShopOrigin[]): string {
  const rows = origins.map(
    ({ id, pid, url }) =>
      `    ${id.padEnd(4)} pid ${String(pid).padEnd(8)} ${url}    kill -9 ${pid}    back: type ${id} and Enter`,
  );
  return `\nThe shop: ${url}\n\n  Fill the cart, then kill the origin that serves it, and ask again:\n\n${rows.join('\n')}\n\n  Ctrl-C ends everything.\n`;
}

/** Typing an origin's id brings it back with an empty memory, as a restarted server would come. */
function listenForIds(origins: ReadonlyMap<string, ShopOrigin>, bring: (id: string) => Promise<void>): void {
  createInterface({ input: process.stdin }).on('line', (line) => {
    const id = line.trim();
    const origin = origins.get(id);
    if (id === '') return;
    if (origin === undefined)
      return say(`There is no origin "${id}"; there are ${[...origins.keys()].join(', ')}`);
    if (origin.isRunning()) return say(`origin ${id} is running (pid ${origin.pid})`);
    bring(id).then(
      () => say(`origin ${id} is back, with an empty memory: pid ${origins.get(id)?.pid}`),
      (error: unknown) => say(error instanceof Error ? error.message : String(error)),
    );
  });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
