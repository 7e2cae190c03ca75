import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient } from 'redis';

/** Redis over HTTP as Upstash speaks it, in front of a real redis-server. */
export interface HttpBridge {
  readonly url: string;
  readonly token: string;
  end(): Promise<void>;
}

export async function startHttpBridge(redisUrl: string): Promise<HttpBridge> {
  const token = 'a-token-of-the-bridge';
  const server = createServer(async (request, response) => {
    const tell = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.headers.authorization !== `Bearer ${token}`)
      return tell(401, { error: 'WRONGPASS invalid token' });
    const client = createClient({ url: redisUrl, socket: { reconnectStrategy: false } });
    client.on('error', () => undefined);
    try {
      const command: string[] = JSON.parse(await bodyOf(request));
      await client.connect();
      tell(200, { result: await client.sendCommand(command) });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      tell(/^[A-Z]+ /.test(why) ? 400 : 502, { error: why });
    } finally {
      if (client.isOpen) client.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    token,
    end: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
