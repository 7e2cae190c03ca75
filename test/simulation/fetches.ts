import { publicUrl } from './deployment.ts';
import { machine, type Process } from './scheduler.ts';
import type { World } from './world.ts';

/** `fetch` of whoever runs now: an edge or the monitor asks an origin, an origin asks the store API. */
export function fetchIn(world: World, url: string, init: RequestInit): Promise<Response> {
  return url.startsWith(publicUrl) ? fetchApi(world, url, init) : fetchOrigin(world, url, init);
}

function fetchOrigin(world: World, url: string, init: RequestInit): Promise<Response> {
  const { hostname, pathname, search } = new URL(url);
  const [origin = ''] = hostname.split('.');
  const headers = new Headers(init.headers);
  const asked = { method: init.method ?? 'GET', url, headers };
  const label = `${asked.method} ${pathname}${search}${contractText(headers)}`;
  const from = world.scheduler.current;
  return world.network.ask<Response>({
    from,
    link: `${machine(from)}>${origin}`,
    label,
    mayDouble: false,
    target: () => world.origins.door(origin),
    handle: (process) => served(world, { ...asked, origin, process, label }),
    refused: () => failure(world, 521),
    lost: () => failure(world, 520),
    signal: init.signal ?? undefined,
  });
}

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly origin: string;
  readonly process: Process;
  readonly label: string;
}

async function served(
  { origins, scheduler }: World,
  { process, origin, label, ...asked }: Asked,
): Promise<Response> {
  const instance = origins.living(origin).find((one) => one.process === process);
  if (instance === undefined) throw new Error(`${process.name} is not at ${origin}`);
  const response = await instance.serve(asked.method, asked.url, asked.headers);
  if (asked.headers.has('limpet-session')) scheduler.note(`  ${process.name} ${label} → ${spoken(response)}`);
  return response;
}

/** The edge that is nearest to an origin is not always the same one. */
function fetchApi(world: World, url: string, init: RequestInit): Promise<Response> {
  const from = world.scheduler.current;
  const edge = world.chance.pick(world.edges);
  return world.network.ask<Response>({
    from,
    link: `${machine(from)}>${edge.name}`,
    label: `${init.method} ${url.endsWith('/claim') ? 'claim' : 'state'}`,
    mayDouble: true,
    target: () => edge.context('api'),
    handle: () => edge.handle(new Request(url, { ...init, signal: null })),
    refused: () => failure(world, 521),
    lost: () => failure(world, 520),
    signal: init.signal ?? undefined,
  });
}

/** Cloudflare answers with a status of its own; workerd throws the same error for everything. */
function failure({ shape }: World, status: number): Response | Error {
  if (shape.platform === '52x') return new Response('error', { status });
  return new TypeError('Network connection lost.');
}

function contractText(headers: Headers): string {
  if (!headers.has('limpet-epoch')) return '';
  const state = headers.has('limpet-state') ? ` with state v${headers.get('limpet-version')}` : '';
  return ` at epoch ${headers.get('limpet-epoch')}${headers.has('limpet-new') ? ' new' : state}`;
}

function spoken({ status, headers }: Response): string {
  const said = [...headers].filter(([name]) => name.startsWith('limpet-') && name !== 'limpet-instance');
  return [status, ...said.map(([name, value]) => `${name.slice(7)} ${value.slice(0, 12)}`)].join(', ');
}
