declare module 'autocannon' {
  interface Client {
    on(event: 'headers', listener: (head: { readonly headers: readonly string[] }) => void): void;
  }

  interface Options {
    readonly url: string;
    readonly connections: number;
    /** Seconds. */
    readonly duration: number;
    readonly method?: 'GET' | 'POST';
    readonly body?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly requests?: readonly { readonly headers: Readonly<Record<string, string>> }[];
    readonly verifyBody?: (body: string) => boolean;
    readonly setupClient?: (client: Client) => void;
  }

  interface Result {
    readonly '2xx': number;
    readonly non2xx: number;
    readonly errors: number;
    readonly timeouts: number;
    readonly mismatches: number;
  }

  export default function autocannon(options: Options): Promise<Result>;
}
