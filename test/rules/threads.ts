// Web Crypto works on threads of its own, which take the time that they want. A test whose clock stands still waits for them:
// otherwise a busy machine would let an alarm ring between a request and its signature.
let underway = 0;

/** Whether some Web Crypto operation of this process has not come back yet. */
export function isComputing(): boolean {
  return underway > 0;
}

type Call = (...words: unknown[]) => Promise<unknown>;

function counted(method: keyof SubtleCrypto): void {
  const { subtle } = crypto;
  const real = subtle[method].bind(subtle) as Call;
  const value: Call = async (...words) => {
    underway += 1;
    try {
      return await real(...words);
    } finally {
      underway -= 1;
    }
  };
  Object.defineProperty(subtle, method, { value, configurable: true });
}

for (const method of ['importKey', 'sign', 'verify', 'digest'] as const) counted(method);
