import { expect, it } from 'vitest';
import { createCurrentUse } from '../../../sdk/express/adopted-store.ts';
import type { SessionUse } from '../../../sdk/express/session-use.ts';

interface Store {
  get(sid: string, done: (error: unknown, session: { items: string[] }) => void): void;
  set(sid: string, session: { items: string[] }): void;
}

it('[SD55] two requests that ask for a session in the same turn, and change it as they are told, keep both changes', async () => {
  let items: string[] = [];
  const use = {
    ending: 'no',
    late: () => undefined,
    get: () => ({ items: [...items] }),
    set: (_sid: string, session: { items: string[] }) => void (items = session.items),
  } as unknown as SessionUse;
  const store: Store = { get: () => undefined, set: () => undefined };
  const current = createCurrentUse();
  current.adopt(store);

  const add = (item: string) =>
    new Promise<void>((resolve) =>
      current.run(use, () =>
        store.get('sid', (_error, session) => {
          store.set('sid', { items: [...session.items, item] });
          resolve();
        }),
      ),
    );
  await Promise.all([add('one'), add('two')]);
  expect(items).toEqual(['one', 'two']);
});
