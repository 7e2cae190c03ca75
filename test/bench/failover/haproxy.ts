import type { ConfigOf } from './balancers.ts';
import { originIds } from './origins.ts';

/** Debian's own time-outs, sticky by an inserted cookie, health checks as they come (every 2 s, three failures). */
export const haproxyDefault: ConfigOf = (_folder, port, origins) =>
  config(port, origins, { connectMs: 5_000, serverMs: 50_000, retries: '', server: 'check' });

/**
 * Everything that makes it fast: it leaves an origin at the first failure, repeats whatever failed (POSTs too: that is how it reaches zero failures),
 * checks five times a second, and when an origin is down ends the requests that wait for it, so that they are repeated. It has no need to wait less
 * long for an answer then.
 */
export const haproxyTuned: ConfigOf = (_folder, port, origins) =>
  config(port, origins, {
    connectMs: 300,
    serverMs: 50_000,
    retries: `  option redispatch 1
  retries 3
  retry-on conn-failure empty-response response-timeout junk-response`,
    server:
      'check inter 200ms fall 2 rise 2 observe layer7 error-limit 1 on-error mark-down on-marked-down shutdown-sessions',
  });

interface Parts {
  readonly connectMs: number;
  readonly serverMs: number;
  readonly retries: string;
  readonly server: string;
}

function config(
  port: number,
  origins: readonly number[],
  { connectMs, serverMs, retries, server }: Parts,
): string {
  const servers = origins.map(
    (origin, at) => `  server ${originIds[at]} 127.0.0.1:${origin} cookie ${originIds[at]} ${server}`,
  );
  return `global
  maxconn 2000
  nbthread 1
defaults
  mode http
  timeout connect ${connectMs}ms
  timeout client 50s
  timeout server ${serverMs}ms
${retries}
listen shop
  bind 127.0.0.1:${port}
  balance roundrobin
  cookie home insert indirect nocache httponly
  option httpchk GET /health
${servers.join('\n')}
`;
}
