const minuteMs = 60_000;

/** Runs `tick` each minute, as the cron trigger of a deployed Worker does; a failure is told and the next minute comes. Returns what ends it. */
export function everyMinute(tick: () => Promise<unknown>, tell: (failure: string) => void): () => void {
  const timer = setInterval(() => {
    tick().catch((error: unknown) => {
      tell(`The scheduled handler failed: ${error instanceof Error ? error.message : String(error)}`);
    });
  }, minuteMs);
  return () => clearInterval(timer);
}
