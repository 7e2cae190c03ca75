import { DurableObject } from 'cloudflare:workers';

/** What the runtime's KV binding sends, and what comes back to it. */
const headers = { metadata: 'CF-KV-Metadata', expiration: 'CF-Expiration' } as const;
/** A row holds at most 2 MB. */
const chunkBytes = 1024 * 1024;
/** KV's own limit. */
const valueBytesMax = 25 * 1024 * 1024;
const listMax = 1_000;
/** Expired entries that one write takes along: more than it adds, so that they cannot pile up. */
const sweptMax = 20;

/** A KV namespace where there is no KV: the service behind the binding's HTTP requests, on a disk of one's own. */
export class KvStore extends DurableObject<object> {
  readonly #sql = this.ctx.storage.sql;

  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env);
    this.#sql.exec(`
      CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, metadata TEXT, expires INTEGER) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS chunks (key TEXT, n INTEGER, bytes BLOB, PRIMARY KEY (key, n)) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS expiries ON entries (expires) WHERE expires IS NOT NULL;`);
  }

  override async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const key = decodeURIComponent(url.pathname.slice(1));
    switch (request.method) {
      case 'GET':
        return key === '' ? this.#list(url.searchParams) : this.#get(key);
      case 'PUT':
        return this.#put(
          key,
          url.searchParams,
          request.headers.get(headers.metadata),
          await request.arrayBuffer(),
        );
      case 'DELETE':
        this.#remove(key);
        return new Response();
      default:
        return new Response(`KV here has no ${request.method}`, { status: 405 });
    }
  }

  #get(key: string): Response {
    const [entry] = this.#sql
      .exec<Entry>(
        'SELECT metadata, expires FROM entries WHERE key = ? AND (expires IS NULL OR expires > ?)',
        key,
        now(),
      )
      .toArray();
    if (entry === undefined) return new Response('Not found', { status: 404 });
    const chunks = this.#sql
      .exec<{ bytes: ArrayBuffer }>('SELECT bytes FROM chunks WHERE key = ? ORDER BY n', key)
      .toArray();
    const response = new Response(new Blob(chunks.map(({ bytes }) => bytes)));
    if (entry.metadata !== null) response.headers.set(headers.metadata, entry.metadata);
    if (entry.expires !== null) response.headers.set(headers.expiration, String(entry.expires));
    return response;
  }

  #put(key: string, wish: URLSearchParams, metadata: string | null, value: ArrayBuffer): Response {
    if (value.byteLength > valueBytesMax)
      return new Response(`Wanted a value of at most ${valueBytesMax} bytes, found ${value.byteLength}`, {
        status: 413,
      });
    this.ctx.storage.transactionSync(() => {
      this.#sweep();
      this.#remove(key);
      this.#sql.exec('INSERT INTO entries VALUES (?, ?, ?)', key, metadata, expiryOf(wish));
      for (let at = 0; at < value.byteLength; at += chunkBytes)
        this.#sql.exec(
          'INSERT INTO chunks VALUES (?, ?, ?)',
          key,
          at / chunkBytes,
          value.slice(at, at + chunkBytes),
        );
    });
    return new Response();
  }

  #remove(key: string): void {
    this.#sql.exec('DELETE FROM entries WHERE key = ?', key);
    this.#sql.exec('DELETE FROM chunks WHERE key = ?', key);
  }

  #sweep(): void {
    const expired = this.#sql
      .exec<{ key: string }>('SELECT key FROM entries WHERE expires <= ? LIMIT ?', now(), sweptMax)
      .toArray();
    for (const { key } of expired) this.#remove(key);
  }

  /** By key; the cursor is the last key of the page before. */
  #list(wish: URLSearchParams): Response {
    const prefix = wish.get('prefix') ?? '';
    const limit = Math.min(Number(wish.get('key_count_limit') ?? listMax), listMax);
    const found = this.#sql
      .exec<Entry & { key: string }>(
        'SELECT key, metadata, expires FROM entries WHERE key > ? AND substr(key, 1, ?) = ? AND (expires IS NULL OR expires > ?) ORDER BY key LIMIT ?',
        wish.get('cursor') ?? '',
        prefix.length,
        prefix,
        now(),
        limit + 1,
      )
      .toArray();
    const page = found.slice(0, limit).map(({ key, metadata, expires }) => ({
      name: key,
      ...(metadata === null ? {} : { metadata }),
      ...(expires === null ? {} : { expiration: expires }),
    }));
    const isWhole = found.length <= limit;
    return Response.json({
      keys: page,
      list_complete: isWhole,
      ...(isWhole ? {} : { cursor: page.at(-1)?.name }),
    });
  }
}

interface Entry extends Record<string, SqlStorageValue> {
  readonly metadata: string | null;
  readonly expires: number | null;
}

/** KV counts in seconds. */
function now(): number {
  return Math.floor(Date.now() / 1000);
}

function expiryOf(wish: URLSearchParams): number | null {
  const ttl = wish.get('expiration_ttl');
  const at = wish.get('expiration');
  if (ttl !== null) return now() + Number(ttl);
  return at === null ? null : Number(at);
}
