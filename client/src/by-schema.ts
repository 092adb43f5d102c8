/**
 * What the Worker answered, as the type that was made from its schema. The client has no schema to check it with again:
 * that would be the larger part of it.
 */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion, typescript/no-unnecessary-type-parameters
export const bySchema = <T>(answered: unknown): T => answered as T;
