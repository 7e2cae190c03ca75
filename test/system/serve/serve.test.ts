import { existsSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ConfigInput } from '../../../worker/config/input.ts';
import { descendants, isGone, limpet } from '../cli/command.ts';
import { openEchoOrigin, startEchoOrigin } from '../cli/echo-origin.ts';
import { createClient } from '../harness/client.ts';
import { type Origin, startOrigin } from '../harness/origins.ts';
import { freePorts } from '../harness/ports.ts';
import { secrets } from '../harness/secrets.ts';
import { type Served, startServe } from '../harness/serve.ts';
import { until } from '../harness/until.ts';

async function serving(config: ConfigInput, more: readonly string[] = []): Promise<Served> {
  const served = await startServe(config, more);
  onTestFinished(() => served.end());
  return served;
}

function configFor(url: string, more: Partial<ConfigInput> = {}): ConfigInput {
  return {
    pools: {
      shop: {
        origins: [{ id: 'a', url }],
        session: { mode: 'replicated' },
        cookie: { secure: false },
        health: { path: '/health', intervalMs: 300_000, timeoutMs: 2_000 },
        fallback: { paths: ['/docs/*'] },
      },
    },
    routes: [{ match: '/*', pool: 'shop' }],
    ...more,
  };
}

function visitor(served: Served) {
  const client = createClient(served.url);
  onTestFinished(() => client.close());
  return client;
}

const itemsAt = async (client: ReturnType<typeof createClient>) => {
  const seen = await client.get('/cart');
  return [seen.status, seen.json<{ items: string[] }>().items];
};

describe('limpet serve', () => {
  let origin: Awaited<ReturnType<typeof openEchoOrigin>>;
  let served: Served;
  beforeAll(async () => {
    origin = await openEchoOrigin();
    served = await startServe(configFor(origin.url));
  });
  afterAll(async () => {
    await served?.end();
    origin?.close();
  });

  it('[SV1] says on stdout that it serves; debug headers are off unless the configuration says otherwise', async () => {
    expect(served.output()).toBe(`Ready on ${served.url}\n`);
    const answer = await visitor(served).get('/');
    expect([answer.status, answer.outcome, answer.cookies]).toEqual([200, undefined, ['limpet']]);
  });

  it('[SV3] without good secrets it starts nothing, makes none up, and names each', async () => {
    const words = [
      'serve',
      '--config',
      join(served.folder, 'limpet.config.ts'),
      '--persist',
      join(served.folder, 'other'),
    ];
    const ended = await limpet(words, { ADMIN_TOKEN: 'short' });
    expect([ended.code, ended.stdout]).toEqual([1, '']);
    expect(ended.stderr).toContain('COOKIE_KEYS: wanted a secret of at least 32 characters, found nothing');
    expect(ended.stderr).toContain(
      'ADMIN_TOKEN: wanted a secret of at least 32 characters, found 5 characters',
    );
    expect(existsSync(join(served.folder, 'other'))).toBe(false);
    expect(existsSync(join(served.folder, '.dev.vars'))).toBe(false);
  });

  it('[SV3] secrets are read from .dev.vars beside the configuration, and no file of the run holds one', async () => {
    const run = join(served.controlSocket(), '..');
    for (const name of readdirSync(run).filter((entry) => !entry.endsWith('.sock')))
      for (const secret of Object.values(secrets))
        expect(readFileSync(join(run, name), 'utf8')).not.toContain(secret);
    expect(statSync(run).mode & 0o777).toBe(0o700);
    const lines = Object.entries(secrets).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(join(served.folder, '.dev.vars'), lines.join(''));
    const words = [
      'serve',
      '--config',
      join(served.folder, 'limpet.config.ts'),
      '--port',
      String(served.port),
    ];
    const ended = await limpet([...words, '--persist', join(served.folder, 'other')]);
    expect(ended.stderr).toContain(`Port ${served.port} is taken`);
  });

  it('[SV14] an origin behind a binding is refused in a sentence', async () => {
    const file = join(served.folder, 'bound.config.ts');
    const origins = [{ id: 'a', url: 'http://127.0.0.1:9', via: 'TUNNEL' }];
    writeFileSync(
      file,
      `export default ${JSON.stringify({ pools: { shop: { origins } }, routes: [{ match: '/*', pool: 'shop' }] })};`,
    );
    const ended = await limpet(['serve', '--config', file], secrets);
    expect([ended.code, ended.stdout]).toEqual([1, '']);
    expect(ended.stderr).toContain('wanted no binding: limpet serve reaches each origin by its url');
  });

  it('[SV4] a taken port is one sentence, and so is a folder that another one serves from', async () => {
    const taken = createTcpServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as AddressInfo;
    const words = (...more: string[]) => [
      'serve',
      '--config',
      join(served.folder, 'limpet.config.ts'),
      ...more,
    ];
    const onTaken = await limpet(
      words('--port', String(port), '--persist', join(served.folder, 'other')),
      secrets,
    );
    expect(onTaken).toEqual({
      code: 1,
      stdout: '',
      stderr: `Port ${port} is taken by another program. Stop that one, or choose another port: --port ${port + 1}\n`,
    });
    const onData = await limpet(words('--port', '0'), secrets);
    expect([onData.code, onData.stdout]).toEqual([1, '']);
    expect(onData.stderr).toContain(`.limpet is in use by process ${served.pid}.`);
    const onHost = await limpet(words('--host', 'localhost'), secrets);
    expect([onHost.code, onHost.stderr]).toEqual([3, '--host: wanted an IP address, found "localhost"\n']);
  });

  it('[SV8] the origin hears the address of the connection, never one that a client made up', async () => {
    const madeUp = {
      'cf-connecting-ip': '6.6.6.6',
      'x-forwarded-for': '6.6.6.6',
      'x-forwarded-proto': 'https',
    };
    const answer = await visitor(served).get('/', madeUp);
    expect(answer.json()).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' });
    expect(answer.body).not.toContain('6.6.6.6');
  });

  it('[SV6] the clock reaches the Worker by a socket of this user only, and no client reaches it', async () => {
    expect(await post(served.controlSocket())).toBe(204);
    for (const path of ['/', '/control', '/scheduled', '/cdn-cgi/handler/scheduled', '/.limpet/control'])
      expect([path, (await visitor(served).post(path)).status]).not.toEqual([path, 204]);
    expect(listeningPorts(served.workerd())).toEqual([served.port]);
  });
});

