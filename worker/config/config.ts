import type { PanicPolicy } from '../core/panic.ts';
import type { PassivePolicy } from '../core/passive.ts';
import type { RetryBudget } from '../core/retry-budget.ts';

// The resolved configuration: what the operator wrote, checked, with every default filled in.
import type { BodyMatch, StatusRange } from '../core/probing.ts';

export interface Config {
  /** By pool name, in the operator's order. */
  readonly pools: Readonly<Record<string, PoolConfig>>;
  /** First match wins. */
  readonly routes: readonly RouteConfig[];
  /** Who gets the `limpet-*` headers for operators. Default `off`. */
  readonly debug: 'off' | 'token' | 'always';
  /** What becomes of a client's `X-Forwarded-*` and `Forwarded`. Default `replace`: not trusted. */
  readonly forwarded: 'replace' | 'append';
  /** Where the client's address stands: a header name, lower case. Default `cf-connecting-ip`. */
  readonly clientAddress: { readonly header: string };
  /** Whether origins may have private addresses. Default false. */
  readonly allowPrivate: boolean;
}

export interface RouteConfig {
  readonly host: HostMatch;
  readonly path: PathMatch;
  /** A key of `Config.pools`. */
  readonly pool: string;
  /** `any`: the operator says that a request of any method may be sent again. Default `safe`. */
  readonly resend: 'safe' | 'any';
}

export type HostMatch =
  | { readonly kind: 'any' }
  /** Lower case, punycode, no port. */
  | { readonly kind: 'exact'; readonly host: string }
  /** With its leading dot: `.example.com` matches `a.example.com` and `a.b.example.com`, not `example.com`. */
  | { readonly kind: 'suffix'; readonly suffix: string };

/** Compared with the path as `URL.pathname` writes it. A prefix is what stood before the `*`: `/api/` for `/api/*`. */
export type PathMatch =
  | { readonly kind: 'exact'; readonly path: string }
  | { readonly kind: 'prefix'; readonly path: string };

export interface PoolConfig {
  readonly name: string;
  /** Up to 1000, ids unique, at least one with a weight above 0; none only where origins may register themselves. */
  readonly origins: readonly OriginConfig[];
  /** First match wins; `cookie`, which always matches, stands last if at all. Default: `cookie` alone. */
  readonly affinity: readonly AffinityRule[];
  readonly session: SessionPolicy;
  readonly cookie: CookiePolicy;
  readonly health: HealthPolicy;
  readonly drain: DrainPolicy;
  readonly attempts: AttemptPolicy;
  readonly passive: PassiveHealthPolicy;
  readonly panic: PanicPolicy;
  /** The pool that takes new sessions while none of this one's origins can; empty where there is none. Default none. */
  readonly backup: string;
  /** Which `Host` the origin sees. Default `origin`. */
  readonly host: 'preserve' | 'origin';
  /** Turn the origin's own host in `Location`, `Content-Location` and cookie `Domain` to the public one. Default true. */
  readonly rewriteHost: boolean;
  readonly fallback: FallbackPolicy;
  /** Which origins may register themselves. Default `off`: none. */
  readonly registration: RegistrationPolicy | 'off';
}

export interface RegistrationPolicy {
  /** An id, or the beginning of ids with a star. */
  readonly ids: string;
  /** Where they may be: names, `*.` names, IPv4 networks. */
  readonly hosts: readonly string[];
  /** Milliseconds of the longest lease. Default 30000. */
  readonly leaseMs: number;
  /** How many at a time. Default 100. */
  readonly max: number;
}

export interface OriginConfig {
  readonly id: string;
  /** Base to which a path is appended: no trailing slash, no query. */
  readonly url: string;
  /** `host[:port]` of the url, as `URL.host` writes it. */
  readonly host: string;
  /** The binding through which it is reached; empty: by its url. Default none. */
  readonly via: string;
  /** 0 to 1000, default 1. 0 takes no new sessions and keeps its own. */
  readonly weight: number;
  /** Requests under way at once, per isolate; 0 without a cap. Default 0. */
  readonly maxConcurrent: number;
}

export type AffinityRule =
  | { readonly by: 'cookie' }
  | { readonly by: 'application-cookie'; readonly name: string }
  /** Lower case. */
  | { readonly by: 'header'; readonly name: string }
  | { readonly by: 'ip' };

export interface SessionPolicy {
  /** Where the session's data is. Default `replicated`. */
  readonly mode: 'local' | 'replicated' | 'external';
  /** When a change is acknowledged: at once, once the shard has it, or once a replica has it too. Default `primary`. */
  readonly durability: 'async' | 'primary' | 'quorum';
  /** Copies of each shard elsewhere. Default 0. */
  readonly replicas: number;
  /** Cloudflare's location hint for each; what is not named may be anywhere. Default none. */
  readonly replicaRegions: readonly string[];
  /** Cloudflare's jurisdiction of shards and replicas; empty where there is none. Default none. */
  readonly jurisdiction: string;
  /** What a session gets whose home is gone. Default by mode: `empty`, `restore`, `external`. */
  readonly onHomeLost: 'empty' | 'restore' | 'external';
  /** What the client gets when the shard cannot be reached. Default `refuse`. */
  readonly onStoreFailure: 'refuse' | 'serve';
  /** `external`: where the states are that are written through the store API. Default `limpet`. */
  readonly store: 'limpet' | 'redis' | 'redis-http';
  /** Milliseconds without a request after which a session ends. Default 30 min. */
  readonly idleMs: number;
  /** Milliseconds after which a session ends whatever happens. Default 12 h. */
  readonly absoluteMs: number;
  /** Milliseconds that a request waits for a silent home that has the only copy. Default 3000. */
  readonly holdMs: number;
  /** Bytes of one session's state. Default 8388608 (8 MiB). */
  readonly stateBytesMax: number;
  /** Bytes of state, before base64, that travel in a header. Default 3072. */
  readonly headerStateBytesMax: number;
  /** Shards for new sessions. Default 16. */
  readonly shards: number;
  /** Region of new sessions, two letters or digits. Default `xx`: none. */
  readonly region: string;
  /** Store generation of new sessions. Default 0. */
  readonly generation: number;
  /** Whether the origins are spoken to by the contract. Default: all modes but `local`. */
  readonly contract: boolean;
}

