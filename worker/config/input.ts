// What the operator writes. docs/configuration.md is the same as a page; schema.ts checks it and knows the defaults.

export interface ConfigInput {
  /** The origins of each application, by a name of your choice. Letters, digits, `.`, `-`, `_`; at most 64. */
  pools: Readonly<Record<string, PoolInput>>;
  /** Which requests go to which pool. First match wins; each pool needs a route. */
  routes: readonly RouteInput[];
  /** Who gets the `limpet-outcome`, `limpet-origin` … headers: nobody, who sends the debug token, everybody. Default `'off'`. */
  debug?: 'off' | 'token' | 'always' | undefined;
  /** What becomes of a client's own `X-Forwarded-*` and `Forwarded`: `'append'` only behind a proxy you trust. Default `'replace'`. */
  forwarded?: 'replace' | 'append' | undefined;
  /** The request header with the client's address. Default `{ header: 'cf-connecting-ip' }`. */
  clientAddress?: { header: string } | undefined;
  /** Allow origins at private addresses (10.x, 192.168.x, fd00::…). Loopback is always allowed, link-local never. Default false. */
  allowPrivate?: boolean | undefined;
}

export interface RouteInput {
  /** `'/*'`, `'/api/*'`, `'shop.example.com/*'`, `'*.example.com/app/*'`: an optional host without port, a path, an optional `*` at the end. */
  match: string;
  /** A key of `pools`. */
  pool: string;
  /** `'any'`: resend a request of ANY method, a POST too, after a failure: your application must take the same request twice. Default `'safe'`. */
  resend?: 'safe' | 'any' | undefined;
}

export interface PoolInput {
  /** 1 to 1000 origins; none only with `registration`. */
  origins: readonly OriginInput[];
  /** What names a session; first match wins. Default `[{ by: 'cookie' }]`: Limpet's own cookie. */
  affinity?: readonly AffinityInput[] | undefined;
  /** Where a session's data is, how long it lives, what happens when its home is gone. */
  session?: SessionInput | undefined;
  /** Limpet's cookie. */
  cookie?: CookieInput | undefined;
  /** How origins are probed. */
  health?: HealthInput | undefined;
  /** What a drain does with sessions that cannot be handed off. */
  drain?: DrainInput | undefined;
  /** What requests themselves say of an origin, and how long it is left alone for it. */
  passive?: PassiveInput | undefined;
  /** What is done when many origins are out at once. */
  panic?: PanicInput | undefined;
  /** The pool whose origins take new sessions while none of this one can. */
  backup?: string | undefined;
  /** How long to try, and how often. */
  attempts?: AttemptsInput | undefined;
  /** Which `Host` the origin sees: the public one or that of its url. Default `'origin'`. */
  host?: 'preserve' | 'origin' | undefined;
  /** Turn the origin's own host in `Location`, `Content-Location` and cookie `Domain` to the public one. Default true. */
  rewriteHost?: boolean | undefined;
  /** What is answered when no origin can. */
  fallback?: FallbackInput | undefined;
  /** Let origins join by themselves (docs/registration.md). Default: none may. */
  registration?: RegistrationInput | undefined;
}

export interface RegistrationInput {
  /** The ids that may register: one, or a beginning and `*`, such as `'web-*'`. */
  ids: string;
  /** Where they may be: `'a.example.com'`, `'*.internal.example.com'`, `'10.0.0.0/8'`. */
  hosts: readonly string[];
  /** Milliseconds of the longest lease: 5000 to 600000. Default 30000. */
  leaseMs?: number | undefined;
  /** How many at a time: 1 to 1000. Default 100. */
  max?: number | undefined;
}

export interface OriginInput {
  /** Stable name, unique in the pool. Letters, digits, `.`, `-`, `_`; at most 64. */
  id: string;
  /** `https://a.example.com` or `https://example.com/prefix`: no user, password, query or fragment. */
  url: string;
  /** The Worker's binding through which it is reached: a service, a VPC service or tunnel, an mTLS certificate. Default: none, by its url. */
  via?: string | undefined;
  /** Share of new sessions, 0 to 1000. 0 takes no new sessions and keeps its own. Default 1. */
  weight?: number | undefined;
  /** Requests under way at once that each isolate sends there: 0 to 100000, 0 without a cap. Default 0. */
  maxConcurrent?: number | undefined;
}

export interface AffinityInput {
  /** Limpet's cookie (always matches, so last), an application's cookie, a request header, or the client's address. */
  by: 'cookie' | 'ip' | `cookie:${string}` | `header:${string}`;
}

