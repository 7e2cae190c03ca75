import type { ObjectHost } from './object-host.ts';
import { machine, type Process } from './scheduler.ts';
import type { World } from './world.ts';

export type Kind = 'shard' | 'replica' | 'monitor';

/** The stub of a Durable Object: every method is one question over the network, asked by whoever runs now. */
export function stubOf(world: World, kind: Kind, name: string): object {
  return new Proxy({}, { get: (_target, method) => askerOf(world, kind, name, String(method)) });
}

function askerOf(world: World, kind: Kind, name: string, method: string) {
  return async (...args: unknown[]): Promise<unknown> => {
    const from = world.scheduler.current;
    const host = world.host(kind, name);
    const askedAt = world.scheduler.now;
    const answer = await world.network.ask<unknown>({
      from,
      link: `${machine(from)}>${roleOf(host)}`,
      label: `${method} ${labelOf(args)}`,
      mayDouble: true,
      target: () => (host.isAway ? undefined : host.process()),
      handle: (process) => called(world, { host, process, method, args }),
      refused: () => marked('overloaded'),
      lost: () => marked('durableObjectReset'),
    });
    // An edge waits a second for its monitor: a later answer comes to nobody.
    if (method === 'snapshot' && world.scheduler.now < askedAt + 1_000)
      world.oracle.heard(machine(from), answer);
    return answer;
  };
}

interface Call {
  readonly host: ObjectHost;
  readonly process: Process;
  readonly method: string;
  readonly args: readonly unknown[];
}

async function called({ scheduler, oracle }: World, { host, process, method, args }: Call): Promise<unknown> {
  const wasFormer = host.name.startsWith('former');
  const answer = await host.call(method, args);
  if (wasFormer) oracle.answeredByFormer(host.name, method, answer);
  if (host.name.startsWith('shard')) {
    scheduler.note(`  ${process.name} ${method} ${labelOf(args)} → ${answerText(answer)}`);
    oracle.answered(method, args, answer);
  }
  return answer;
}

/** A promoted replica is the shard, for those who cut its links as well. */
function roleOf({ name }: ObjectHost): string {
  return name.slice(0, name.indexOf(' '));
}

/** Errors as Cloudflare marks them. */
function marked(mark: 'durableObjectReset' | 'overloaded'): Error {
  const error = new Error(`Durable Object: ${mark}`);
  return Object.assign(error, { [mark]: true, retryable: mark === 'durableObjectReset' });
}

const told = ['by', 'expected', 'epoch', 'version', 'home', 'instance', 'uncopied'];

/** What tells one call from another in the log. */
function labelOf(args: readonly unknown[]): string {
  const wish = Object(args.find((arg) => typeof arg === 'object' && arg !== null));
  const fields = told.filter((name) => wish[name] !== undefined);
  const session = typeof args[1] === 'string' ? [args[1].slice(-4)] : [];
  return [...session, ...fields.map((name) => `${name} ${String(wish[name]).slice(0, 8)}`)].join(', ');
}

function answerText(answer: unknown): string {
  const { kind, row } = Object(answer);
  if (row === undefined) return String(kind);
  return `${kind} (${row.home}/${String(row.instance).slice(0, 4)}, epoch ${row.epoch}, version ${row.version})`;
}
