import type { IRequest } from 'itty-router';
import { base64url } from '../core/base64url.ts';
import type { SessionId } from '../core/ids.ts';
import type { ExportedSession, SubjectStep, SubjectWish, Unreachable } from '../ports.ts';
import { refusal } from '../steps/gate.ts';
import { unsealed } from '../steps/sealed-state.ts';
import { parseSubject } from '../steps/returned.ts';
import type { Edge, Pool } from '../visit.ts';
import { json } from './json.ts';
import { orderIn as readOrder } from './order.ts';
import { cursorOf, namedPools, pagesFrom, type Place, unanswered } from './places.ts';
import { fullName, type NameOf, shortName, told } from './sessions.ts';

/** Steps of the search that one answer takes. The caller goes on with the cursor until there is none. */
const stepsPerAnswer = 32;
/** An export goes out when it has grown so far. */
const answerBytes = 8 * 1024 * 1024;

/** `POST /subject/end`: every session of this subject, in all pools or the one that is named. */
export function endSubject(request: IRequest, edge: Edge): Promise<Response> {
  return search(request, edge, async ({ pool, shard }, wish) =>
    counted(await pool.desk.endSubject(shard, wish)),
  );
}

/** `POST /subject/export`: the states of this subject's sessions, as base64. */
export function exportSubject(request: IRequest, edge: Edge): Promise<Response> {
  return search(request, edge, async ({ pool, shard }, wish, name) =>
    exported(pool, await pool.desk.exportSubject(shard, wish), name),
  );
}

/** `POST /subject/erase`: ends them; nothing of their states is left in the shards or in KV, nor are they named in the list of lost writes. */
export function eraseSubject(request: IRequest, edge: Edge): Promise<Response> {
  return search(request, edge, async ({ pool, shard }, wish) => {
    const step = await pool.desk.eraseSubject(shard, wish);
    if ('kind' in step || step.found.length === 0) return counted(step);
    const forgotten = await pool.lost.forget(step.found);
    return forgotten.kind === 'unreachable' ? forgotten : counted(step);
  });
}

/** What a step came to, as the answer tells it. */
interface Told {
  readonly sessions: readonly unknown[];
  readonly count: number;
  readonly bytes: number;
  readonly next: number | undefined;
}

type Step = (place: Place, wish: SubjectWish, name: NameOf) => Promise<Told | Unreachable>;

async function search(request: IRequest, edge: Edge, step: Step): Promise<Response> {
  const order = await orderIn(request);
  if (order === undefined)
    return refusal(
      400,
      'malformed',
      'Wanted JSON { "subject": 1 to 128 visible characters, "pool"?, "cursor"?, "full"? }.',
    );
  const pools = namedPools(order.pool, edge);
  if (pools instanceof Response) return pools;
  const places = pagesFrom(pools, order.cursor);
  if (places instanceof Response) return places;
  return walk(places, order, edge, step);
}

async function walk(
  places: readonly Place[],
  { subject, full }: Order,
  edge: Edge,
  step: Step,
): Promise<Response> {
  const sessions: unknown[] = [];
  let [count, bytes, steps] = [0, 0, 0];
  for (const place of places) {
    for (let from: number | undefined = Number(place.at); from !== undefined; steps++) {
      if (steps >= stepsPerAnswer || bytes >= answerBytes)
        return json({ count, sessions, cursor: cursorOf(place, from) });
      const said: Told | Unreachable = await step(
        place,
        await wishFor(place.pool, subject, from, edge),
        full ? fullName : shortName,
      );
      if ('kind' in said) return unanswered(place, said.why);
      sessions.push(...said.sessions);
      count += said.count;
      bytes += said.bytes;
      from = said.next;
    }
  }
  return json({ count, sessions });
}

async function wishFor(
  { keyring, config }: Pool,
  subject: string,
  from: number,
  edge: Edge,
): Promise<SubjectWish> {
  return {
    subject: await keyring.subjectTag(subject),
    from,
    endsAt: edge.clock.now() + config.session.absoluteMs,
  };
}

function counted(step: SubjectStep<SessionId> | Unreachable): Told | Unreachable {
  return 'kind' in step ? step : { sessions: [], count: step.found.length, bytes: 0, next: step.next };
}

async function exported(
  pool: Pool,
  step: SubjectStep<ExportedSession> | Unreachable,
  name: NameOf,
): Promise<Told | Unreachable> {
  if ('kind' in step) return step;
  const sessions = await Promise.all(step.found.map((session) => exportOf(pool, session, name)));
  const bytes = step.found.reduce((sum, { stateBytes }) => sum + stateBytes, 0);
  return { sessions, count: sessions.length, bytes, next: step.next };
}

/** A state whose seal does not fit is nobody's, and is not handed out as this subject's. */
async function exportOf({ name: pool, keyring }: Pool, { state, ...row }: ExportedSession, name: NameOf) {
  const session = { pool, ...told(row, name) };
  if (state === undefined) return { ...session, state: null };
  const bytes = await unsealed(keyring, row.session, state);
  return bytes === undefined
    ? { ...session, state: null, problem: 'the seal does not fit the stored state' }
    : { ...session, state: base64(bytes) };
}

function base64(bytes: Uint8Array): string {
  const text = base64url(bytes).replaceAll('-', '+').replaceAll('_', '/');
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
}

interface Order {
  readonly subject: string;
  readonly pool: string | undefined;
  readonly cursor: string | undefined;
  readonly full: boolean;
}

/** The name stands in the body: addresses are written to logs. */
async function orderIn(request: IRequest): Promise<Order | undefined> {
  const order = await readOrder(request);
  const subject = parseSubject(textIn(order, 'subject') ?? null);
  if (subject === undefined) return undefined;
  return {
    subject,
    pool: textIn(order, 'pool'),
    cursor: textIn(order, 'cursor'),
    full: order?.['full'] === true,
  };
}

function textIn(order: Readonly<Record<string, unknown>> | undefined, name: string): string | undefined {
  const value = order?.[name];
  return typeof value === 'string' ? value : undefined;
}
