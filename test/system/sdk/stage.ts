import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { App } from './cart-app.ts';
import { createClient } from './fake-edge.ts';
import { type FakeStore, startFakeStore } from './fake-store.ts';

/** One store and one application for a file of tests, and clients that each have a session of their own. */
export function setStage(startApp: () => Promise<App>) {
  let store: FakeStore;
  let app: App;
  let count = 0;

  beforeAll(async () => {
    store = await startFakeStore('a');
    app = await startApp();
  });
  afterAll(async () => {
    await app.close();
    await store.close();
  });
  beforeEach(() => {
    store.behaviour = { kind: 'well' };
    store.calls.length = 0;
  });

  return {
    get store() {
      return store;
    },
    get url() {
      return app.url;
    },
    newClient: () => createClient(store, `s${String((count += 1)).padStart(28, '0')}`),
    storedState: (session: string) => store.rows.get(session)?.state.toString() ?? '',
    storedItems(session: string): unknown {
      const state = this.storedState(session);
      const texts: string[] = state === '' ? [] : Object.values(JSON.parse(state).records);
      return texts.flatMap((text) => JSON.parse(text).items ?? []);
    },
  };
}
