import * as v from 'valibot';
import { isBindingName } from './bindings.ts';
import { block, flag, isRecord, list, oneOf, ruled, text, value, whole } from './fields.ts';
import { attemptRules, healthRules, passiveRules } from './health-rules.ts';
import type { ConfigInput } from './input.ts';
import { isAffinityKey, isMatch, isName, isOriginUrl, isPathPattern, isToken } from './patterns.ts';
import { areHeaders, isBodyMatch, isHostName, isStatus, type StatusInput } from './probe-fields.ts';
import { isHostPattern, isIdPattern } from './registration.ts';
import { routeRules } from './route-rules.ts';
import { cookieRules, sessionRules } from './session-rules.ts';
import { affinityRules, originRules, poolRules } from './pool-rules.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const mebibyte = 1024 * 1024;
/**
 * A state is whole in memory when it is sealed: while one is stored, the edge holds it up to four times (body, packed, the seal's message, the
 * call to the shard) and the shard twice. An isolate has 128 MB, a call between the two takes 32 MiB.
 */
const stateBytesTop = 16 * mebibyte;

const nameOf = (what: string) =>
  text(`${what}: a letter or digit, then up to 63 letters, digits, dots, dashes and underscores`, isName);

const pathPattern = text('a path that starts with "/", with "*" only at its end', isPathPattern);

const origin = block({
  id: nameOf('an id'),
  url: text('an http or https url without user, password, query and fragment', isOriginUrl),
  via: v.optional(text("a binding's name, not one of Limpet's own", isBindingName)),
  weight: v.optional(whole(0, 1000), 1),
  maxConcurrent: v.optional(whole(0, 100_000), 0),
});

type AffinityKey = 'cookie' | 'ip' | `cookie:${string}` | `header:${string}`;

const affinity = block({
  by: value<AffinityKey>(
    '"cookie", "cookie:<name>", "header:<name>" (not limpet-*, not cookie) or "ip"',
    (found) => typeof found === 'string' && isAffinityKey(found),
  ),
});

/** Cloudflare's, as of November 2026. */
const locationHints = ['wnam', 'enam', 'sam', 'weur', 'eeur', 'apac', 'oc', 'afr', 'me'] as const;

const session = ruled(
  block({
    mode: v.optional(oneOf(['local', 'replicated', 'external']), 'replicated'),
    durability: v.optional(oneOf(['async', 'primary', 'quorum']), 'primary'),
    replicas: v.optional(oneOf([0, 1, 2]), 0),
    replicaRegions: v.optional(list(oneOf(locationHints), 0, 2, 'location hints'), []),
    jurisdiction: v.optional(oneOf(['eu', 'fedramp'])),
    onHomeLost: v.optional(oneOf(['empty', 'restore', 'external'])),
    onStoreFailure: v.optional(oneOf(['refuse', 'serve']), 'refuse'),
    store: v.optional(oneOf(['limpet', 'redis', 'redis-http']), 'limpet'),
    idleMs: v.optional(whole(minuteMs, 30 * dayMs, 'milliseconds'), 30 * minuteMs),
    absoluteMs: v.optional(whole(minuteMs, 400 * dayMs, 'milliseconds'), 12 * hourMs),
    holdMs: v.optional(whole(0, 30_000, 'milliseconds'), 3000),
    stateBytesMax: v.optional(whole(1024, stateBytesTop, 'bytes'), 8 * mebibyte),
    headerStateBytesMax: v.optional(whole(0, 12_288, 'bytes'), 3072),
    shards: v.optional(whole(1, 4096), 16),
    region: v.optional(
      text('two lower-case letters or digits', (region) => /^[a-z0-9]{2}$/.test(region)),
      'xx',
    ),
    generation: v.optional(whole(0, 1295), 0), // two digits in base 36
    contract: v.optional(flag()),
  }),
  sessionRules,
);

