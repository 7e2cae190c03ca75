import { gunzipSync } from 'node:zlib';
import type { LimpetOrigin, Visit } from '../../sdk/origin.ts';
import type { Process, Scheduler } from './scheduler.ts';

/** What the application answers: a session is a list that only grows, so that a lost or doubled entry shows. */
export interface Said {
  readonly session: string;
  readonly list: readonly string[];
  readonly by: string;
  readonly source: Visit['source'];
}

export interface InstanceOptions {
  /** Bytes after the list, which nothing can pack: they make a state too large for a header, or for one row of a shard. */
  readonly noise: () => Uint8Array;
  readonly process: Process;
  readonly scheduler: Scheduler;
  readonly limpet: LimpetOrigin;
}

/** One process of an origin: the real SDK, and an application of four verbs below it. */
export class Instance {
  readonly process: Process;
  readonly #scheduler: Scheduler;
  readonly #limpet: LimpetOrigin;
  readonly #noise: () => Uint8Array;

  constructor({ process, scheduler, limpet, noise }: InstanceOptions) {
    this.process = process;
    this.#scheduler = scheduler;
    this.#limpet = limpet;
    this.#noise = noise;
  }

  /** The SDK's order: arrive, run the application, seal, and let nothing leave before. */
  async serve(method: string, url: string, headers: Headers): Promise<Response> {
    const { pathname, search, searchParams } = new URL(url);
    const header = (name: string) => headers.get(name) ?? undefined;
    const arrival = await this.#limpet.arrive({ method, target: pathname + search, header });
    if (arrival.kind === 'direct') return new Response('well');
    if (arrival.kind === 'refused') return response(arrival.refusal);
    const { visit } = arrival;
    await this.#think(Number(searchParams.get('think') ?? 0));
    const said = this.#apply(visit, pathname, searchParams.get('op') ?? '');
    const first = visit.seal('whole');
    const sealed = first.kind === 'storing' ? await first.outcome : first;
    visit.close();
    if (sealed.kind === 'refused') return response(sealed.refusal);
    return response({ status: 200, headers: sealed.headers, body: JSON.stringify(said) });
  }

  #apply(visit: Visit, path: string, op: string): Said {
    const said = (list: readonly string[]): Said => ({
      session: visit.session,
      list,
      by: this.process.name,
      source: visit.source,
    });
    const list = listIn(visit.copy.state);
    switch (path) {
      case '/append':
        visit.change(Buffer.concat([Buffer.from(`${JSON.stringify([...list, op])}\n`), this.#noise()]));
        return said([...list, op]);
      case '/logout':
        visit.end();
        return said([]);
      case '/login':
        visit.rotate();
        return said(list);
      default:
        return said(list);
    }
  }

  #think(ms: number): Promise<void> {
    if (ms === 0) return Promise.resolve();
    return new Promise((resolve) => void this.#scheduler.after(ms, this.process, resolve));
  }
}

/** The application's state: a JSON list, nothing at first. */
export function listIn(state: Uint8Array): string[] {
  // Large ones are stored packed.
  const text = state[0] === 0x1f ? gunzipSync(state) : state;
  return text.length === 0 ? [] : JSON.parse(new TextDecoder().decode(text.subarray(0, text.indexOf(10))));
}

interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

function response({ status, headers, body }: Answer): Response {
  return new Response(body, {
    status,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
  });
}
