import type { ConfigInput } from './input.ts';

export type { ConfigInput } from './input.ts';

/**
 * Types your `limpet.config.ts`; it changes nothing and checks nothing at run time (Limpet does when it starts).
 *
 * @example
 * ```ts
 * import { defineConfig } from 'limpet'
 *
 * export default defineConfig({
 *   pools: { shop: { origins: [{ id: 'a', url: 'https://a.example.com' }] } },
 *   routes: [{ match: '/*', pool: 'shop' }],
 * })
 * ```
 */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}
