/** Whose store it is: this session's alone, or one that the origins share; then with what a client gets when it does not answer. */
export type StoreKind =
  | { readonly kind: 'own' }
  | { readonly kind: 'shared'; readonly unreachable: 'refuse' | 'serve' };

/** `Limpet-Store` as the contract writes it, `undefined` for anything else. */
export function readStoreKind(text: string | undefined): StoreKind | undefined {
  if (text === undefined) return { kind: 'own' };
  const unreachable = /^shared; unreachable=(refuse|serve)$/.exec(text)?.[1];
  return unreachable === 'refuse' || unreachable === 'serve' ? { kind: 'shared', unreachable } : undefined;
}
