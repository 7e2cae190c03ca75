import type { Heard, Wish } from './browser.ts';
import { type Cookie, cookieIn, cookieText } from './cookie.ts';
import { publicUrl } from './deployment.ts';
import type { Edge } from './edge.ts';
import type { Said } from './instance.ts';
import { judge, type Owed } from './judge.ts';
import type { World } from './world.ts';

export interface AskOptions {
  readonly wish: Wish;
  /** Names the request, and the entry that it appends. */
  readonly name: string;
  readonly cookie: Cookie | undefined;
  /** Whether the client has taken no newer cookie of this session. */
  readonly isNewest: boolean;
}

export interface Answered {
  readonly heard: Heard;
  readonly cookie: Cookie | undefined;
}

const nothing: Heard = { status: 0, code: 'no answer', said: undefined };
const patienceMs = 70_000;
const methods = { append: 'POST', read: 'GET', login: 'POST', logout: 'POST' } as const;
const address = { 'cf-connecting-ip': '192.0.2.1', 'user-agent': 'simulated' };

/** One request of a client, from its sending to what the client hears. */
export class Ask {
  readonly #world: World;
  readonly #options: AskOptions;
  readonly #owed: Owed;

  constructor(world: World, options: AskOptions) {
    const { cookie, isNewest, wish, name } = options;
    this.#world = world;
    this.#options = options;
    const entries = new Set(cookie === undefined ? [] : world.oracle.of(cookie.session).acknowledged);
    const [at, edge] = [world.scheduler.now, this.#edge().name];
    this.#owed = {
      name,
      verb: wish.verb,
      cookie,
      isNewest,
      entries,
      at,
      edge,
      mayBeBehind: true,
      wasEnded: false,
    };
  }

  async go(): Promise<Answered> {
    const { wish, name, cookie } = this.#options;
    const { oracle, scheduler } = this.#world;
    if (wish.verb === 'logout' && cookie !== undefined) oracle.of(cookie.session).isLeaving = true;
    scheduler.note(`${name} ${wish.verb} at edge${wish.edge}${cookieText(cookie)}`);
    try {
      return await this.#read(await this.#travel());
    } catch (error) {
      scheduler.note(`${name} hears nothing: ${error instanceof Error ? error.message : String(error)}`);
      return { heard: nothing, cookie: undefined };
    }
  }

  #travel(): Promise<Response> {
    const { network, outside } = this.#world;
    const { wish, name } = this.#options;
    const edge = this.#edge();
    const context = edge.context(name);
    return network.ask<Response>({
      from: outside,
      link: `client>${edge.name}`,
      label: `${name} ${wish.verb}`,
      mayDouble: false,
      target: () => context,
      handle: () => {
        this.#arrived(edge.name);
        return edge.handle(this.#request());
      },
      refused: () => new Error('refused'),
      lost: () => new Error('lost'),
      signal: this.#leaving(() => context.kill()),
    });
  }

  /** A client that navigates away hears nothing; its request ends at the edge, or goes on there. */
  #leaving(end: () => void): AbortSignal {
    const { scheduler, outside } = this.#world;
    const { leavesAfterMs = patienceMs, leaving } = this.#options.wish;
    const left = new AbortController();
    scheduler.after(leavesAfterMs, outside, () => {
      left.abort();
      if (leaving === 'request ends') end();
    });
    return left.signal;
  }

  #edge(): Edge {
    const { edges } = this.#world;
    const edge = edges[this.#options.wish.edge % edges.length];
    if (edge === undefined) throw new Error('Cannot send to a world without edges');
    return edge;
  }

  #request(): Request {
    const { name, cookie, wish } = this.#options;
    const headers = new Headers({ ...address, ...(cookie === undefined ? {} : { cookie: cookie.text }) });
    const url = `${publicUrl}/${wish.verb}?op=${name}&think=${wish.thinkMs}`;
    return new Request(url, { method: methods[wish.verb], headers });
  }

  /** What the edge can know at this moment decides how far behind its answer may be. */
  #arrived(edge: string): void {
    const { oracle, origins } = this.#world;
    const { cookie } = this.#options;
    if (cookie === undefined) return;
    this.#owed.mayBeBehind = oracle.isWindowOpen(edge, origins.homeOf(cookie.text));
    this.#owed.wasEnded = oracle.of(cookie.session).isEnded;
  }

  async #read(response: Response): Promise<Answered> {
    const text = await response.text();
    const cookie = cookieIn(response.headers.getSetCookie());
    const said: Said | undefined = response.status === 200 ? JSON.parse(text) : undefined;
    const heard = { status: response.status, code: response.headers.get('limpet-code') ?? '', said };
    this.#world.scheduler.note(`${this.#options.name} hears ${heardText(heard)}${cookieText(cookie)}`);
    judge(this.#world, this.#owed, { heard, cookie });
    return { heard, cookie };
  }
}

function heardText({ status, code, said }: Heard): string {
  if (said === undefined) return `${status} ${code}`;
  return `${status} [${said.list.join()}] by ${said.by}${said.source === 'kept' ? '' : ` (${said.source})`}`;
}
