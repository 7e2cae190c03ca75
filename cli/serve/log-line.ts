import { say } from '../say.ts';

/** One line of workerd's structured log, as `limpet dev` would print it. */
export function sayLogLine(line: string): void {
  const { level, message } = read(line);
  // The runtime's own words for an uncaught error say first where in its C++ it was noticed.
  const readable = message.replace(/workerd\/\S+: failed: (remote\.)?(jsg\.)?/, '');
  say(`[worker] ${level === 'log' || level === 'info' ? '' : `${level}: `}${readable}`);
}

/** What is no JSON is said as it stands: it may be why nothing starts. */
function read(line: string): { level: string; message: string } {
  try {
    const said: unknown = JSON.parse(line);
    if (typeof said === 'object' && said !== null && 'message' in said)
      return { level: 'level' in said ? String(said.level) : 'log', message: String(said.message) };
    return { level: 'log', message: line };
  } catch {
    return { level: 'log', message: line };
  }
}
