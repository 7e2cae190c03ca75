import type { Fetch } from '../ports.ts';

interface Fetcher {
  fetch: Fetch;
}

/** What the environment binds under this name, as far as it can fetch: a service, a VPC service, an mTLS certificate. */
export function reachThrough(env: object, name: string): Fetch | undefined {
  const binding: unknown = Reflect.get(env, name);
  return isFetcher(binding) ? (url, init) => binding.fetch(url, init) : undefined;
}

function isFetcher(binding: unknown): binding is Fetcher {
  return (
    typeof binding === 'object' &&
    binding !== null &&
    'fetch' in binding &&
    typeof Reflect.get(binding, 'fetch') === 'function'
  );
}
