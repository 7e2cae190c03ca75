import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { brokenLayers } from '../../scripts/layers.mjs';

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'limpet-layers-'));
  write('tsconfig.base.json', '{ "compilerOptions": { "module": "nodenext" } }');
  write('worker/core/row.ts', 'export interface Row { readonly home: string }\n');
  write(
    'worker/ports.ts',
    "import type { Row } from './core/row.ts';\nexport interface Map { read(): Row }\n",
  );
});

afterEach(() => rmSync(root, { recursive: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

describe('layers', () => {
  it('[LY1] an import that points down is fine', async () => {
    expect(await brokenLayers(root)).toEqual([]);
  });

  it('[LY1] an import that points up fails, and so does one of a mere type', async () => {
    write('worker/core/fence.ts', "import type { Map } from '../ports.ts';\nexport type Fence = Map;\n");
    expect(await brokenLayers(root)).toEqual(['worker/core/fence.ts -> worker/ports.ts (layer-core)']);
  });

  it('[LY1] one step does not know another', async () => {
    write('worker/steps/keep.ts', 'export const keep = 1;\n');
    write('worker/steps/stick.ts', "import { keep } from './keep.ts';\nexport const stick = keep;\n");
    expect(await brokenLayers(root)).toEqual([
      'worker/steps/stick.ts -> worker/steps/keep.ts (only-the-pipeline-calls-steps)',
    ]);
  });

  it('[LY1] the origin side and the command line stand alone', async () => {
    write('sdk/origin.ts', "import type { Row } from '../worker/core/row.ts';\nexport type Kept = Row;\n");
    write('cli/dev.ts', "import type { Map } from '../worker/ports.ts';\nexport type Seen = Map;\n");
    expect(await brokenLayers(root)).toEqual([
      'cli/dev.ts -> worker/ports.ts (layer-cli)',
      'sdk/origin.ts -> worker/core/row.ts (layer-sdk)',
    ]);
  });

  it('[LY2] two modules that import each other fail', async () => {
    write('worker/core/a.ts', "import { b } from './b.ts';\nexport const a = (): number => b();\n");
    write('worker/core/b.ts', "import { a } from './a.ts';\nexport const b = (): number => a();\n");
    expect(await brokenLayers(root)).toContain('worker/core/a.ts -> worker/core/b.ts (no-cycle)');
  });

  it('[LY3] the core asks nobody for the time, for chance or for I/O', async () => {
    write(
      'worker/core/now.ts',
      '// Date.now() in a comment is a word\nexport const now = (): number => Date.now();\n',
    );
    write(
      'worker/core/ask.ts',
      "export const ask = (): unknown => [new Date(), Math.random(), fetch('x')];\n",
    );
    expect((await brokenLayers(root)).toSorted()).toEqual([
      'worker/core/ask.ts:1: Math.random in the core (core-is-pure)',
      'worker/core/ask.ts:1: fetch in the core (core-is-pure)',
      'worker/core/ask.ts:1: new Date() in the core (core-is-pure)',
      'worker/core/now.ts:2: Date.now in the core (core-is-pure)',
    ]);
  });

  it('[LY4] a check that saw nothing is a failure', async () => {
    rmSync(join(root, 'worker'), { recursive: true });
    expect(await brokenLayers(root)).toEqual(['no source file found: nothing was checked']);
  });
});
