import type { SubCommandsDef } from 'citty';

interface Listed {
  readonly load: SubCommandsDef[string];
  readonly example: string;
}

/** Every command of `limpet`. Each is loaded when it is asked for: `limpet key` need not wait for a runtime. */
export const verbs: Readonly<Record<string, Listed>> = {
  dev: {
    load: () => import('./dev.ts').then((module) => module.dev),
    example: 'npx limpet dev --config shop/limpet.config.ts --port 8080 --persist .limpet',
  },
  serve: {
    load: () => import('./serve.ts').then((module) => module.serve),
    example:
      'npx limpet serve --config shop/limpet.config.ts --host 0.0.0.0 --port 80 --persist /var/lib/limpet',
  },
  check: {
    load: () => import('./check.ts').then((module) => module.check),
    example: 'npx limpet check --json',
  },
  key: {
    load: () => import('./key.ts').then((module) => module.key),
    example: 'npx limpet key a >> origin-a.env',
  },
  status: {
    load: () => import('./status.ts').then((module) => module.status),
    example: 'npx limpet status --url https://shop.example.com --json',
  },
  origins: {
    load: () => import('./origins.ts').then((module) => module.origins),
    example: 'npx limpet origins --pool shop --watch',
  },
  drain: {
    load: () => import('./drain.ts').then((module) => module.drain),
    example: 'npx limpet drain a --wait --timeout 10m',
  },
  activate: {
    load: () => import('./order.ts').then((module) => module.activate),
    example: 'npx limpet activate a',
  },
  down: {
    load: () => import('./order.ts').then((module) => module.down),
    example: 'npx limpet down a --url https://shop.example.com',
  },
  disable: {
    load: () => import('./order.ts').then((module) => module.disable),
    example: 'npx limpet disable a --pool shop',
  },
  weight: {
    load: () => import('./order.ts').then((module) => module.weight),
    example: 'npx limpet weight a 50',
  },
  rebalance: {
    load: () => import('./rebalance.ts').then((module) => module.rebalance),
    example: 'npx limpet rebalance --pool shop --rate 20/s',
  },
  'route-only': {
    load: () => import('./order.ts').then((module) => module.routeOnly),
    example: 'npx limpet route-only shop on',
  },
  sessions: {
    load: () => import('./sessions.ts').then((module) => module.sessions),
    example: 'npx limpet sessions list --pool shop --full',
  },
  subject: {
    load: () => import('./subject.ts').then((module) => module.subject),
    example: 'npx limpet subject export user-42 --out user-42.jsonl',
  },
  lost: {
    load: () => import('./lost.ts').then((module) => module.lost),
    example: 'npx limpet lost --url https://shop.example.com --json',
  },
  incidents: {
    load: () => import('./incidents.ts').then((module) => module.incidents),
    example: 'npx limpet incidents show shop:17',
  },
  drill: {
    load: () => import('./drill.ts').then((module) => module.drill),
    example: 'npx limpet drill --pool shop --origin a --share 1% --for 60s',
  },
  shards: {
    load: () => import('./shards.ts').then((module) => module.shards),
    example: 'npx limpet shards --pool shop',
  },
  promote: {
    load: () => import('./promote.ts').then((module) => module.promote),
    example: 'npx limpet promote --pool shop --shard 7 --replica 1',
  },
};