describe('a limpet serve of its own', () => {
  it('[SV8] with clientAddress, what stands in front says who the client is and how it came', async () => {
    const front = { clientAddress: { header: 'X-Real-IP' } };
    const served = await serving(configFor(await startEchoOrigin(), front));
    const client = visitor(served);
    const said = await client.get('/', { 'x-real-ip': '203.0.113.7', 'x-forwarded-proto': 'https' });
    expect(said.json()).toMatchObject({ 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' });
    expect((await client.get('/')).json()).toMatchObject({ 'x-forwarded-for': '127.0.0.1' });
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    '[SV7] %s: requests under way are answered, then nothing is left',
    async (signal) => {
      const slow = await startSlowOrigin();
      const served = await serving(configFor(slow.url));
      const asked = visitor(served).get('/slow');
      await until('the request is at its origin', () => slow.waiting() === 1);
      const below = descendants(served.pid);
      process.kill(served.pid, signal);
      await until('it says so', () => served.output().includes('Taking no new requests'));
      expect(isGone(served.workerd())).toBe(false);
      slow.release();
      expect((await asked).body).toBe('done');
      await until('all of it is gone', () => [served.pid, ...below].every(isGone));
      expect(readdirSync(served.folder).filter((name) => name.startsWith('limpet-serve-'))).toEqual([]);
    },
  );
});

describe('limpet serve with an Express origin', () => {
  let origin: Origin;
  beforeAll(async () => {
    const [port = 0] = await freePorts(1);
    origin = await startOrigin('a', port, 'kept');
  });
  afterAll(() => origin?.kill());

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    '[SV2] a restart by %s keeps a session with its data, although its origin has forgotten it',
    async (how) => {
      const served = await serving(configFor(origin.url));
      const client = visitor(served);
      expect((await client.post('/cart?item=rope')).status).toBe(200);
      await served.restart(how);
      await origin.restart();
      expect(await itemsAt(client)).toEqual([200, ['rope']]);
    },
  );

  it('[SV5] workerd killed: it is said, it starts again, and the session is there', async () => {
    const served = await serving(configFor(origin.url));
    const client = visitor(served);
    expect((await client.post('/cart?item=rope')).status).toBe(200);
    for (const pause of [100, 200]) {
      const killed = served.workerd();
      process.kill(killed, 'SIGKILL');
      await until(
        'it serves again',
        () =>
          served.output().includes(`starts again in ${pause} ms`) &&
          countOf(served, 'serves again') === pause / 100,
      );
      expect(served.output()).toContain(
        `workerd (${killed}) was ended by SIGKILL. It starts again in ${pause} ms.`,
      );
      expect(served.workerd()).not.toBe(killed);
    }
    await origin.restart();
    expect(await itemsAt(client)).toEqual([200, ['rope']]);
  });

  it('[SV7] the command killed: workerd does not outlive it', async () => {
    const served = await serving(configFor(origin.url));
    const below = descendants(served.pid);
    process.kill(served.pid, 'SIGKILL');
    await until('workerd and its watcher are gone', () => below.every(isGone));
    expect(below.length).toBeGreaterThanOrEqual(2);
  });
});

it('[SV9] the fallback is on disk: a page that an origin once answered is served when no origin can, after a restart too', async () => {
  const origin = createServer(
    (_, response) => void response.setHeader('cache-control', 'public').end('the manual'),
  );
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const served = await serving(
    configFor(`http://127.0.0.1:${(origin.address() as AddressInfo).port}`, { debug: 'always' }),
  );
  expect((await visitor(served).get('/docs/manual')).body).toBe('the manual');
  origin.closeAllConnections();
  origin.close();
  await served.restart('SIGTERM');
  const seen = await until('it is served from the fallback', async () => {
    const answer = await visitor(served).get('/docs/manual');
    return answer.outcome === 'fallback' ? answer : undefined;
  });
  expect([seen.status, seen.body]).toEqual([200, 'the manual']);
});

function countOf(served: Served, words: string): number {
  return served.output().split(words).length - 1;
}

function post(socketPath: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ socketPath, method: 'POST' }, (response) => resolve(response.resume().statusCode))
      .once('error', reject)
      .end();
  });
}

/** TCP ports that a process listens on. */
function listeningPorts(pid: number): number[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap(
      (fd) => /socket:\[(\d+)\]/.exec(readlinkIfThere(`/proc/${pid}/fd/${fd}`))?.[1] ?? [],
    ),
  );
  return readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode = '']) => state === '0A' && inodes.has(inode))
    .map(([, local = '']) => Number.parseInt(local.split(':')[1] ?? '', 16));
}

async function startSlowOrigin(): Promise<{ url: string; waiting(): number; release(): void }> {
  const held: (() => void)[] = [];
  const server = createServer((asked, response) => {
    if (asked.url === '/slow') held.push(() => response.end('done'));
    else response.end('ok');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => (server.closeAllConnections(), void server.close()));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    waiting: () => held.length,
    release: () => held.forEach((answer) => answer()),
  };
}

/** A descriptor may have been closed since it was listed. */
function readlinkIfThere(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
