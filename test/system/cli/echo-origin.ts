import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** An origin that answers with the headers that it saw, until the test is over. Returns its url. */
export async function startEchoOrigin(): Promise<string> {
  const { url, close } = await openEchoOrigin();
  onTestFinished(close);
  return url;
}

/** The same, until it is closed. */
export async function openEchoOrigin(): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(request.headers));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}
