import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program } from '../../programs.ts';
import { freePorts } from '../harness/ports.ts';
import { type Certificates, makeCertificates } from '../harness/redis/certificates.ts';
import { type RedisServer, startRedis } from '../harness/redis/server.ts';
import { startWorld } from '../harness/world.ts';

const [redisServer, openssl] = [program('redis-server'), program('openssl')];

describe.skipIf(redisServer === undefined || openssl === undefined)('a Redis that speaks TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'limpet-tls-'));
  let certificates: Certificates;
  let redis: RedisServer;
  let port = 0;

  beforeAll(async () => {
    certificates = makeCertificates(openssl ?? '', folder);
    [port = 0] = await freePorts(1);
    const { ca, cert, key } = certificates;
    const tls = [
      '--tls-cert-file',
      cert,
      '--tls-key-file',
      key,
      '--tls-ca-cert-file',
      ca,
      '--tls-auth-clients',
      'no',
    ];
    redis = await startRedis(redisServer ?? '', ['--tls-port', String(port), ...tls]);
  });
  afterAll(async () => {
    await redis?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  async function cart(env: Record<string, string>): Promise<number> {
    const world = await startWorld({
      origins: ['a'],
      pool: { session: { mode: 'external', store: 'redis' } },
      env: { REDIS_URL: `rediss://localhost:${port}`, ...env },
    });
    try {
      return (await world.client().post('/cart?item=one')).status;
    } finally {
      await world.end();
    }
  }

  it('[RD8] is reached by rediss://, and its certificate is checked', async () => {
    expect(await cart({ NODE_EXTRA_CA_CERTS: certificates.ca })).toBe(200);
    expect(await redis.ask('DBSIZE')).toBe(1);
    expect(await cart({})).toBe(503);
  });
});
