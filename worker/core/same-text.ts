/** Whether a given secret is the expected one, in a time that does not tell how much of it was right. */
export function sameText(given: string, expected: string): boolean {
  let difference = given.length ^ expected.length;
  for (let at = 0; at < expected.length; at++)
    difference |= expected.charCodeAt(at) ^ given.charCodeAt(at % Math.max(1, given.length));
  return difference === 0 && expected !== '';
}
