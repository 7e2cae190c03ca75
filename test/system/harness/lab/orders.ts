/** What a test tells a wrapped Worker to suffer from. */
export interface Faults {
  readonly shard?: 'away';
  readonly monitor?: 'away';
  readonly kv?: 'away';
  /** `none`: as if each edge were in a colo of its own. */
  readonly cache?: 'none';
  readonly snapshot?: 'frozen';
  readonly down?: readonly string[];
  /** The put of this version arrives after the one of the next version. */
  readonly holdPut?: number;
}

export interface Orders {
  readonly faults?: Faults;
  /** Calls the real object, past the product. */
  readonly call?: {
    readonly object: 'shard' | 'monitor';
    readonly name: string;
    readonly method: string;
    readonly words: readonly unknown[];
  };
  readonly kv?: { readonly key: string; readonly value?: string };
}

export type Counts = Readonly<Record<string, number>>;
