import type { Copy } from './copies.ts';
import type { HeaderList } from './refusals.ts';

/** What one request says of whose session it is. */
export interface SubjectLabel {
  readonly name: string | undefined;
  set(name: string): void;
  /** It rides along with every change, so that a label that got lost comes again; by itself it goes out once per copy. */
  headers(how: 'alone' | 'with a state'): HeaderList;
  /** The store has it. */
  stored(): void;
}

/** Nobody's, until a name is set. */
export function createLabel(copy: Copy): SubjectLabel {
  let name: string | undefined;
  function stored(): void {
    copy.subject = name ?? copy.subject;
  }
  return {
    get name() {
      return name;
    },
    set(next) {
      name = checkSubject(next);
    },
    headers(how) {
      if (name === undefined || (how === 'alone' && name === copy.subject)) return [];
      stored();
      return [['limpet-subject', name]];
    },
    stored,
  };
}

/** The name of a subject as it travels in a header: 1 to 128 visible characters. Throws a TypeError for anything else. */
export function checkSubject(name: string): string {
  if (/^[\x21-\x7e]{1,128}$/.test(name)) return name;
  throw new TypeError(
    `Cannot name the subject as it must be 1 to 128 visible ASCII characters: current value has ${name.length} characters`,
  );
}
