import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { startServe } from '../system/harness/serve.ts';

it('[SV6] limpet serve says each minute on its own socket that a minute has passed', async () => {
  const pools = { shop: { origins: [{ id: 'a', url: 'http://127.0.0.1:9' }] } };
  const served = await startServe({ pools, routes: [{ match: '/*', pool: 'shop' }] });
  onTestFinished(() => served.end());
  // In the Worker's place: what is said there is heard here.
  rmSync(served.controlSocket());
  const ear = createServer((_, response) => void response.writeHead(204).end()).listen(
    served.controlSocket(),
  );
  onTestFinished(() => void ear.close());
  const [request] = await once(ear, 'request');
  expect(request.method).toBe('POST');
});
