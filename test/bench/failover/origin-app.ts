// A process of its own: an Express application with its sessions in memory, and a book of what it has executed.
import { appendFileSync } from 'node:fs';
import { setTimeout as after } from 'node:timers/promises';
import express from 'express';
import session from 'express-session';
import { limpet } from 'limpet/express';

declare module 'express-session' {
  interface SessionData {
    count: number;
    last: string[];
  }
}

const { ORIGIN: origin = '', PORT: port = '', BOOK: book = '', SESSIONS: sessions } = process.env;
/** What a request does before it answers: so that some are under way whenever a process is hit. */
const workMs = 5;
const remembered = 20;

const app = express();
app.disable('x-powered-by');
app.get('/health', (_request, response) => void response.send('ok'));
const kept = session({ secret: 'a secret of the application', resave: false, saveUninitialized: false });
app.use(sessions === 'limpet' ? limpet(kept) : kept);

app.get('/list', async (request, response) => {
  await after(workMs);
  const { count = 0, last = [] } = request.session;
  response.json({ origin, count, last });
});

app.post('/list', async (request, response) => {
  const item = String(request.query['item']);
  // The kernel has it then, whatever becomes of this process.
  appendFileSync(book, `${item}\n`);
  await after(workMs);
  request.session.count = (request.session.count ?? 0) + 1;
  request.session.last = [...(request.session.last ?? []), item].slice(-remembered);
  response.json({ origin, count: request.session.count, last: request.session.last });
});

app.get('/slow', async (request, response) => {
  await after(Number(request.query['ms']));
  response.json({ origin, count: 0, last: [] });
});

const server = app.listen(Number(port), '127.0.0.1', () => console.log('listening'));
// Longer than any of the balancers keeps an idle connection.
server.keepAliveTimeout = 75_000;
process.once('disconnect', () => process.exit(0));
