import express from 'express';

/** An application that is broken while its health path says that all is well. */
export function brokenWhenTold(): express.Router {
  let isBroken = false;
  const router = express.Router();
  router.post('/break', ({ query }, response) => {
    isBroken = query['off'] === undefined;
    response.json(isBroken);
  });
  router.use((_request, response, next) => {
    if (isBroken) response.status(500).json('out of order');
    else next();
  });
  return router;
}
