import type { Problem } from './problems.ts';

export interface Secrets {
  /** The first signs, all verify. */
  readonly cookieKeys: readonly string[];
  readonly originSecret: string;
  readonly adminToken: string;
  /** Reads only; empty where there is none. */
  readonly readToken: string;
}

export interface SecretsEnv {
  /** Comma list. */
  readonly COOKIE_KEYS?: string | undefined;
  readonly ORIGIN_SECRET?: string | undefined;
  readonly ADMIN_TOKEN?: string | undefined;
  /** Optional. */
  readonly READ_TOKEN?: string | undefined;
}

export type ParsedSecrets =
  | { readonly ok: true; readonly secrets: Secrets }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const lengthMin = 32;

/** Secrets as the environment has them. A problem says how long a value is or whose twin, never what it is. */
export function parseSecrets(env: SecretsEnv): ParsedSecrets {
  const cookieKeys = text(env.COOKIE_KEYS)
    .split(',')
    .map((key) => key.trim());
  const [originSecret, adminToken] = [text(env.ORIGIN_SECRET), text(env.ADMIN_TOKEN)];
  const readToken = text(env.READ_TOKEN);
  const named: Named[] = [
    ...cookieKeys.map((value, at) => ({
      path: cookieKeys.length === 1 ? 'COOKIE_KEYS' : `COOKIE_KEYS.${at}`,
      value,
    })),
    { path: 'ORIGIN_SECRET', value: originSecret },
    { path: 'ADMIN_TOKEN', value: adminToken },
    ...(readToken === '' ? [] : [{ path: 'READ_TOKEN', value: readToken }]),
  ];
  const problems = named.flatMap((secret, at) => problemsOf(secret, named.slice(0, at)));
  return problems.length === 0
    ? { ok: true, secrets: { cookieKeys, originSecret, adminToken, readToken } }
    : { ok: false, problems };
}

interface Named {
  readonly path: string;
  readonly value: string;
}

// A binding of another kind under a secret's name is as good as none.
const text = (value: unknown) => (typeof value === 'string' ? value.trim() : '');

function problemsOf({ path, value }: Named, earlier: readonly Named[]): Problem[] {
  const twin = earlier.find((other) => other.value === value);
  if (value === '')
    return [{ path, wanted: `a secret of at least ${lengthMin} characters`, found: 'nothing' }];
  if (value.length < lengthMin)
    return [
      { path, wanted: `a secret of at least ${lengthMin} characters`, found: `${value.length} characters` },
    ];
  if (isPlaceholder(value)) return [{ path, wanted: 'a random secret', found: 'a placeholder' }];
  return twin === undefined
    ? []
    : [{ path, wanted: 'a secret of its own', found: `the value of ${twin.path}` }];
}

function isPlaceholder(value: string): boolean {
  return (
    /change[-_ ]?(me|this)|example|placeholder|replace[-_ ]?me|password/i.test(value) ||
    new Set(value).size < 8
  );
}