export interface CookiePolicy {
  /** Without the `__Host-` that a secure cookie gets. Default `limpet`, or `limpet-<pool>` when an earlier pool on the same host has that. */
  readonly name: string;
  /** Default `lax`. */
  readonly sameSite: 'lax' | 'strict' | 'none';
  /** Default true. False drops `Secure` and the prefix: plain-http development. */
  readonly secure: boolean;
}

export interface HealthPolicy {
  /** A request, or a connection that opens (self-hosted only). Default `http`. */
  readonly type: 'http' | 'tcp';
  /** Appended to the origin's url. Default `/`. */
  readonly path: string;
  /** Default `GET`. */
  readonly method: 'GET' | 'HEAD' | 'OPTIONS' | 'POST';
  /** Default none. */
  readonly headers: Readonly<Record<string, string>>;
  /** The host that is asked for. Default empty: that of the origin's url. */
  readonly host: string;
  /** Default 0: that of the origin's url. */
  readonly port: number;
  /** Milliseconds between two probes. Default 5000. */
  readonly intervalMs: number;
  /** The same while the last probe disagrees with what the origin is taken for. Default 1000, at most intervalMs. */
  readonly doubtIntervalMs: number;
  /** Milliseconds that a probe may take. Default 2000. */
  readonly timeoutMs: number;
  /** Failed probes in a row that take an origin out. Default 2. */
  readonly fall: number;
  /** Good probes in a row that bring it back. Default 2. */
  readonly rise: number;
  /** Statuses that are good. Default empty: 200 to 399. */
  readonly expect: readonly StatusRange[];
  /** What the body must have. Default anything. */
  readonly body: BodyMatch;
  /** A redirect is an answer like any other, or is followed on the same host. Default `answer`. */
  readonly redirects: 'answer' | 'follow';
  /** Share of an interval by which it may be off. Default 0.1. */
  readonly jitter: number;
  /** Location hints of those who probe. Default empty: the monitor itself, and helpers near it. */
  readonly vantages: readonly string[];
  /** Whether a 404 asks for a drain. Default false. */
  readonly drainOn404: boolean;
}

export interface DrainPolicy {
  /** Milliseconds that sessions which cannot be handed off stay at an origin that is being drained. Default 30 min. */
  readonly deadlineMs: number;
}

export interface AttemptPolicy {
  /** Milliseconds without headers after which a probe of doubt goes out. Default 300. */
  readonly doubtAfterMs: number;
  /** Milliseconds that a probe of doubt may take. Default 400. */
  readonly doubtTimeoutMs: number;
  /** Whether a silent probe of doubt condemns at once or after up to 5 s. Default `probe`. */
  readonly hang: 'probe' | 'patient';
  /** Milliseconds to the answer's headers, per attempt. Default 30000. */
  readonly headersMs: number;
  /** Milliseconds for all attempts together. Default 60000. */
  readonly deadlineMs: number;
  /** Bytes up to which a request's body is kept for another attempt. Default 65536. */
  readonly bodyBytesMax: number;
  /** Statuses of an origin that count as a failed attempt. Default none. */
  readonly failoverOn: readonly (502 | 503 | 504)[];
  /** Attempts per request. Default 3. */
  readonly max: number;
  /** How many requests may be sent again to or after an origin that lives. Default 20 % of ten seconds' requests, 3 always. */
  readonly retryBudget: RetryBudget;
  /** Milliseconds after which a safe request without a session goes to a second origin too. Default 0: never. */
  readonly hedgeAfterMs: number;
  /** Milliseconds for the connection that is tried before a request that could not be sent again. Default 0: none is tried. */
  readonly connectCheckMs: number;
}

/** Defaults: 5 in a row, 50 % of 20 in ten seconds, 30 s to 300 s, three times slower, 30 s, one second. */
export interface PassiveHealthPolicy extends PassivePolicy {
  /** Milliseconds that a session waits for a full home. */
  readonly queueMs: number;
}

export interface FallbackPolicy {
  /** Paths whose GET answers may be kept though they are not marked public. Default none. */
  readonly paths: readonly PathMatch[];
  /** Bytes of the largest answer that is kept. Default 1 MiB. */
  readonly bodyBytesMax: number;
  /** Milliseconds without a word of the shard after which a safe request of a lost home asks the replica. Default 1000. */
  readonly replicaAfterMs: number;
  /** Seconds in the `Retry-After` of the 503 page. Default 5. */
  readonly retryAfterS: number;
}
