/** The name of a subject as it travels in a header: 1 to 128 visible characters. Throws a TypeError for anything else. */
export function checkSubject(name: string): string {
  if (/^[\x21-\x7e]{1,128}$/.test(name)) return name;
  throw new TypeError(
    `Cannot name the subject as it must be 1 to 128 visible ASCII characters: current value has ${name.length} characters`,
  );
}
