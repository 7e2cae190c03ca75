import { once } from 'node:events';
import { createServer } from 'node:http';
import { onTestFinished, vi } from 'vitest';

/** An admin API that says these things one after the other, and what it was asked. */
export async function site(...answers: readonly Readonly<Record<string, unknown>>[]) {
  vi.stubEnv('ADMIN_TOKEN', 'the token');
  const asked: { what: string; token: string | undefined; order: unknown }[] = [];
  const left = [...answers];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const { method, url, headers } = request;
    asked.push({
      what: `${method} ${url}`,
      token: headers.authorization,
      order: text === '' ? undefined : JSON.parse(text),
    });
    const answer = left.shift() ?? {};
    const body = 'status' in answer ? answer['body'] : { version: 1, ...answer };
    response.writeHead(Number(answer['status'] ?? 200), { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  return { url, asked };
}
