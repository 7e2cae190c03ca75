// A process of its own: an Express application whose sessions are lists that only grow.
import { setTimeout as after } from 'node:timers/promises';
import express, { type Request } from 'express';
import session from 'express-session';
import { limpet } from 'limpet/express';

declare module 'express-session' {
  interface SessionData {
    list: string[];
    bulk: string;
  }
}

/** The last append of each session that is under way here. */
const turns = new Map<string, Promise<void>>();

/** With any store, two requests that read a session before either has written it lose one's change. So an append waits for the one before. */
async function inTurn(sid: string, work: () => Promise<void>): Promise<void> {
  const before = turns.get(sid) ?? Promise.resolve();
  const mine = before.then(work, work);
  turns.set(sid, mine);
  await mine.finally(() => turns.get(sid) === mine && turns.delete(sid));
}

async function append(request: Request): Promise<void> {
  if (request.session.list !== undefined) await called((done) => request.session.reload(done));
  request.session.list = [...(request.session.list ?? []), String(request.query['item'])];
  request.session.bulk = 'x'.repeat(Number(request.query['bulk']));
  await called((done) => request.session.save(done));
}

function called(work: (done: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => work((error) => (error ? reject(error) : resolve())));
}

const app = express();
app.disable('x-powered-by');
app.get('/health', (_request, response) => void response.send('ok'));
app.use(limpet(session({ secret: 'a secret of the application', resave: false, saveUninitialized: false })));
app.get('/list', (request, response) => void response.json(request.session.list ?? []));
app.post('/list', async (request, response) => {
  await after(Number(request.query['ms']));
  await inTurn(request.sessionID, () => append(request));
  response.json(request.session.list);
});
app.listen(Number(process.env['PORT']), '127.0.0.1', () => console.log('listening'));
process.once('disconnect', () => process.exit(0));
