import { compatibilityDate, durableObjects } from '../dev-worker.ts';

/** What workerd is told, besides the two modules that lie beside its configuration. */
export interface WorkerdWish {
  readonly host: string;
  readonly port: number;
  /** Names of environment variables: secrets are never written to a file here. */
  readonly vars: readonly string[];
  readonly version: { readonly id: string; readonly timestamp: string };
  readonly dataFolder: string;
  readonly network: readonly string[];
  /** Whether something trusted in front says who the client is, and how it came. */
  readonly front: 'none' | 'trusted';
}

export const controlSocket = 'control.sock';
export const modules = { entry: 'index.js', config: 'limpet.config.js' } as const;

/** Never an origin's address: the services that hand out a machine's credentials, whatever name leads there. */
const neverReached = [
  '169.254.0.0/16',
  '100.100.100.200/32',
  '192.0.0.192/32',
  'fd00:ec2::254/128',
  'fe80::/10',
];

/** The Durable Objects' classes; the one for KV has no counterpart on Cloudflare. */
const objects = { ...durableObjects, KV_STORE: 'KvStore' };

/** https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp */
export function workerdConfig(wish: WorkerdWish): string {
  const { host, port, network, dataFolder } = wish;
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "limpet", worker = (
      modules = [${Object.values(modules).map(moduleOf).join(', ')}],
      compatibilityDate = "${compatibilityDate}",
      bindings = [${bindings(wish).join(', ')}],
      durableObjectNamespaces = [${Object.values(objects).map(namespaceOf).join(', ')}],
      durableObjectStorage = (localDisk = "data"),
    )),
    (name = "data", disk = (path = ${text(dataFolder)}, writable = true)),
    (name = "internet", network = (
      allow = [${network.map(text).join(', ')}], deny = [${neverReached.map(text).join(', ')}],
      tlsOptions = (trustBrowserCas = true))),
  ],
  sockets = [
    (name = "clients", address = ${text(address)}, service = "limpet", http = (${httpOptions(wish)})),
    (name = "control", address = "unix:${controlSocket}", service = (name = "limpet", entrypoint = "control"), http = ()),
  ],
  logging = (structuredLogging = true),
);
`;
}

function moduleOf(file: string): string {
  return `(name = "${file}", esModule = embed "${file}")`;
}

// The unique key names the folder of an object's data: with it, data outlives a restart.
function namespaceOf(className: string): string {
  return `(className = "${className}", uniqueKey = "limpet-${className}", enableSql = true)`;
}

function bindings({ vars, version }: WorkerdWish): string[] {
  return [
    ...vars.map((name) => `(name = ${text(name)}, fromEnvironment = ${text(name)})`),
    ...Object.entries(objects).map(
      ([name, className]) => `(name = "${name}", durableObjectNamespace = "${className}")`,
    ),
    '(name = "FALLBACK", kvNamespace = (name = "limpet", entrypoint = "kv"))',
    `(name = "VERSION", json = ${text(JSON.stringify(version))})`,
  ];
}

/** Without a front, the connection's other end is the client, and whatever a client says of itself is taken off. */
function httpOptions({ front }: WorkerdWish): string {
  return front === 'trusted'
    ? 'forwardedProtoHeader = "X-Forwarded-Proto"'
    : 'injectRequestHeaders = [(name = "CF-Connecting-IP")]';
}

/** Cap'n Proto's text has JSON's escapes, but for \\u. */
function text(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}
