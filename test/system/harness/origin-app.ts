// A process of its own: an Express application with express-session in memory, as an operator would have it.
import { createServer } from 'node:http';
import express from 'express';
import { cartRoutes, releaseRoutes } from './origin/cart.ts';
import { mcpRoutes } from './origin/mcp.ts';
import { plainRoutes } from './origin/plain.ts';
import { streamRoutes } from './origin/streams.ts';
import { sessionsFor } from './origin/sessions.ts';
import { acceptSockets } from './origin/sockets.ts';

const { PORT, SESSIONS } = process.env;

/** Calls that this process has made: the store API's, if any. */
let calls = 0;
const realFetch = globalThis.fetch;
globalThis.fetch = (...words) => {
  calls += 1;
  return realFetch(...words);
};

const app = express();
app.disable('x-powered-by');
app.get('/health', (_request, response) => void response.send('ok'));
app.get('/calls', (_request, response) => void response.json(calls));
app.use(plainRoutes());
app.use(mcpRoutes());
app.use(streamRoutes());
app.use(releaseRoutes());
app.use(await sessionsFor(SESSIONS));
app.use(cartRoutes());

const server = createServer(app);
acceptSockets(server);
server.listen(Number(PORT), '127.0.0.1', () => console.log('listening'));
process.once('disconnect', () => process.exit(0));
