/** Waits until `look` finds something, and says what was waited for when it never does. */
export async function until<Found>(
  what: string,
  look: () => Found | Promise<Found>,
  withinMs = 15_000,
): Promise<NonNullable<Found>> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`Waited ${withinMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
