/** A part of a path as its caller meant it. One that is not well written is taken as it stands: nothing has such a name. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // it becomes 404
  }
}
