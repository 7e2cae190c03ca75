/** What a KV binding speaks to: a store that keeps nothing. */
export default {
  async fetch(request: Request): Promise<Response> {
    await request.arrayBuffer();
    return new Response(null, { status: request.method === 'GET' ? 404 : 200 });
  },
};
