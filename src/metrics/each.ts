/** Maps keys to an object with one value per key. */
export function each<Key extends string>(keys: readonly Key[], value: (key: Key) => number): Record<Key, number> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type of Object.fromEntries has no keys
  return Object.fromEntries(keys.map((key) => [key, value(key)])) as Record<Key, number>;
}

/** Adds up one value per item. */
export function sum<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
