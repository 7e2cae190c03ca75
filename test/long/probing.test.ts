import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { judged, listen, start, told } from '../system/harness/probed.ts';

it('[PB1] a hundred real origins, twenty of them silent: all judged by their second probe', async () => {
  const probes = new Array<number>(100).fill(0);
  const isSilent = (at: number) => at % 5 === 3;
  const urls = await Promise.all(
    probes.map((_, at) =>
      listen(
        createServer((request, response) => {
          if (request.url === '/health') probes[at] = (probes[at] ?? 0) + 1;
          if (!isSilent(at)) response.end('ok');
        }),
      ),
    ),
  );
  await start(urls, { path: '/health', intervalMs: 60_000, timeoutMs: 3_000 });
  await judged(
    'the silent are down',
    (all) => all.filter(({ health }) => health === 'down').length >= 20,
    40_000,
  );
  const origins = await told();
  expect(origins.filter(({ health }) => health === 'down').map(({ id }) => id)).toEqual(
    origins.map(({ id }) => id).filter((_, at) => isSilent(at)),
  );
  expect(origins.filter(({ lastProbe }) => lastProbe === 'status 200')).toHaveLength(80);
  // Those that answer have been asked in one round, or in a second one where an alarm was so late that it was taken for lost.
  expect(Math.max(...probes.filter((_, at) => !isSilent(at)))).toBeLessThanOrEqual(2);
});
