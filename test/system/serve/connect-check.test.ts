import { expect, it, onTestFinished } from 'vitest';
import type { AttemptsInput } from '../../../worker/config/input.ts';
import { type Client, createClient } from '../harness/client.ts';
import { type Origin, startOrigin } from '../harness/origins.ts';
import { freePorts } from '../harness/ports.ts';
import { startServe } from '../harness/serve.ts';

interface Shop {
  readonly origins: readonly Origin[];
  /** Visitors who have an item each at the first origin. */
  readonly victims: readonly Client[];
}

async function shopWith(attempts: AttemptsInput): Promise<Shop> {
  const ports = await freePorts(2);
  const origins = await Promise.all(['a', 'b'].map((id, at) => startOrigin(id, ports[at] ?? 0, 'kept')));
  const shop = {
    origins: origins.map(({ id, url }) => ({ id, url })),
    cookie: { secure: false },
    attempts,
    // The requests are the first to know.
    health: { path: '/health', intervalMs: 300_000, timeoutMs: 2_000 },
  };
  const served = await startServe({
    pools: { shop },
    routes: [{ match: '/*', pool: 'shop' }],
    debug: 'always',
  });
  onTestFinished(async () => {
    await served.end();
    for (const origin of origins) await origin.kill();
  });
  const visitors = Array.from({ length: 16 }, () => createClient(served.url));
  const firsts = await Promise.all(
    visitors.map((visitor, at) => visitor.post('/cart?item=one', { 'user-agent': `browser ${at}` })),
  );
  const victims = visitors.filter((_, at) => firsts[at]?.home === 'a');
  expect(victims.length).toBeGreaterThan(2);
  return { origins, victims };
}

const codeOf = ({ status, headers }: Awaited<ReturnType<Client['post']>>) =>
  status === 200 ? '200' : `${status} ${String(headers['limpet-code'])}`;

it('[CT5] home is killed: no POST after it fails, each has its data, and none is executed twice', async () => {
  const { origins, victims } = await shopWith({ connectCheckMs: 500 });
  await origins[0]?.kill();
  const answers = await Promise.all(victims.map((visitor, at) => visitor.post(`/cart?item=two.${at}`)));
  expect(answers.map(codeOf)).toEqual(victims.map(() => '200'));
  expect(answers.map((answer) => answer.json<{ items: string[] }>().items)).toEqual(
    victims.map((_, at) => ['one', `two.${at}`]),
  );
  const executed = await origins[1]?.ask<Record<string, number>>('/executed');
  expect(victims.map((_, at) => executed?.[`two.${at}`])).toEqual(victims.map(() => 1));
});

it('[CT5] without the check the first of them are told that nobody knows', async () => {
  const { origins, victims } = await shopWith({});
  await origins[0]?.kill();
  const answers = await Promise.all(victims.map((visitor, at) => visitor.post(`/cart?item=two.${at}`)));
  expect(answers.map(codeOf)).toContain('502 delivery_unknown');
});
