// A process that no configuration names: it registers itself, and leaves when it is asked to end.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import session from 'express-session';
import { createOrigin, limpet } from 'limpet/express';
import { cartRoutes } from './origin/cart.ts';
import { plainRoutes } from './origin/plain.ts';

const { CLOCK_OFF_MS = '0' } = process.env;
const origin = createOrigin({ now: () => Date.now() + Number(CLOCK_OFF_MS) });
const sessions = session({ secret: 'a secret of the application', resave: false, saveUninitialized: false });

const app = express();
app.get('/health', (_request, response) => void response.send('ok'));
app.use(plainRoutes());
app.use(limpet(sessions, origin));
app.use(cartRoutes());

const server = createServer(app);
server.listen(0, '127.0.0.1', async () => {
  const registered = origin.register({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  process.once('SIGTERM', () => {
    void registered.leave().then(() => console.log('left'));
  });
  await registered.joined;
  console.log('joined');
});
process.once('disconnect', () => process.exit(0));
