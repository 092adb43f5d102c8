/** Folders with TypeScript. */
export const FORMATTED = ["src", "test", "scripts", "client", "examples"] as const;
