/** (a) The least that a Worker in front of an origin does. */
export default {
  fetch(request: Request, { ORIGIN }: { ORIGIN: string }): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    return fetch(new Request(new URL(`/a${pathname}${search}`, ORIGIN), request));
  },
};
