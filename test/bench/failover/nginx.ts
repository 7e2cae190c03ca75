import type { ConfigOf } from './balancers.ts';

/** Sticky by a hash of the client's cookie: this version has no other way. Time-outs and retries as they come. */
export const nginxDefault: ConfigOf = (folder, port, origins) => config(folder, port, origins, '');

/** Leaves an origin at the first failure, repeats whatever failed (POSTs too), and waits two seconds for an answer. */
export const nginxTuned: ConfigOf = (folder, port, origins) =>
  config(
    folder,
    port,
    origins,
    `      proxy_connect_timeout 300ms;
      proxy_read_timeout 2s;
      proxy_next_upstream error timeout invalid_header non_idempotent;`,
  );

function config(folder: string, port: number, origins: readonly number[], more: string): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${folder}/${name};`,
  );
  return `daemon off;
user root;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off;
${paths.join('\n')}
  upstream shop {
    zone shop 256k;
    hash $cookie_client consistent;
${origins.map((origin) => `    server 127.0.0.1:${origin};`).join('\n')}
    keepalive 64;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://shop;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
${more}
    }
  }
}
`;
}
