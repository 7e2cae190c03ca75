import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A folder of one test's own, with these files in it; gone when the test is. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'limpet-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

export const goodConfig = `import { defineConfig } from 'limpet';
export default defineConfig({
  pools: { shop: { origins: [{ id: 'a', url: 'http://127.0.0.1:9001' }, { id: 'b', url: 'http://127.0.0.1:9002' }] } },
  routes: [{ match: '/*', pool: 'shop' }],
});
`;
