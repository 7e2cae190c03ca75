// Rules across fields: each gets well-formed values and returns what is wrong, paths relative to what it got.
import { type Flaw, flaws } from './problems.ts';

interface Session {
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

const homeLost = { local: ['empty'], replicated: ['restore', 'empty'], external: ['external'] } as const;

export function sessionRules(session: Session): Flaw[] {
  const { mode, onHomeLost, idleMs, absoluteMs, contract } = session;
  const fits: readonly string[] = homeLost[mode];
  const choices = fits.map((choice) => JSON.stringify(choice)).join(' or ');
  return flaws(
    onHomeLost !== undefined &&
      !fits.includes(onHomeLost) && {
        at: ['onHomeLost'],
        wanted: `${choices}, as mode is "${mode}"`,
        found: onHomeLost,
      },
    absoluteMs < idleMs && { at: ['absoluteMs'], wanted: `at least idleMs (${idleMs})`, found: absoluteMs },
    contract === false &&
      mode === 'replicated' && { at: ['contract'], wanted: 'true, as mode is "replicated"', found: contract },
    ...storeRules(session),
    ...replicaRules(session),
  );
}

export function cookieRules({
  sameSite,
  secure,
}: {
  readonly sameSite: string;
  readonly secure: boolean;
}): Flaw[] {
  return flaws(
    sameSite === 'none' &&
      !secure && { at: ['secure'], wanted: 'true, as sameSite is "none"', found: secure },
  );
}

/** A store of the operator's is reached through the store API, which only origins that are spoken to by the contract can use. */
function storeRules({ mode, store, contract }: Session): (Flaw | false)[] {
  return [
    store !== 'limpet' &&
      mode !== 'external' && { at: ['store'], wanted: `"limpet", as mode is "${mode}"`, found: store },
    store !== 'limpet' &&
      contract === false && { at: ['contract'], wanted: `true, as store is "${store}"`, found: contract },
  ];
}

function replicaRules({ mode, durability, replicas, replicaRegions }: Session): (Flaw | false)[] {
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
