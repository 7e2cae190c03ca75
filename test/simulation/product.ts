import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ConfigInput } from '../../worker/config/input.ts';
import type { Entry } from '../../worker/core/page.ts';
import type { LimpetOrigin, OriginOptions } from '../../sdk/origin.ts';
import type { Mutation } from './mutations.ts';

/** The product as it stands in the folders, or with one fault planted. */
export interface Product {
  limpet(config: ConfigInput): Handler;
  readonly SessionShard: ObjectClass;
  readonly ShardReplica: ObjectClass;
  readonly PoolMonitor: ObjectClass;
  createOrigin(options: OriginOptions): LimpetOrigin;
  originKeyText(secret: string, pool: string, origin: string): Promise<string>;
  createKeyring(
    pool: string,
    origins: readonly string[],
    secrets: object,
  ): Promise<{ homeTag(origin: string): string }>;
  decodePage(body: ArrayBuffer | Uint8Array<ArrayBuffer>): Entry[];
}

export interface Handler {
  fetch(request: Request, env: object, ctx: { waitUntil(work: Promise<unknown>): void }): Promise<Response>;
}

export type ObjectClass = new (ctx: object, env: object) => object;

const root = new URL('../../', import.meta.url).href;
const isProduct = (url: string) =>
  /^(worker|durable-objects|sdk)\//.test(url.slice(root.length)) && url.startsWith(root);
const platformUrl = new URL('./cloudflare-workers.ts', import.meta.url).href;
const planted = new Map<string, Mutation>();
const hits = new Map<string, number>();

registerHooks({
  resolve(specifier, context, next) {
    if (specifier === 'cloudflare:workers')
      return { url: platformUrl, format: 'module-typescript', shortCircuit: true };
    const found = next(specifier, context);
    const variant = context.parentURL?.split('?')[1];
    // A faulty product is a second product: every module of it is loaded anew, under the fault's name.
    if (variant === undefined || !isProduct(found.url) || found.url.includes('?')) return found;
    return { ...found, url: `${found.url}?${variant}` };
  },
  load(url, context, next) {
    const [file = '', variant] = url.split('?');
    const mutation = variant === undefined ? undefined : planted.get(variant);
    if (mutation === undefined || !isProduct(file)) return next(url, context);
    const path = file.slice(root.length);
    let source = readFileSync(fileURLToPath(file), 'utf8');
    for (const change of mutation.changes) {
      if (change.file !== path) continue;
      const parts = source.split(change.from);
      hits.set(mutation.name, (hits.get(mutation.name) ?? 0) + (parts.length === 2 ? 1 : 0));
      source = parts.join(change.to);
    }
    return { format: 'module', source: stripTypeScriptTypes(source), shortCircuit: true };
  },
});

/** Loads the product. A fault whose place is not found exactly once is an error: it would prove nothing. */
export async function loadProduct(mutation?: Mutation): Promise<Product> {
  const variant = mutation === undefined ? '' : `?${mutation.name.replaceAll(/\W+/g, '-')}`;
  if (mutation !== undefined) planted.set(variant.slice(1), mutation);
  const load = async (path: string): Promise<Product> => import(`${root}${path}${variant}`);
  const { limpet, SessionShard, ShardReplica, PoolMonitor } = await load('worker/package.ts');
  const { originKeyText } = await load('worker/core/origin-key.ts');
  const { createKeyring } = await load('worker/core/keyring.ts');
  const { decodePage } = await load('worker/core/page.ts');
  const { createOrigin } = await load('sdk/origin.ts');
  const found = hits.get(mutation?.name ?? '') ?? 0;
  if (mutation !== undefined && found !== mutation.changes.length) {
    throw new Error(
      `Cannot plant "${mutation.name}": ${found} of its ${mutation.changes.length} places were found exactly once`,
    );
  }
  const objects = { SessionShard, ShardReplica, PoolMonitor };
  return { limpet, ...objects, originKeyText, createKeyring, decodePage, createOrigin };
}
