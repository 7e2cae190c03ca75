import express, { type Request } from 'express';

function who() {
  return { origin: process.env['LIMPET_ORIGIN'], pid: process.pid };
}

/** Requests by path, so that a test sees what has reached this origin. */
const seen: Record<string, number> = {};

/** Routes that need no session: what arrived here, and answers of every kind. */
export function plainRoutes(): express.Router {
  const router = express.Router();
  router.use((request, _response, next) => {
    seen[request.path] = (seen[request.path] ?? 0) + 1;
    next();
  });
  router.get('/seen', (_request, response) => void response.json(seen));
  router.get('/who', (_request, response) => void response.json(who()));
  router.all('/headers', (request, response) => void response.json(arrived(request)));
  router.get('/asset/:name', (_request, response) => {
    response.type('css').send(`/* ${who().origin} */`);
  });
  router.get('/cacheable', (_request, response) => {
    response.set('cache-control', 'public, max-age=600').json(who());
  });
  router.get('/public-cookie', (_request, response) => {
    response.set('cache-control', 'public, max-age=600').append('set-cookie', 'own=1').json(who());
  });
  router.get('/unchanged', (_request, response) => void response.status(304).end());
  router.get('/cookies', ({ query }, response) => {
    response.append('set-cookie', 'one=1; Expires=Wed, 21 Oct 2037 07:28:00 GMT; Path=/');
    response.append('set-cookie', 'two="a, b"; HttpOnly');
    response.append('set-cookie', `three=3; Domain=${String(query['domain'])}; Path=/x`);
    response.json(who());
  });
  router.get('/redirect', ({ query }, response) => {
    response
      .status(Number(query['status'] ?? 302))
      .set('location', String(query['to']))
      .end();
  });
  router.get('/located', ({ query }, response) => {
    response.set('content-location', String(query['at'])).json(who());
  });
  router.get('/contract-headers', (_request, response) => {
    response
      .set({ 'limpet-instance': 'instance-0123456789', 'limpet-secret': 'x', 'Limpet-Outcome': 'mine' })
      .json(who());
  });
  router.get(
    '/ranged',
    (_request, response) => void response.sendFile('package.json', { root: process.cwd() }),
  );
  router.get(
    '/status/:status',
    ({ params }, response) => void response.status(Number(params.status)).json(who()),
  );
  router.get('/docs/personal', (_request, response) => {
    response.append('set-cookie', 'own=1').type('html').send('for you');
  });
  router.get(
    '/docs/page',
    (_request, response) => void response.type('html').send('<h1>A page for everybody</h1>'),
  );
  return router;
}

function arrived(request: Request) {
  return { ...who(), method: request.method, url: request.url, raw: request.rawHeaders };
}
