// The example shop's three origins: `npm start` runs them. Replace them by your own.
import { defineConfig } from 'limpet';

export default defineConfig({
  pools: {
    shop: {
      origins: [
        { id: 'a', url: 'http://127.0.0.1:9001' },
        { id: 'b', url: 'http://127.0.0.1:9002' },
        { id: 'c', url: 'http://127.0.0.1:9003' },
      ],
      affinity: [{ by: 'cookie' }],
      session: { mode: 'replicated', durability: 'primary', onHomeLost: 'restore' },
      health: { path: '/health', intervalMs: 5000, timeoutMs: 2000, fall: 2, rise: 2 },
    },
  },
  routes: [{ match: '/*', pool: 'shop' }],
});
