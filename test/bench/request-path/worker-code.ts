import { fileURLToPath } from 'node:url';
import { build, type BuildOptions } from 'esbuild';

const common = {
  bundle: true,
  write: false,
  format: 'esm',
  target: 'es2024',
  conditions: ['workerd', 'worker', 'browser'],
  external: ['cloudflare:*'],
  logLevel: 'silent',
} satisfies BuildOptions;

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The Worker with a configuration, as one module. */
export async function limpetWorker(config: unknown): Promise<string> {
  const contents = `
    import { limpet, PoolMonitor, Prober, SessionShard } from './worker/package.ts';
    export { PoolMonitor, Prober, SessionShard };
    export default limpet(${JSON.stringify(config)});
  `;
  return textOf({ ...common, stdin: { contents, resolveDir: root, sourcefile: 'limpet-bench.js' } });
}

/** One of the bare Workers beside it. */
export function bareWorker(name: string): Promise<string> {
  return workerAt(fileURLToPath(new URL(`./bare/${name}.ts`, import.meta.url)));
}

export function workerAt(file: string): Promise<string> {
  return textOf({ ...common, entryPoints: [file] });
}

async function textOf(options: BuildOptions & { write: false }): Promise<string> {
  return (await build(options)).outputFiles[0]?.text ?? '';
}
