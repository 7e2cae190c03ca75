import type { IncomingMessage, RequestListener } from 'node:http';

/** The headers of a request of Node's server. */
export function headersOf({ headers }: IncomingMessage): Headers {
  return new Headers(Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]));
}

/** Node's own server in front of a fetch handler. */
export function fetchFrom(serve: (request: Request) => Response | Promise<Response>): RequestListener {
  return async (req, res) => {
    const request = new Request(`http://${req.headers.host}${req.url}`, {
      method: req.method ?? 'GET',
      headers: headersOf(req),
    });
    const answer = await serve(request);
    const cookies = answer.headers.getSetCookie();
    const headers = Object.fromEntries(answer.headers);
    res.writeHead(answer.status, cookies.length === 0 ? headers : { ...headers, 'set-cookie': cookies });
    res.end(Buffer.from(await answer.arrayBuffer()));
  };
}
