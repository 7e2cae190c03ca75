import { Ask } from './ask.ts';
import type { Cookie } from './cookie.ts';
import type { Said } from './instance.ts';
import type { World } from './world.ts';

export interface Wish {
  readonly verb: 'append' | 'read' | 'login' | 'logout';
  readonly edge: number;
  readonly thinkMs: number;
  /** `older`: a tab that has slept since an earlier cookie. */
  readonly cookie: 'newest' | 'older';
  /** The client navigates away after so long. */
  readonly leavesAfterMs: number | undefined;
  /** Whether its request ends with it at the edge, or goes on. */
  readonly leaving: 'request ends' | 'request goes on';
}

export const plain: Wish = {
  verb: 'read',
  edge: 0,
  thinkMs: 0,
  cookie: 'newest',
  leavesAfterMs: undefined,
  leaving: 'request goes on',
};

export interface Heard {
  /** 0: nothing came. */
  readonly status: number;
  readonly code: string;
  readonly said: Said | undefined;
}

/** One person's browser: a cookie jar, and requests that may overlap. */
export class Browser {
  readonly name: string;
  readonly #world: World;
  /** Per session the newest epoch that a cookie has told. */
  readonly #newest = new Map<string, number>();
  #jar: readonly Cookie[] = [];
  #sent = 0;

  constructor(name: string, world: World) {
    this.name = name;
    this.#world = world;
  }

  get cookie(): Cookie | undefined {
    return this.#jar.at(-1);
  }

  async send(partial: Partial<Wish>): Promise<Heard> {
    const wish = { ...plain, ...partial };
    const cookie = wish.cookie === 'older' ? (this.#jar.at(-2) ?? this.cookie) : this.cookie;
    const isNewest = cookie !== undefined && cookie.epoch >= (this.#newest.get(cookie.session) ?? 0);
    const ask = new Ask(this.#world, { wish, name: `${this.name}-${++this.#sent}`, cookie, isNewest });
    const answer = await ask.go();
    this.#take(answer.cookie);
    return answer.heard;
  }

  #take(cookie: Cookie | undefined): void {
    if (cookie === undefined) return;
    this.#jar = [...this.#jar.slice(-3), cookie];
    this.#newest.set(cookie.session, Math.max(cookie.epoch, this.#newest.get(cookie.session) ?? 0));
  }
}