export interface SessionInput {
  /** Data in the origin only, kept in the shard too, or in a store that the origins share. Default `'replicated'`. */
  mode?: 'local' | 'replicated' | 'external' | undefined;
  /** Answer before the change is stored (`'async'`), once the shard has it (`'primary'`), or a replica too (`'quorum'`). Default `'primary'`. */
  durability?: 'async' | 'primary' | 'quorum' | undefined;
  /** Copies of each shard elsewhere: 0, 1 or 2. Default 0. */
  replicas?: 0 | 1 | 2 | undefined;
  /** Where the replicas should be: Cloudflare's location hints, one for each. Default: anywhere. */
  replicaRegions?: readonly LocationHint[] | undefined;
  /** Where sessions must be stored by law. A change of it begins with an empty store. Default: anywhere. */
  jurisdiction?: 'eu' | 'fedramp' | undefined;
  /** What a session gets whose home is gone. local: `'empty'`; replicated: `'restore'` (default) or `'empty'`; external: `'external'`. */
  onHomeLost?: 'empty' | 'restore' | 'external' | undefined;
  /** Shard unreachable: 503 (`'refuse'`) or the answer without acknowledgement (`'serve'`). Default `'refuse'`. */
  onStoreFailure?: 'refuse' | 'serve' | undefined;
  /** `external` only: where the origins share their states through Limpet's store API. Default `'limpet'`: its own shards. */
  store?: 'limpet' | 'redis' | 'redis-http' | undefined;
  /** Milliseconds without a request after which a session ends: 1 min to 30 days. Default 30 min. */
  idleMs?: number | undefined;
  /** Milliseconds after which a session ends in any case: idleMs to 400 days. Default 12 h. */
  absoluteMs?: number | undefined;
  /** Milliseconds to wait for a silent home that has the only copy: 0 to 30000. Default 3000. */
  holdMs?: number | undefined;
  /** Bytes of one session's state: 1024 to 16777216 (16 MiB). Default 8388608 (8 MiB). */
  stateBytesMax?: number | undefined;
  /** Bytes of state, before base64, that may travel in a header: 0 to 12288. Default 3072. */
  headerStateBytesMax?: number | undefined;
  /** Shards for new sessions, 1 to 4096. Sessions that exist stay where they are. Default 16. */
  shards?: number | undefined;
  /** Region of new sessions' shards: two lower-case letters or digits. Default `'xx'`. */
  region?: string | undefined;
  /** Store generation of new sessions, 0 to 1295. Default 0. */
  generation?: number | undefined;
  /** Speak the origin contract (docs/contract.md) with the origins. Default: all modes but `'local'`. */
  contract?: boolean | undefined;
}

export type LocationHint = 'wnam' | 'enam' | 'sam' | 'weur' | 'eeur' | 'apac' | 'oc' | 'afr' | 'me';

export interface CookieInput {
  /** Name without prefix, at most 40 characters. Default `'limpet'`; `'limpet-<pool>'` when an earlier pool on the same host has that. */
  name?: string | undefined;
  /** Default `'lax'`. */
  sameSite?: 'lax' | 'strict' | 'none' | undefined;
  /** False for plain-http development: no `Secure`, no `__Host-`. Default true. */
  secure?: boolean | undefined;
}

export interface HealthInput {
  /** Ask for `path`, or only open a connection (`'tcp'`: self-hosted use only). Default `'http'`. */
  type?: 'http' | 'tcp' | undefined;
  /** Path of the probe, starting with `/`. Default `'/'`. */
  path?: string | undefined;
  /** Default `'GET'`. */
  method?: 'GET' | 'HEAD' | 'OPTIONS' | 'POST' | undefined;
  /** Headers of the probe, up to 20. Default none besides `User-Agent: limpet-probe`. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** The host to ask for, such as `'shop.example.com'`, where the origin tells its sites apart by it. Default: that of the origin's url. */
  host?: string | undefined;
  /** The port to ask. Default: that of the origin's url. */
  port?: number | undefined;
  /** Milliseconds between two probes: 500 to 300000. Default 5000. */
  intervalMs?: number | undefined;
  /** The same while the last probe disagrees with what the origin is taken for: 100 to intervalMs. Default 1000, or intervalMs where that is less. */
  doubtIntervalMs?: number | undefined;
  /** Milliseconds for a probe: 50 to 60000, at most intervalMs. Default 2000. */
  timeoutMs?: number | undefined;
  /** Failed probes in a row until an origin is out: 1 to 10. Default 2. */
  fall?: number | undefined;
  /** Good probes in a row until it is back: 1 to 10. Default 2. */
  rise?: number | undefined;
  /** Statuses that are good: `204`, `'2xx'`, `'200-299'`. Default `[]`: 200 to 399. */
  expect?: readonly (number | string)[] | undefined;
  /** What must stand in the first 64 KiB of the body: a text, or a pattern such as `'/ok|ready/i'`. Default: anything. */
  body?: string | undefined;
  /** Judge a redirect as the answer that it is, or follow up to five on the same host. Default `'answer'`. */
  redirects?: 'answer' | 'follow' | undefined;
  /** Share of an interval by which it may be off, 0 to 0.5. Default 0.1. */
  jitter?: number | undefined;
  /** From where to probe: up to nine of Cloudflare's location hints. The majority of each region, then of the regions, decides. Default `[]`. */
  vantages?: readonly LocationHint[] | undefined;
  /** A probe that is answered 404 asks for a drain of its origin, which ends with the next good one. Default false. */
  drainOn404?: boolean | undefined;
}

