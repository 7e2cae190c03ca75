import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { bundleFailure } from './bundle-failure.ts';
import { CommandFailure } from './failure.ts';
import { built } from './package-root.ts';

/** A configuration file as its author wrote it: loaded, not yet judged. */
export interface ConfigFile {
  readonly path: string;
  /** Its default export. */
  readonly input: unknown;
  /** The file and what it imports: a change of any of them is a change of the configuration. */
  readonly sources: readonly string[];
}

const defaultNames = ['limpet.config.ts', 'limpet.config.mts', 'limpet.config.js', 'limpet.config.mjs'];

/** The file that `--config` names, or the one of this folder. */
export function findConfigFile(named: string | undefined): string {
  if (named === '') throw new CommandFailure('Wanted a file after --config, found nothing', 3);
  const paths = (named === undefined ? defaultNames : [named]).map((name) => resolve(name));
  const found = paths.find((path) => existsSync(path));
  if (found !== undefined) return found;
  const hint = named === undefined ? ' Name another one: --config FILE' : '';
  throw new CommandFailure(`Cannot find the configuration: there is no ${paths[0]}.${hint}`);
}

/** Loads TypeScript or JavaScript from anywhere on disk; `import … from 'limpet'` means this package. */
export async function loadConfigFile(path: string): Promise<ConfigFile> {
  const { code, sources } = await bundle(path);
  const module = await evaluate(code, path);
  if (typeof module !== 'object' || module === null || !('default' in module)) {
    throw new CommandFailure(
      `${shown(path)}: wanted \`export default defineConfig({ … })\`, found no default export`,
    );
  }
  return { path, input: module.default, sources };
}

/** A path as a person here would write it. */
export function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}

async function bundle(path: string): Promise<{ code: string; sources: string[] }> {
  try {
    const result = await build({
      entryPoints: [path],
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      logLevel: 'silent',
      absWorkingDir: process.cwd(),
      define: { 'import.meta.url': JSON.stringify(pathToFileURL(path).href) },
      plugins: [limpetItself],
    });
    const sources = Object.keys(result.metafile.inputs).map((input) => resolve(input));
    return {
      code: result.outputFiles[0]?.text ?? '',
      sources: sources.filter((source) => !source.startsWith(built(''))),
    };
  } catch (error) {
    throw await bundleFailure(shown(path), error);
  }
}

// The file may lie where no node_modules is near.
const limpetItself: Plugin = {
  name: 'limpet-itself',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^limpet$/ }, () => ({ path: built('worker/config/define-config.js') }));
  },
};

/** Node imports files only, and each url once: a new folder each time. */
async function evaluate(code: string, path: string): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'limpet-config-'));
  try {
    const file = join(folder, 'config.mjs');
    await writeFile(file, code);
    return await import(pathToFileURL(file).href);
  } catch (error) {
    throw new CommandFailure(
      `Cannot run ${shown(path)}: ${error instanceof Error ? error.message : String(error)}`,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
