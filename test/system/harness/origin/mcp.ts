import { randomUUID } from 'node:crypto';
import express from 'express';

/** A server as those of MCP are: its session id comes in a response header, and only this process knows it. */
export function mcpRoutes(): express.Router {
  const calls = new Map<string, number>();
  const router = express.Router();
  router.post('/mcp', (request, response) => {
    const id = request.get('mcp-session-id') ?? randomUUID();
    const isNew = request.get('mcp-session-id') === undefined;
    const count = calls.get(id);
    if (!isNew && count === undefined) return void response.status(404).json({ error: 'no such session' });
    calls.set(id, (count ?? 0) + 1);
    if (isNew) response.set('mcp-session-id', id);
    response.json({ origin: process.env['LIMPET_ORIGIN'], calls: calls.get(id) });
  });
  return router;
}
