import type { Server } from 'node:http';
import { WebSocketServer } from 'ws';

/** WebSockets at every path: each frame comes back with the origin's name. */
export function acceptSockets(server: Server): void {
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, { headers }) => {
    socket.send(JSON.stringify({ origin: process.env['LIMPET_ORIGIN'], headers }));
    socket.on('message', (data, isBinary) =>
      socket.send(isBinary ? data : `${process.env['LIMPET_ORIGIN']}: ${String(data)}`),
    );
  });
}