const cookieName = text(
  'a cookie name of up to 40 characters without "__Host-" or "__Secure-" (Limpet adds the prefix)',
  (name) => isToken(name) && name.length <= 40 && !/^__(host|secure)-/i.test(name),
);

const cookie = ruled(
  block({
    name: v.optional(cookieName),
    sameSite: v.optional(oneOf(['lax', 'strict', 'none']), 'lax'),
    secure: v.optional(flag(), true),
  }),
  cookieRules,
);

const status = value<StatusInput>(
  'a status from 200 to 599, or a range such as "2xx" or "200-299"',
  isStatus,
);

const health = ruled(
  block({
    type: v.optional(oneOf(['http', 'tcp']), 'http'),
    path: v.optional(
      text('a path that starts with "/"', (path) => /^\/[^\s\\#]*$/.test(path)),
      '/',
    ),
    method: v.optional(oneOf(['GET', 'HEAD', 'OPTIONS', 'POST']), 'GET'),
    headers: v.optional(
      value<Readonly<Record<string, string>>>(
        'an object of up to 20 headers, as text in visible ASCII (not host, not content-length, not limpet-*)',
        areHeaders,
      ),
      {},
    ),
    host: v.optional(text('a host name in lower case, without a port', isHostName)),
    port: v.optional(whole(1, 65_535)),
    intervalMs: v.optional(whole(500, 5 * minuteMs, 'milliseconds'), 5000),
    doubtIntervalMs: v.optional(whole(100, 5 * minuteMs, 'milliseconds')),
    timeoutMs: v.optional(whole(50, minuteMs, 'milliseconds'), 2000),
    fall: v.optional(whole(1, 10), 2),
    rise: v.optional(whole(1, 10), 2),
    expect: v.optional(list(status, 0, 100, 'statuses'), []),
    body: v.optional(
      value<string>('a text that the body must have, or a pattern such as "/ok|ready/i"', isBodyMatch),
    ),
    redirects: v.optional(oneOf(['answer', 'follow']), 'answer'),
    jitter: v.optional(
      value<number>(
        'a number from 0 to 0.5',
        (found) => typeof found === 'number' && found >= 0 && found <= 0.5,
      ),
      0.1,
    ),
    vantages: v.optional(list(oneOf(locationHints), 0, 9, 'location hints'), []),
    drainOn404: v.optional(flag(), false),
  }),
  healthRules,
);

const drain = block({
  deadlineMs: v.optional(whole(1_000, 7 * dayMs, 'milliseconds'), 30 * minuteMs),
});

// Hystrix: 50 % of at least 20 in ten seconds. Envoy: 5 in a row, 30 s and up to 300 s.
const passive = ruled(
  block({
    failures: v.optional(whole(0, 100), 5),
    sharePercent: v.optional(whole(0, 100), 50),
    minRequests: v.optional(whole(1, 10_000), 20),
    ejectMs: v.optional(whole(1000, 10 * minuteMs, 'milliseconds'), 30_000),
    ejectMaxMs: v.optional(whole(1000, hourMs, 'milliseconds'), 300_000),
    slowFactor: v.optional(whole(0, 100), 3),
    slowStartMs: v.optional(whole(0, 10 * minuteMs, 'milliseconds'), 30_000),
    queueMs: v.optional(whole(0, 30_000, 'milliseconds'), 1000),
  }),
  passiveRules,
);

const panic = block({
  thresholdPercent: v.optional(whole(0, 100), 50), // Envoy's
  minimumOrigins: v.optional(whole(0, 1000), 1),
});

const retryBudget = block({
  percent: v.optional(whole(0, 100), 20), // Envoy's and Linkerd's
  min: v.optional(whole(0, 1000), 3), // Envoy's
});

const attempts = ruled(
  block({
    doubtAfterMs: v.optional(whole(10, minuteMs, 'milliseconds'), 300),
    doubtTimeoutMs: v.optional(whole(10, minuteMs, 'milliseconds'), 400),
    hang: v.optional(oneOf(['probe', 'patient']), 'probe'),
    headersMs: v.optional(whole(100, 10 * minuteMs, 'milliseconds'), 30_000),
    deadlineMs: v.optional(whole(100, 10 * minuteMs, 'milliseconds'), 60_000),
    bodyBytesMax: v.optional(whole(0, 8 * mebibyte, 'bytes'), 65_536),
    failoverOn: v.optional(list(oneOf([502, 503, 504]), 0, 3, 'statuses'), []),
    max: v.optional(whole(1, 10), 3),
    retryBudget: v.optional(retryBudget, {}),
    hedgeAfterMs: v.optional(whole(0, minuteMs, 'milliseconds'), 0),
    connectCheckMs: v.optional(whole(0, 10_000, 'milliseconds'), 0),
  }),
  attemptRules,
);

const fallback = block({
  paths: v.optional(list(pathPattern, 0, 100, 'paths'), []),
  bodyBytesMax: v.optional(whole(0, 25 * mebibyte, 'bytes'), mebibyte), // a KV value is at most 25 MiB
  replicaAfterMs: v.optional(whole(50, 10_000, 'milliseconds'), 1000),
  retryAfterS: v.optional(whole(1, 3600, 'seconds'), 5),
});

const registration = block({
  ids: text('an id, or the beginning of ids and "*", such as "web-*"', isIdPattern),
  hosts: list(
    text('a host name, "*." and a name, or an IPv4 address or network such as "10.0.0.0/8"', isHostPattern),
    1,
    100,
    'hosts',
  ),
  leaseMs: v.optional(whole(5000, 10 * minuteMs, 'milliseconds'), 30_000),
  max: v.optional(whole(1, 1000), 100),
});

const pool = ruled(
  block({
    origins: ruled(list(origin, 0, 1000, 'origins', 1), originRules), // none: poolRules
    affinity: v.optional(ruled(list(affinity, 1, 16, 'rules'), affinityRules), [{ by: 'cookie' }]),
    session: v.optional(session, {}),
    cookie: v.optional(cookie, {}),
    health: v.optional(health, {}),
    drain: v.optional(drain, {}),
    passive: v.optional(passive, {}),
    panic: v.optional(panic, {}),
    backup: v.optional(nameOf("a pool's name")),
    attempts: v.optional(attempts, {}),
    host: v.optional(oneOf(['preserve', 'origin']), 'origin'),
    rewriteHost: v.optional(flag(), true),
    fallback: v.optional(fallback, {}),
    registration: v.optional(registration),
  }),
  poolRules,
);

const route = block({
  match: text(
    'a host and a path such as "/*", "shop.example.com/*" or "*.example.com/app/*", without a port',
    isMatch,
  ),
  pool: nameOf("a pool's name"),
  resend: v.optional(oneOf(['safe', 'any']), 'safe'),
});

type Pools = Readonly<Record<string, v.InferInput<typeof pool>>>;

const pools = v.pipe(
  value<Pools>(
    'an object with at least one pool',
    (found) => isRecord(found) && Object.keys(found).length > 0,
  ),
  v.record(v.string(), pool),
);

export const configSchema = block({
  pools,
  routes: ruled(list(route, 1, 1000, 'routes'), routeRules),
  debug: v.optional(oneOf(['off', 'token', 'always']), 'off'),
  forwarded: v.optional(oneOf(['replace', 'append']), 'replace'),
  clientAddress: v.optional(block({ header: text("a header's name", isToken) }), {
    header: 'cf-connecting-ip',
  }),
  allowPrivate: v.optional(flag(), false),
}) satisfies v.BaseSchema<ConfigInput, unknown, v.BaseIssue<unknown>>;

/** What the schema makes of the operator's input: defaults in place, the small languages not read yet. */
export type Checked = v.InferOutput<typeof configSchema>;
export type CheckedPool = v.InferOutput<typeof pool>;
