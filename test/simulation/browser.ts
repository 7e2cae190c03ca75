import type { Said } from './instance.ts';
import type { World } from './world.ts';
import { idleMs, publicUrl } from './deployment.ts';

export interface Wish {
  readonly verb: 'append' | 'read' | 'login' | 'logout';
  readonly edge: number;
  readonly thinkMs: number;
  /** `older`: a tab that has slept since an earlier cookie. */
  readonly cookie: 'newest' | 'older';
  /** The client navigates away after so long. */
  readonly leavesAfterMs: number | undefined;
}

export const plain: Wish = { verb: 'read', edge: 0, thinkMs: 0, cookie: 'newest', leavesAfterMs: undefined };

export interface Heard {
  /** 0: nothing came. */
  readonly status: number;
  readonly code: string;
  readonly said: Said | undefined;
}

interface Cookie {
  readonly text: string;
  readonly session: string;
  readonly epoch: number;
  readonly renewedMs: number;
}

const nothing: Heard = { status: 0, code: 'no answer', said: undefined };
const patienceMs = 70_000;
const methods = { append: 'POST', read: 'GET', login: 'POST', logout: 'POST' } as const;
const address = { 'cf-connecting-ip': '192.0.2.1', 'user-agent': 'simulated' };

/** One person's browser: a cookie jar, and requests that may overlap. Compares what it hears with what it was promised. */
export class Browser {
  readonly name: string;
  readonly #world: World;
  readonly #newest = new Map<string, number>();
  #jar: Cookie[] = [];
  #sent = 0;

  constructor(name: string, world: World) {
    this.name = name;
    this.#world = world;
  }

  get cookie(): Cookie | undefined {
    return this.#jar.at(-1);
  }

  /** Forgets everything, as a private window that was closed does. */
  clear(): void {
    this.#jar = [];
  }

  send(wish: Partial<Wish>): Promise<Heard> {
    const full = { ...plain, ...wish };
    const request = new Sent(
      this.#world,
      full,
      `${this.name}-${++this.#sent}`,
      full.cookie === 'older' ? this.#older() : this.cookie,
      this.#newest,
    );
    return request.go().then((answer) => {
      this.#take(answer.cookie);
      return answer.heard;
    });
  }

  #older(): Cookie | undefined {
    return this.#jar.at(-2) ?? this.cookie;
  }

  #take(cookie: Cookie | undefined): void {
    if (cookie === undefined) return;
    this.#jar = [...this.#jar.slice(-3), cookie];
    this.#newest.set(cookie.session, Math.max(cookie.epoch, this.#newest.get(cookie.session) ?? 0));
  }
}

interface Answered {
  readonly heard: Heard;
  readonly cookie: Cookie | undefined;
}

/** One request, and what its answer must not say. */
class Sent {
  readonly #world: World;
  readonly #wish: Wish;
  readonly #name: string;
  readonly #cookie: Cookie | undefined;
  readonly #isNewest: boolean;
  readonly #owed: ReadonlySet<string>;
  readonly #at: number;
  #mayBeBehind = true;
  #wasEnded = false;

  constructor(
    world: World,
    wish: Wish,
    name: string,
    cookie: Cookie | undefined,
    newest: ReadonlyMap<string, number>,
  ) {
    this.#world = world;
    this.#wish = wish;
    this.#name = name;
    this.#cookie = cookie;
    this.#isNewest = cookie !== undefined && cookie.epoch >= (newest.get(cookie.session) ?? 0);
    this.#owed = new Set(cookie === undefined ? [] : world.oracle.of(cookie.session).acknowledged);
    this.#at = world.scheduler.now;
  }

