import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import autocannon from 'autocannon';
import { startServe } from '../../system/harness/serve.ts';
import { cpuUs } from '../machine.ts';
import { median } from '../numbers.ts';

/** What one POST costs through `limpet serve`. */
export interface Cost {
  /** CPU time of workerd per POST, 16 at a time. */
  readonly cpuUs: number;
  /** Median time of an answer, one at a time. */
  readonly p50Ms: number;
  /** Connections that the origin saw per POST. */
  readonly connections: number;
}

export interface Measurable {
  measure(seconds: number): Promise<Cost>;
  end(): Promise<void>;
}

const crowd = 16;

/** A `limpet serve` of its own, before an origin that answers at once. */
export async function startMeasurable(connectCheckMs: number): Promise<Measurable> {
  const origin = await startOrigin();
  const served = await startServe({
    pools: {
      shop: {
        origins: [{ id: 'a', url: origin.url }],
        session: { mode: 'local' },
        cookie: { secure: false },
        attempts: { connectCheckMs },
      },
    },
    routes: [{ match: '/*', pool: 'shop' }],
  });
  const first = await fetch(served.url);
  const cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const post = async (connections: number, duration: number) => {
    const {
      '2xx': good,
      non2xx,
      errors,
      timeouts,
    } = await autocannon({
      url: `${served.url}/list`,
      method: 'POST',
      body: 'item=1',
      headers: { cookie },
      connections,
      duration,
    });
    const wrong = non2xx + errors + timeouts;
    if (wrong > 0 || good === 0)
      throw new Error(`Cannot measure as ${wrong} of ${good + wrong} POSTs failed`);
    return good;
  };
  const oneByOne = async (seconds: number) => {
    const times: number[] = [];
    for (const until = performance.now() + seconds * 1000; performance.now() < until; ) {
      const asked = performance.now();
      const answer = await fetch(`${served.url}/list`, {
        method: 'POST',
        body: 'item=1',
        headers: { cookie },
      });
      await answer.arrayBuffer();
      times.push(performance.now() - asked);
    }
    return median(times);
  };
  return {
    async measure(seconds) {
      const before = { cpuUs: cpuUs(served.workerd()), connections: origin.connections() };
      const good = await post(crowd, seconds);
      const after = { cpuUs: cpuUs(served.workerd()), connections: origin.connections() };
      return {
        cpuUs: (after.cpuUs - before.cpuUs) / good,
        connections: (after.connections - before.connections) / good,
        p50Ms: await oneByOne(seconds / 2),
      };
    },
    async end() {
      await served.end();
      origin.end();
    },
  };
}

async function startOrigin() {
  let connections = 0;
  const server: Server = createServer((request, response) => {
    request.resume();
    response.setHeader('content-type', 'text/html');
    response.end('done');
  });
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    connections: () => connections,
    end: () => void server.close().closeAllConnections(),
  };
}
