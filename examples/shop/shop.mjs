// An application that cannot be made stateless today: Express, and express-session in this process's memory.
import { fileURLToPath } from 'node:url';
import express from 'express';
import session from 'express-session';
import { limpet } from 'limpet/express';
import { cartSummary } from './catalogue.mjs';
import { page } from './page.mjs';

const me = { origin: process.env['LIMPET_ORIGIN'] ?? '?', pid: process.pid };
const port = Number(process.env['PORT'] ?? 9001);
const app = express();

app.disable('x-powered-by');
app.use(express.static(fileURLToPath(new URL('./public', import.meta.url)), { index: false, maxAge: '1h' }));
app.get('/health', (_req, res) => void res.type('text').send('ok'));
app.get('/who', (_req, res) => void res.json(me));

// Here is the one line that adds Limpet: without it this reads app.use(session({ … })).
app.use(limpet(session({ secret: 'only-an-example', resave: false, saveUninitialized: false })));
app.use(express.json(), express.urlencoded({ extended: false }));

app.get(
  '/',
  (req, res) => void res.set('cache-control', 'no-store').send(page(me, cartSummary(req.session.cart ?? {}))),
);

app.get(
  '/cart',
  (req, res) =>
    void res.set('cache-control', 'no-store').json({ ...me, ...cartSummary(req.session.cart ?? {}) }),
);

app.post('/cart', (req, res) => {
  const item = itemOf(req);
  if (item === undefined)
    return void res.status(400).json({ message: 'Wanted an item: 1 to 60 letters, digits, spaces or - _ .' });
  const cart = req.session.cart ?? {};
  req.session.cart = { ...cart, [item]: (cart[item] ?? 0) + 1 };
  answer(req, res);
});

app.post('/cart/remove', (req, res) => {
  const { [itemOf(req) ?? '']: _removed, ...rest } = req.session.cart ?? {};
  req.session.cart = rest;
  answer(req, res);
});

app.post('/logout', (req, res, next) => {
  req.session.destroy((error) => {
    if (error) return next(error);
    if (wantsPage(req)) return res.redirect(303, '/');
    res.json({ ...me, ...cartSummary({}) });
  });
});

app.get('/slow', (req, res) => {
  const ms = Math.min(Math.max(Number(req.query['ms']) || 0, 0), 120_000);
  setTimeout(() => res.json({ ...me, ms }), ms);
});

app.get('/events', (req, res) => {
  const everyMs = Math.max(Number(req.query['every']) || 1000, 10);
  let sent = 0;
  const send = () => res.write(`event: tick\ndata: ${JSON.stringify({ ...me, n: ++sent })}\n\n`);
  res.set({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  send();
  const timer = setInterval(send, everyMs);
  res.on('close', () => clearInterval(timer));
});

const server = app.listen(port, '127.0.0.1', (error) => {
  if (error) {
    process.stderr.write(`origin ${me.origin} cannot listen on port ${port}: ${error.message}\n`);
    process.exit(1);
  }
  process.stdout.write(`origin ${me.origin} (pid ${me.pid}) listens on http://127.0.0.1:${port}\n`);
});
// Longer than the edge keeps an idle connection, so that the edge never picks up one that is just being closed.
server.keepAliveTimeout = 75_000;

/** @param {express.Request} req @returns {string | undefined} */
function itemOf(req) {
  const item = req.body?.item;
  return typeof item === 'string' && /^[\w .-]{1,60}$/.test(item) && item !== '__proto__' ? item : undefined;
}

/** A browser's form wants its page again; a program wants the cart. @param {express.Request} req @param {express.Response} res */
function answer(req, res) {
  if (wantsPage(req)) return res.redirect(303, '/');
  res.json({ ...me, ...cartSummary(req.session.cart ?? {}) });
}

/** @param {express.Request} req */
function wantsPage(req) {
  return req.accepts(['json', 'html']) === 'html';
}