export interface DrainInput {
  /** Milliseconds that sessions without stored data stay at an origin that is being drained: 1 s to 7 days. Default 30 min. */
  deadlineMs?: number | undefined;
}

export interface PassiveInput {
  /** Failures in a row that put an origin out of use: 0 to 100, 0 never. Default 5. */
  failures?: number | undefined;
  /** Share of failures in ten seconds that does, in percent: 0 to 100, 0 never. Default 50. */
  sharePercent?: number | undefined;
  /** Requests in ten seconds below which the share says nothing: 1 to 10000. Default 20. */
  minRequests?: number | undefined;
  /** Milliseconds that it is out; each time so much longer: 1000 to 600000. Default 30000. */
  ejectMs?: number | undefined;
  /** Milliseconds that it is out at most: ejectMs to 3600000. Default 300000. */
  ejectMaxMs?: number | undefined;
  /** How many times slower than the others an origin gets no new sessions for a while: 0 to 100, 0 never. Default 3. */
  slowFactor?: number | undefined;
  /** Milliseconds until an origin that has come back gets its full share of new sessions: 0 to 600000. Default 30000. */
  slowStartMs?: number | undefined;
  /** Milliseconds that a session waits for a full home: 0 to 30000. Default 1000. */
  queueMs?: number | undefined;
}

export interface PanicInput {
  /** Percent of usable origins below which bound sessions stay and new ones go to all: 0 to 100. Default 50. */
  thresholdPercent?: number | undefined;
  /** Usable origins below which nothing new is begun and the fallback answers: 0 to 1000. Default 1. */
  minimumOrigins?: number | undefined;
}

export interface RetryBudgetInput {
  /** Percent of the last ten seconds' requests: 0 to 100. Default 20. */
  percent?: number | undefined;
  /** So many in ten seconds always: 0 to 1000. Default 3. */
  min?: number | undefined;
}

export interface AttemptsInput {
  /** Milliseconds without headers until the origin is probed in doubt: 10 to 60000. Default 300. */
  doubtAfterMs?: number | undefined;
  /** Milliseconds for that probe: 10 to 60000. Default 400. */
  doubtTimeoutMs?: number | undefined;
  /** `'patient'` for applications that block while they work: waits up to 5 s. Default `'probe'`. */
  hang?: 'probe' | 'patient' | undefined;
  /** Milliseconds to the answer's headers, per attempt: 100 to 600000. Default 30000. */
  headersMs?: number | undefined;
  /** Milliseconds for all attempts together: headersMs to 600000. Default 60000. */
  deadlineMs?: number | undefined;
  /** Bytes up to which a request's body is kept so that it can be sent again: 0 to 8 MiB. Default 65536. */
  bodyBytesMax?: number | undefined;
  /** Statuses of an origin that count as a failed attempt. Default `[]`. */
  failoverOn?: readonly (502 | 503 | 504)[] | undefined;
  /** Attempts per request: 1 to 10. Default 3. */
  max?: number | undefined;
  /** How many requests may be sent again to or after an origin that lives. */
  retryBudget?: RetryBudgetInput | undefined;
  /** Milliseconds after which a safe request without a session is sent to a second origin too: 0 to 60000, 0 never. Default 0. */
  hedgeAfterMs?: number | undefined;
  /** Milliseconds for a connection to open that is made before each request that could not be sent again: 0 to 10000, 0 never (self-hosted use only). Default 0. */
  connectCheckMs?: number | undefined;
}

export interface FallbackInput {
  /** Paths such as `'/docs/*'` whose GET answers may be kept though they are not marked public. Default `[]`. */
  paths?: readonly string[] | undefined;
  /** Bytes of the largest answer that is kept: 0 to 25 MiB. Default 1 MiB. */
  bodyBytesMax?: number | undefined;
  /** Milliseconds of a silent shard until a safe request asks the replica: 50 to 10000. Default 1000. */
  replicaAfterMs?: number | undefined;
  /** Seconds in the `Retry-After` of the 503 page: 1 to 3600. Default 5. */
  retryAfterS?: number | undefined;
}
