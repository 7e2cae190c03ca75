// node origin.ts: the target of every Worker that is measured. Prints its port. `/a/…`, `/b/…` and `/c/…` stand for three origins.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { body, homeHeader } from './exchange.ts';

const server = createServer((request, response) => {
  const home = (request.url ?? '/').charAt(1);
  const wanted = request.headers[homeHeader];
  // Every request of a measurement says where its session lives: one that strays is an error there, not a fast answer.
  const status = wanted === undefined || wanted === home ? 200 : 421;
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': body.length,
    'cache-control': 'no-cache',
    etag: '"bench"',
    [homeHeader]: home,
    'bench-cookie': request.headers.cookie ?? '',
    'bench-forwarded': request.headers.forwarded ?? '',
  });
  response.end(body);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
