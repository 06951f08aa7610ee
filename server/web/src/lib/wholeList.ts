/** A list of the hub to its end, for pages that show all of it. */

interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}

/** `limit` is the most that the hub gives at once. */
export async function wholeList<T>(
  read: (place: { limit: number; cursor?: string }) => Promise<Page<T>>,
): Promise<readonly T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await read({ limit: 100, ...(cursor !== null && { cursor }) });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return items;
}
