/** An invocation has six outgoing connections: five work through a list, one is left for what is urgent. */
export const atOnceMax = 5;

/** Works through the list with a few at once. */
export async function inWaves<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: atOnceMax }, worker));
}
