import type { Flaw } from './problems.ts';

export interface Session {
  readonly mode: 'local' | 'replicated' | 'external';
  readonly durability: string;
  readonly replicas: number;
  readonly replicaRegions: readonly string[];
  readonly onHomeLost?: string | undefined;
  readonly idleMs: number;
  readonly absoluteMs: number;
  readonly store: string;
  readonly contract?: boolean | undefined;
}

/** A store of the operator's is reached through the store API, which only origins that are spoken to by the contract can use. */
export function storeRules({ mode, store, contract }: Session): (Flaw | false)[] {
  return [
    store !== 'limpet' &&
      mode !== 'external' && { at: ['store'], wanted: `"limpet", as mode is "${mode}"`, found: store },
    store !== 'limpet' &&
      contract === false && { at: ['contract'], wanted: `true, as store is "${store}"`, found: contract },
  ];
}

export function replicaRules({ mode, durability, replicas, replicaRegions }: Session): (Flaw | false)[] {
  return [
    replicas > 0 &&
      mode !== 'replicated' && { at: ['replicas'], wanted: `0, as mode is "${mode}"`, found: replicas },
    durability === 'quorum' &&
      replicas === 0 && {
        at: ['durability'],
        wanted: '"async" or "primary", as replicas is 0',
        found: durability,
      },
    replicaRegions.length > replicas && {
      at: ['replicaRegions'],
      wanted: `a list of at most ${replicas} location hints, as replicas is ${replicas}`,
      found: replicaRegions,
    },
  ];
}
