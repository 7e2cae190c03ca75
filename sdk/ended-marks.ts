const MARKS_MAX = 100_000;

/** The sessions that this instance has ended: it never claims one of them again. */
export interface EndedMarks {
  has(session: string): boolean;
  add(session: string): void;
}

/** Keeps the newest 100,000 marks; an older ended session is still refused by the store itself. */
export function createEndedMarks(marksMax: number = MARKS_MAX): EndedMarks {
  const marks = new Set<string>();
  return {
    has: (session) => marks.has(session),
    add(session) {
      marks.delete(session);
      marks.add(session);
      const oldest = marks.values().next().value;
      if (marks.size > marksMax && oldest !== undefined) marks.delete(oldest);
    },
  };
}
