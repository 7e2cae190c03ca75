import type { OpenSocket } from './redis-tcp.ts';

/** The Workers runtime's own sockets. Asked for when they are used: this module is read by Node too, which has none. */
export const openSocket: OpenSocket = async ({ host, port, tls }) => {
  const { connect } = await import('cloudflare:sockets');
  const socket = connect(
    { hostname: host, port },
    { secureTransport: tls ? 'on' : 'off', allowHalfOpen: false },
  );
  await socket.opened;
  return socket;
};
