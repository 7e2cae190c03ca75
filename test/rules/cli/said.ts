import { onTestFinished, vi } from 'vitest';

/** What a command writes to both streams while a test runs. */
export function listen(): { stdout(): string; stderr(): string } {
  const streams = { stdout: vi.spyOn(process.stdout, 'write'), stderr: vi.spyOn(process.stderr, 'write') };
  for (const spy of Object.values(streams)) spy.mockReturnValue(true);
  onTestFinished(() => void vi.restoreAllMocks());
  const text = (name: keyof typeof streams) =>
    streams[name].mock.calls.map(([chunk]) => String(chunk)).join('');
  return { stdout: () => text('stdout'), stderr: () => text('stderr') };
}
