import type { ServerResponse } from 'node:http';
import type { HeaderList, Refusal } from '../refusals.ts';
import type { Extent, Sealed, SealedNow } from '../visit.ts';
import { createLastByte } from './last-byte.ts';
import { type CallName, nativeCalls } from './native-calls.ts';

/** What the hold asks as an answer goes by. */
export interface HoldQuestions {
  /** Called once, before anything leaves. */
  seal(extent: Extent): Sealed;
  /** Changes made after that; `undefined` when there are none. */
  late(): Promise<Refusal | undefined> | undefined;
}

/** The answer of one request, kept back as long as its session is not kept. */
export interface Hold {
  /** Cuts the connection, so that an answer that has begun cannot look complete. */
  cut(): void;
}

/** `held`: the state is on its way. `closing`: all but the end has left. `over`: whatever the application writes is dropped. */
type Phase = 'open' | 'held' | 'passing' | 'closing' | 'over';

/** Puts itself between the application and the answer. Layers above it (express-session) are installed later. */
export function holdAnswer(res: ServerResponse, { seal, late }: HoldQuestions): Hold {
  const native = nativeCalls(res);
  const lastByte = createLastByte(res, native);
  const queue: { name: CallName; args: unknown[] }[] = [];
  let phase: Phase = 'open';
  let headersThen: ReturnType<ServerResponse['getHeaders']> = {};
  /** Whether status and headers are on their way: from then on only a cut can tell the client. */
  let left: 'nothing' | 'headers' = 'nothing';
  let laterHead: unknown[] | undefined;

  function perform(name: CallName, args: unknown[]): unknown {
    if (phase === 'open') begin(name === 'end' ? 'whole' : 'begun');
    switch (phase) {
      case 'open':
      case 'passing':
        return pass(name, args);
      case 'held':
        queue.push({ name, args });
        return name === 'write' ? false : res;
      case 'closing':
      case 'over':
        return swallow(name, args);
      default:
        return phase satisfies never;
    }
  }

  function begin(extent: Extent): void {
    const sealed = seal(extent);
    if (sealed.kind !== 'storing') {
      phase = 'passing';
      goOn(sealed);
      return;
    }
    phase = 'held';
    headersThen = { ...res.getHeaders() };
    claimHeadersSent(res);
    sealed.outcome.then(release).catch(() => res.destroy());
  }

  function goOn(sealed: SealedNow): void {
    if (sealed.kind === 'refused') refuse(sealed.refusal);
    else setHeaders(res, sealed.headers);
  }

  function release(sealed: SealedNow): void {
    if (phase !== 'held') return;
    Reflect.deleteProperty(res, 'headersSent');
    replaceHeaders(res, headersThen);
    phase = 'passing';
    const held = queue.splice(0);
    goOn(sealed);
    for (const { name, args } of held) perform(name, args);
    if (!res.writableNeedDrain) res.emit('drain');
  }

  function pass(name: CallName, args: unknown[]): unknown {
    if (name === 'end') return endAfterLate(args);
    if (lastByte.isBodiless() && left === 'nothing') return keepForEnd(name, args);
    if (name === 'writeHead') left = 'headers';
    return name === 'write' ? lastByte.write(args) : native[name](args);
  }

  /** The headers of a bodiless answer are all of it: they leave with its end, since a change could still come. */
  function keepForEnd(name: CallName, args: unknown[]): unknown {
    if (name !== 'writeHead') return swallow(name, args);
    laterHead ??= args;
    claimHeadersSent(res);
    return res;
  }

  function end(args: unknown[]): unknown {
    Reflect.deleteProperty(res, 'headersSent');
    left = 'headers';
    if (laterHead) native.writeHead(laterHead);
    return lastByte.end(args);
  }

  function endAfterLate(args: unknown[]): unknown {
    const pending = late();
    if (pending === undefined) return end(args);
    phase = 'closing';
    pending.then((refusal) => {
      if (phase !== 'closing') return;
      if (refusal === undefined) end(args);
      else if (left === 'headers') cut();
      else refuse(refusal);
    });
    return res;
  }

  /** The application's own answer, whole, is dropped for the refusal. */
  function refuse({ status, headers, body }: Refusal): void {
    phase = 'over';
    Reflect.deleteProperty(res, 'headersSent');
    replaceHeaders(res, {});
    setHeaders(res, headers);
    res.statusMessage = '';
    native.writeHead([status, { 'content-length': Buffer.byteLength(body) }]);
    native.end([body]);
  }

  function cut(): void {
    // While nothing has left, the end of the answer will hear of the refusal.
    if (phase === 'held' || phase === 'over' || left === 'nothing' || res.writableEnded) return;
    // A last answer of HTTP/1.0 ends with the connection: only a reset tells its end from a cut.
    if (res.chunkedEncoding || res.hasHeader('content-length')) res.destroy();
    else res.socket?.resetAndDestroy();
    phase = 'over';
  }

  function swallow(name: CallName, args: unknown[]): unknown {
    const done = args.at(-1);
    if (typeof done === 'function') process.nextTick(() => Reflect.apply(done, undefined, []));
    return name === 'write' ? true : res;
  }

  res.once('close', () => {
    if (phase === 'held') phase = 'over';
  });
  Object.assign(res, {
    writeHead: (...args: unknown[]) => perform('writeHead', args),
    flushHeaders: () => void perform('flushHeaders', []),
    write: (...args: unknown[]) => perform('write', args),
    end: (...args: unknown[]) => perform('end', args),
  });
  return { cut };
}

/** Without this an application that answers twice would not hear of it, and would change the first answer's headers. */
function claimHeadersSent(res: ServerResponse): void {
  Object.defineProperty(res, 'headersSent', { configurable: true, get: () => true });
}

function setHeaders(res: ServerResponse, headers: HeaderList): void {
  for (const [name, value] of headers) res.setHeader(name, value);
}

function replaceHeaders(res: ServerResponse, headers: ReturnType<ServerResponse['getHeaders']>): void {
  for (const name of res.getHeaderNames()) res.removeHeader(name);
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) res.setHeader(name, value);
}
