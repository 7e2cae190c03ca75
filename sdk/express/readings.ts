import { type Refusal, stateNotEncodable } from '../refusals.ts';
import type { SessionData } from './record-form.ts';
import type { Reading, Records } from './records.ts';

/** What one request's sessions are as bytes, and whether one of them could not be written. */
export interface Readings {
  /** Throws what the codec throws. */
  read(sid: string, session: SessionData): Reading;
  /** As `read`; `undefined` where that throws. */
  contentOf(sid: string, session: SessionData): string | undefined;
  /** The session is gone: whatever could not be written of it does not matter. */
  forget(sid: string): void;
  /** The last save of a session could not be written: no answer may claim that it was. */
  refusal(): Refusal | undefined;
}

/** Nothing has failed yet. `onFailed` is called whenever something does. */
export function createReadings(records: Pick<Records, 'read'>, onFailed: () => void): Readings {
  const failed = new Map<string, Refusal>();

  function read(sid: string, session: SessionData): Reading {
    try {
      const reading = records.read(session);
      failed.delete(sid);
      return reading;
    } catch (error) {
      failed.set(sid, refuse(error));
      onFailed();
      throw error;
    }
  }

  return {
    read,
    contentOf(sid, session) {
      try {
        return read(sid, session).content;
      } catch {
        return undefined;
      }
    },
    forget: (sid) => void failed.delete(sid),
    refusal: () => failed.values().next().value,
  };
}

/** Whoever saved hears of it; so must whoever runs the application. */
function refuse(error: unknown): Refusal {
  const refusal = stateNotEncodable();
  console.warn(`limpet: ${refusal.code}: ${error instanceof Error ? error.message : String(error)}`);
  return refusal;
}
