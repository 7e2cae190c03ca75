import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export interface WorkerParts {
  readonly code: string;
  readonly text: Readonly<Record<string, string>>;
  /** Durable Object classes, by binding. */
  readonly objects: Readonly<Record<string, string>>;
  /** The code of the Worker that stands for a KV namespace, by binding. */
  readonly stores: Readonly<Record<string, string>>;
}

export interface Runtime {
  readonly url: string;
  readonly pid: number;
  stop(): void;
}

/** One Worker in a workerd of its own, without anything around it. */
export async function startWorkerd(folder: string, parts: WorkerParts): Promise<Runtime> {
  mkdirSync(join(folder, 'objects'), { recursive: true });
  writeFileSync(join(folder, 'worker.js'), parts.code);
  for (const [name, code] of Object.entries(parts.stores)) writeFileSync(join(folder, `${name}.js`), code);
  writeFileSync(join(folder, 'config.capnp'), configOf(parts));
  const words = ['serve', '--experimental', '--control-fd=3', 'config.capnp'];
  const child = spawn(programPath(), words, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
  process.once('exit', () => void child.kill('SIGKILL'));
  const port = await portOf(child);
  return { url: `http://127.0.0.1:${port}`, pid: child.pid ?? 0, stop: () => void child.kill('SIGKILL') };
}

/** The binary that miniflare would run: its own package is no dependency of ours. */
function programPath(): string {
  const fromHere = createRequire(import.meta.url);
  const workerd: { default: string } = createRequire(fromHere.resolve('miniflare'))('workerd');
  return workerd.default;
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`Cannot start workerd: it ended with code ${code}`)));
    createInterface(child.stdio[3] as Readable).on('line', (line) => {
      const said: { event: string; port: number } = JSON.parse(line);
      if (said.event === 'listen') resolve(said.port);
    });
  });
}

const compatibilityDate = '2026-11-01';

function configOf({ text, objects, stores }: WorkerParts): string {
  const bindings = [
    ...Object.entries(text).map(([name, value]) => `(name = "${name}", text = ${JSON.stringify(value)})`),
    ...Object.entries(objects).map(
      ([name, className]) => `(name = "${name}", durableObjectNamespace = "${className}")`,
    ),
    ...Object.keys(stores).map((name) => `(name = "${name}", kvNamespace = "${name}")`),
  ];
  const namespaces = Object.values(objects).map(
    (name) => `(className = "${name}", uniqueKey = "${name}", enableSql = true)`,
  );
  const storeServices = Object.keys(stores).map(
    (name) => `(name = "${name}", worker = ${workerOf(`${name}.js`, '')}),`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = ${workerOf(
      'worker.js',
      `bindings = [${bindings.join(', ')}], durableObjectNamespaces = [${namespaces.join(', ')}], durableObjectStorage = (localDisk = "objects"),`,
    )}),
    ${storeServices.join('\n    ')}
    (name = "objects", disk = (path = "objects", writable = true)),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`;
}

function workerOf(file: string, more: string): string {
  return `(modules = [(name = "${file}", esModule = embed "${file}")], compatibilityDate = "${compatibilityDate}", ${more})`;
}