  async go(): Promise<Answered> {
    const { scheduler, network, outside } = this.#world;
    const { verb, thinkMs, leavesAfterMs = patienceMs } = this.#wish;
    if (verb === 'logout' && this.#cookie !== undefined)
      this.#world.oracle.of(this.#cookie.session).isLeaving = true;
    scheduler.note(`${this.#name} ${verb} at edge${this.#wish.edge}${describe(this.#cookie)}`);
    const left = new AbortController();
    const edge = this.#edge();
    const context = edge.context(this.#name);
    scheduler.after(leavesAfterMs, outside, () => {
      left.abort();
      if (leavesAfterMs < patienceMs && this.#at % 2 === 0) context.kill();
    });
    try {
      const response = await network.ask<Response>({
        from: outside,
        link: `client>${edge.name}`,
        label: `${this.#name} ${verb}`,
        mayDouble: false,
        target: () => context,
        handle: () => {
          this.#arrived(edge.name);
          return edge.handle(this.#request(thinkMs));
        },
        refused: () => new Error('refused'),
        lost: () => new Error('lost'),
        signal: left.signal,
      });
      return await this.#read(response);
    } catch (error) {
      scheduler.note(
        `${this.#name} hears nothing: ${error instanceof Error ? error.message : String(error)}`,
      );
      return { heard: nothing, cookie: undefined };
    }
  }

  #edge() {
    const { edges } = this.#world;
    const edge = edges[this.#wish.edge % edges.length];
    if (edge === undefined) throw new Error('Cannot send to a world without edges');
    return edge;
  }

  #request(thinkMs: number): Request {
    const { verb } = this.#wish;
    const headers = new Headers({
      ...address,
      ...(this.#cookie === undefined ? {} : { cookie: this.#cookie.text }),
    });
    return new Request(`${publicUrl}/${verb}?op=${this.#name}&think=${thinkMs}`, {
      method: methods[verb],
      headers,
    });
  }

  /** What the edge can know at this moment decides how far behind it may be. */
  #arrived(edge: string): void {
    if (this.#cookie === undefined) return;
    const { oracle } = this.#world;
    this.#mayBeBehind = oracle.isWindowOpen(edge, this.#world.origins.homeOf(this.#cookie.text));
    this.#wasEnded = oracle.of(this.#cookie.session).isEnded;
  }

  async #read(response: Response): Promise<Answered> {
    const text = await response.text();
    const cookie = cookieIn(response.headers.getSetCookie());
    const said: Said | undefined = response.status === 200 ? JSON.parse(text) : undefined;
    const code = response.headers.get('limpet-code') ?? '';
    const told =
      said === undefined
        ? code
        : `[${said.list.join()}] by ${said.by}${said.source === 'kept' ? '' : ` (${said.source})`}`;
    this.#world.scheduler.note(`${this.#name} hears ${response.status} ${told}${describe(cookie)}`);
    this.#judge({ status: response.status, code, said }, cookie);
    return { heard: { status: response.status, code, said }, cookie };
  }

  #judge({ status, code, said }: Heard, cookie: Cookie | undefined): void {
    const { oracle } = this.#world;
    if (code.startsWith('signature') || status === 403)
      oracle.violated('I8', `${this.#name}: an origin refused the edge's own signature`);
    const old = this.#cookie?.session;
    const next = said?.session ?? cookie?.session ?? old;
    const isExpired = this.#at >= (this.#cookie?.renewedMs ?? 0) + idleMs - 5_000;
    if (
      old !== undefined &&
      next !== old &&
      !isExpired &&
      !oracle.of(old).isEnded &&
      !oracle.of(old).isLeaving
    )
      oracle.violated('I1', `${this.#name}: session ${old.slice(-4)} was lost`);
    if (said === undefined) return;
    if (this.#wish.verb === 'append') oracle.acknowledged(said.session, this.#name);
    if (this.#wish.verb === 'logout' && !oracle.of(said.session).isEnded)
      oracle.violated('I5', `${this.#name} was acknowledged, but the session is not ended`);
    if (new Set(said.list).size !== said.list.length)
      oracle.violated('I2', `${this.#name} shows an entry twice: [${said.list.join()}]`);
    if (this.#wish.verb === 'read' && said.session === old) this.#judgeRead(said);
  }

  #judgeRead({ list, source, session }: Said): void {
    const { oracle, network } = this.#world;
    if (source === 'read-only') return;
    const missing = [...this.#owed].filter((entry) => !list.includes(entry));
    const isAlone =
      (network.troubledAt.get(`edge${this.#wish.edge % this.#world.edges.length}>shard`) ?? 0) >=
      this.#at - 2_000;
    const isExcused = this.#mayBeBehind || isAlone;
    if (this.#wasEnded && list.length > 0 && !isExcused)
      oracle.violated('I5', `${this.#name} reads [${list.join()}] of an ended session`);
    if (missing.length === 0 || oracle.of(session).isEnded) return;
    const what = `${this.#name} reads [${list.join()}] though ${missing.join()} was acknowledged before`;
    if (this.#isNewest) oracle.violated('I4', `${what}, with the newest cookie`);
    else if (!isExcused) oracle.violated('I4w', `${what}, with an old cookie and no window left`);
  }
}

function cookieIn(values: readonly string[]): Cookie | undefined {
  const text = values.find((value) => value.startsWith('__Host-limpet='))?.split(';')[0];
  const [, session, , epoch, , , renewed] = text?.split('.') ?? [];
  if (text === undefined || session === undefined) return undefined;
  return {
    text,
    session,
    epoch: Number.parseInt(epoch ?? '', 36),
    renewedMs: Number.parseInt(renewed ?? '', 36) * 1_000,
  };
}

function describe(cookie: Cookie | undefined): string {
  if (cookie === undefined) return '';
  const [, , tag, epoch, incarnation] = cookie.text.split('.');
  return `, cookie ${cookie.session.slice(-4)} home ${tag} epoch ${Number.parseInt(epoch ?? '', 36)} inc ${Number.parseInt(incarnation ?? '', 36)}`;
}
