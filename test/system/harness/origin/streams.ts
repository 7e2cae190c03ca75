import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import express from 'express';

const events: { close: () => void; send: (text: string) => void }[] = [];
let left = 0;

/** Bodies that take their time, in both directions. */
export function streamRoutes(): express.Router {
  const router = express.Router();
  router.get('/slow', ({ query }, response) => {
    setTimeout(() => response.json({ origin: process.env['LIMPET_ORIGIN'] }), Number(query['ms']));
  });
  router.get('/big', ({ query }, response) => {
    const chunk = Buffer.alloc(65_536, 'b');
    const chunks = Number(query['mb']) * 16;
    response.set('content-length', String(chunks * chunk.length));
    Readable.from(repeated(chunk, chunks)).pipe(response);
  });
  router.post('/upload', (request, response) => {
    const hash = createHash('sha256');
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      hash.update(chunk);
    });
    request.on('end', () => response.json({ bytes, sha256: hash.digest('hex') }));
  });
  // An event goes out when somebody asks the origin itself to send it.
  router.get('/events', (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    response.flushHeaders();
    const stream = {
      close: () => response.end(),
      send: (text: string) => response.write(`data: ${text}\n\n`),
    };
    events.push(stream);
    response.on('close', () => {
      events.splice(events.indexOf(stream), 1);
      left += 1;
    });
  });
  router.post('/events/send', ({ query }, response) => {
    for (const { send } of events) send(String(query['text']));
    response.json({ listeners: events.length });
  });
  router.get('/events/left', (_request, response) => void response.json({ left, listeners: events.length }));
  router.get('/docs/broken', (_request, response) => {
    response.writeHead(200, { 'content-length': 1_000 }).write('half of a page', () => response.destroy());
  });
  // Never answers; remembers that the asker has gone.
  router.get('/never', (request) => void request.on('close', () => (left += 1)));
  return router;
}

function* repeated(chunk: Buffer, times: number): Generator<Buffer> {
  for (let sent = 0; sent < times; sent++) yield chunk;
}
