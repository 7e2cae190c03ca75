import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** What happens to the socket once a request's head has come. A text is sent as it is, and the socket stays open. */
export type Behaviour = string | ((socket: Socket, head: string) => void);

/** An origin on bare sockets, which says what no HTTP library would. */
export interface RawOrigin {
  readonly url: string;
  /** Request heads as they came, probes left out. */
  readonly heads: string[];
  /** How often a request line with this path has come. */
  count(path: string): number;
  close(): Promise<void>;
}

export const ok = (body: string, ...headers: string[]): string =>
  ['HTTP/1.1 200 OK', ...headers, `Content-Length: ${body.length}`, '', body].join('\r\n');

/** Answers by path, the query left out; everything else, the health probe too, gets a plain 200. */
export async function startRawOrigin(behaviours: Readonly<Record<string, Behaviour>>): Promise<RawOrigin> {
  const heads: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    onHeads(socket, (head) => {
      const path = pathOf(head);
      if (path !== '/health') heads.push(head);
      const behaviour = behaviours[path] ?? ok('plain');
      if (typeof behaviour === 'string') socket.write(behaviour, 'latin1');
      else behaviour(socket, head);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heads,
    count: (path) => heads.filter((head) => pathOf(head) === path).length,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function pathOf(head: string): string {
  return head.split(' ')[1]?.split('?')[0] ?? '';
}

/** Calls back with each head; bodies of a known length are skipped. */
function onHeads(socket: Socket, take: (head: string) => void): void {
  let pending = '';
  socket.on('data', (chunk) => {
    pending += chunk.toString('latin1');
    for (let end = pending.indexOf('\r\n\r\n'); end >= 0; end = pending.indexOf('\r\n\r\n')) {
      const head = pending.slice(0, end);
      const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
      if (pending.length < end + 4 + length) return;
      pending = pending.slice(end + 4 + length);
      take(head);
    }
  });
}
