import type { WorkerOptions } from 'miniflare';
import { usageFailure } from './failure.ts';
import { compatibilityDate } from './dev-worker.ts';

/** Where a binding of the deployment leads on this machine; empty: to the url of each origin behind it. */
export type LocalWays = ReadonlyMap<string, string>;

/** `--via APP_A=http://127.0.0.1:9001,APP_B=…`, for the bindings that the configuration names. */
export function readWays(given: string | undefined, names: readonly string[]): LocalWays {
  const told = (given ?? '')
    .split(',')
    .filter((part) => part !== '')
    .map((part) => readWay(part, names));
  return new Map([...names.map((name): [string, string] => [name, '']), ...told]);
}

function readWay(part: string, names: readonly string[]): [string, string] {
  const [, name, url] = /^([^=]+)=(https?:\/\/[^/?#]+)\/?$/.exec(part) ?? [];
  if (name === undefined || url === undefined)
    throw usageFailure(`Wanted NAME=http://HOST:PORT after --via, found "${part}"`);
  if (names.includes(name)) return [name, url];
  const known = names.length === 0 ? 'none' : names.join(', ');
  throw usageFailure(
    `Wanted a binding that an origin names in "via" (${known}), found "${name}" after --via`,
  );
}

/** The local stand-in of a binding: a service that fetches as this machine can. */
const passOn = `
export default {
  fetch(request, { TO }) {
    if (TO === '') return fetch(request);
    const { pathname, search } = new URL(request.url);
    return fetch(TO + pathname + search, request);
  },
};
`;

export function bindingWorkers(ways: LocalWays): WorkerOptions[] {
  return [...ways].map(([name, to]) => ({
    config: {
      name: workerName(name),
      compatibilityDate,
      manifest: { mainModule: 'index.js', modules: { 'index.js': { type: 'esm', contents: passOn } } },
      env: { TO: { type: 'text', value: to } },
    },
    dev: { stripCfConnectingIp: false },
  }));
}

export function bindingsTo(ways: LocalWays): Record<string, { type: 'worker'; worker: string }> {
  return Object.fromEntries(
    [...ways.keys()].map((name) => [name, { type: 'worker', worker: workerName(name) }]),
  );
}

function workerName(binding: string): string {
  return `limpet-via-${binding}`;
}
