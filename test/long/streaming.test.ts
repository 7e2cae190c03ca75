import { afterAll, beforeAll, expect, it } from 'vitest';
import { signedCookie } from '../system/harness/forge.ts';
import { growthDuring } from '../system/harness/memory.ts';
import { download, upload } from '../system/harness/streams.ts';
import { startWorld, type World } from '../system/harness/world.ts';

let world: World;
let cookie: string;
beforeAll(async () => {
  world = await startWorld({ origins: ['a'] });
  cookie = `limpet=${await signedCookie({ home: 'a' })}`;
});
afterAll(() => world?.end());

const flatMegabytes = 150;

it('[ST1] a download of 1 GB, with flat memory', async () => {
  const growth = await growthDuring(world.dev.pid, async () => {
    const seen = await download(`${world.url}/big?mb=1024`, cookie);
    expect(seen).toEqual({ status: 200, bytes: 1 << 30, complete: true });
  });
  expect(growth).toBeLessThan(flatMegabytes);
});

it('[ST1] an upload of 1 GB, with flat memory', async () => {
  const growth = await growthDuring(world.dev.pid, async () => {
    const { answer, sha256 } = await upload(`${world.url}/upload`, cookie, 1_024);
    expect(JSON.parse(answer)).toEqual({ bytes: 1 << 30, sha256 });
  });
  expect(growth).toBeLessThan(flatMegabytes);
});
