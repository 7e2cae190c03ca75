import { Log, LogLevel, Miniflare, type MiniflareOptions, type WorkerdStructuredLog } from 'miniflare';
import { everyMinute } from './cron.ts';
import { bindingsTo, bindingWorkers, type LocalWays } from './dev-bindings.ts';
import { bundleWorker, configModule, type WorkerParts, workerOptions } from './dev-worker.ts';
import { host, portFailure } from './port.ts';
import { say } from './say.ts';

export interface DevServer {
  readonly url: string;
  /** Runs the Worker again with another configuration; Durable Objects and KV keep their data. */
  reload(config: unknown, ways: LocalWays): Promise<void>;
  stop(): Promise<void>;
}

export interface DevServerOptions {
  readonly config: unknown;
  /** Where the bindings lead that origins are reached through. */
  readonly ways: LocalWays;
  readonly port: number;
  readonly vars: Readonly<Record<string, string>>;
  /** Where Durable Objects and KV live; without it in a temporary folder that goes with the process. */
  readonly persist?: string;
}

/** Starts the Worker and returns when it serves. */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  const { port, vars, persist } = options;
  const url = `http://${host}:${port}`;
  const parts = {
    code: await bundleWorker(),
    vars: { LIMPET_API: url, LIMPET_RUNTIME: 'local', ...vars },
    port,
  };
  const optionsFor = (input: unknown, ways: LocalWays) =>
    miniflareOptions({ ...parts, config: configModule(input), bound: bindingsTo(ways) }, ways, persist);
  const miniflare = new Miniflare(optionsFor(options.config, options.ways));
  try {
    await miniflare.ready;
  } catch (error) {
    throw portFailure(port, error);
  }
  // miniflare fires no cron triggers by itself.
  const stopCron = everyMinute(() => runScheduled(miniflare), say);
  return {
    url,
    reload: (input, ways) => miniflare.setOptions(optionsFor(input, ways)),
    stop: () => (stopCron(), miniflare.dispose()),
  };
}

function miniflareOptions(
  worker: WorkerParts,
  ways: LocalWays,
  persist: string | undefined,
): MiniflareOptions {
  return {
    host,
    // No look-up of this machine's place on the internet, whose failure would be a page of stack traces.
    cf: false,
    logRequests: false,
    enableDevRegistry: false,
    log: new StderrLog(LogLevel.WARN),
    handleStructuredLogs: sayWorkerLog,
    ...(persist === undefined ? {} : { resourcePersistencePath: persist }),
    workers: [workerOptions(worker), ...bindingWorkers(ways)],
  };
}

// miniflare's own way to send its talk elsewhere; by itself it would go to stdout.
class StderrLog extends Log {
  protected override log(message: string): void {
    say(message);
  }
}

/** One line of the Worker. The runtime's own words for an uncaught error say first where in its C++ it was noticed. */
function sayWorkerLog({ level, message }: WorkerdStructuredLog): void {
  const readable = message.replace(/workerd\/\S+: failed: (remote\.)?(jsg\.)?/, '');
  say(`[worker] ${level === 'log' || level === 'info' ? '' : `${level}: `}${readable}`);
}

async function runScheduled(miniflare: Miniflare): Promise<void> {
  const worker = await miniflare.getWorker();
  await worker.scheduled({ cron: '* * * * *' });
}
