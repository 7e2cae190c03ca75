// A process of its own: a Hono application whose sockets change the session too, with encrypted states.
import { createServer } from 'node:http';
import { Hono } from 'hono';
import { createOrigin, limpet, type LimpetEnv } from 'limpet/hono';
import { WebSocketServer } from 'ws';
import { fetchFrom, headersOf } from './node-fetch.ts';

const origin = createOrigin();
const linesOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

const app = new Hono<LimpetEnv>();
app.get('/health', (c) => c.text('ok'));
app.use(limpet(origin));
app.get('/room', (c) => c.json({ lines: linesOf(c.var.session.get()), facts: c.var.session.facts }));
app.post('/room', (c) => {
  c.var.session.set([...linesOf(c.var.session.get()), c.req.query('line')]);
  return c.text('said');
});

const server = createServer(fetchFrom((request) => app.fetch(request)));
const sockets = new WebSocketServer({ noServer: true });
server.on('upgrade', async (request, socket, head) => {
  const headers = headersOf(request);
  const header = (name: string) => headers.get(name) ?? undefined;
  const arrival = await origin.arrive({ method: 'GET', target: request.url ?? '/', header });
  if (arrival.kind !== 'visit') return void socket.destroy();
  const session = origin.value(arrival.visit.handle);
  arrival.visit.close();
  sockets.handleUpgrade(request, socket, head, (opened) => {
    opened.on('message', async (line) => {
      const read = await session.get();
      const said =
        read.kind === 'value' ? await session.set([...linesOf(read.value), String(line)]) : read.kind;
      opened.send(said);
      if (said === 'moved' || said === 'ended') opened.close(1012);
    });
  });
});
server.listen(Number(process.env['PORT']), '127.0.0.1', () => console.log('listening'));
process.once('disconnect', () => process.exit(0));
