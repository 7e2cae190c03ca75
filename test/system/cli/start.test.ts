import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createClient } from '../harness/client.ts';
import { freePorts } from '../harness/ports.ts';
import { until } from '../harness/until.ts';
import { descendants, isGone } from './command.ts';
import { type Running, start } from './running.ts';

interface Answer {
  readonly origin: string;
  readonly pid: number;
  readonly count: number;
}

describe('npm start', () => {
  it('[CL14] a cart outlives the origin that serves it, which is reported, stays dead, and comes back when asked', async () => {
    const { child, client } = await example();
    expect(child.stdout().trimEnd().split('\n').at(-1)).toMatch(/^Ready on http:/);
    const filled = (await add(client, 'lantern')).json<Answer>();
    expect(child.stdout()).toContain(`kill -9 ${filled.pid}`);

    process.kill(filled.pid, 'SIGKILL');
    const dead = `origin ${filled.origin} (pid ${filled.pid}) was killed by SIGKILL; start it again: type ${filled.origin} and Enter`;
    await until('its death is reported', () => child.stderr().includes(dead));
    const next = await client.get('/cart');
    expect([next.status, next.outcome, next.json<Answer>().count]).toEqual([200, 'restored', 1]);

    child.type(filled.origin);
    await until('it is back', () =>
      child.stderr().includes(`origin ${filled.origin} is back, with an empty memory: pid`),
    );
    const after = await client.get('/cart');
    expect([after.outcome, after.json<Answer>().origin]).toEqual(['kept', next.json<Answer>().origin]);
  });

  it('[CL14] its end leaves nothing, not even an origin that is frozen', async () => {
    const { child, client } = await example();
    const { pid } = (await client.get('/who')).json<Answer>();
    const below = descendants(child.pid);
    expect(below).toContain(pid);
    process.kill(pid, 'SIGSTOP');
    process.kill(child.pid, 'SIGINT');
    await until('all of it is gone', () => [child.pid, ...below].every(isGone));
    expect(await child.ended()).toBe(0);
  });

  it('[CL14] origins and Worker do not outlive it when it is killed', async () => {
    const { child } = await example();
    const below = descendants(child.pid);
    expect(below.length).toBeGreaterThan(3);
    process.kill(child.pid, 'SIGKILL');
    await until('all of it is gone', () => [child.pid, ...below].every(isGone));
  });

  it('[CL4] a taken port of an origin is one sentence, and nothing is left running', async () => {
    const { ports, config } = await example();
    const [port = 0] = await freePorts(1);
    const refused = start(
      'examples/shop/start.ts',
      ['--config', config, '--port', String(port)],
      {},
      'Ready on',
    );
    await expect(refused).rejects.toThrow(
      `Port ${ports[0]}, which origin a needs, is taken by another program.`,
    );
  });

  it('[CL14] the page shows the cart to a browser without a script', async () => {
    const { client } = await example();
    const headers = { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' };
    const posted = await client.ask('/cart', { method: 'POST', headers, body: 'item=compass' });
    expect([posted.status, posted.headers.location]).toEqual([303, '/']);
    const page = await client.get('/', { accept: 'text/html' });
    expect(page.body).toMatch(/1 ×<td>Brass compass/);
    expect((await client.ask('/logout', { method: 'POST', headers })).status).toBe(303);
    expect((await client.get('/')).body).toContain('Nothing in it yet.');
  });
});

interface Example {
  readonly child: Running;
  readonly client: ReturnType<typeof createClient>;
  /** Those of the origins. */
  readonly ports: readonly number[];
  readonly config: string;
}

/** What `npm start` runs, on ports of the test's own. */
async function example(): Promise<Example> {
  const folder = mkdtempSync(join(tmpdir(), 'limpet-start-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [port = 0, ...ports] = await freePorts(4);
  const config = join(folder, 'limpet.config.mjs');
  writeFileSync(config, `export default ${JSON.stringify(configFor(ports))};\n`);
  const child = await start(
    'examples/shop/start.ts',
    ['--config', config, '--port', String(port)],
    {},
    'Ready on',
  );
  const client = createClient(`http://127.0.0.1:${port}`);
  onTestFinished(() => client.close());
  return { child, client, ports, config };
}

function configFor(ports: readonly number[]) {
  const origins = ports.map((port, at) => ({ id: 'abc'[at], url: `http://127.0.0.1:${port}` }));
  return {
    pools: { shop: { origins, health: { path: '/health' } } },
    routes: [{ match: '/*', pool: 'shop' }],
  };
}

function add(client: Example['client'], item: string) {
  const headers = { accept: 'application/json', 'content-type': 'application/json' };
  return client.ask('/cart', { method: 'POST', headers, body: JSON.stringify({ item }) });
}
