import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable, Writable } from 'node:stream';
import type { OpenSocket } from '../../../../worker/stores/redis/redis-tcp.ts';

/** Node's sockets in the shape of the Workers runtime's. */
export const openNodeSocket: OpenSocket = async ({ host, port }) => {
  const socket = connect(port, host);
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  return {
    readable: Readable.toWeb(socket) as ReadableStream<Uint8Array>,
    writable: Writable.toWeb(socket) as WritableStream<Uint8Array>,
    async close() {
      socket.destroy();
    },
  };
};
