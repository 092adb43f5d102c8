/**
 * Returns the Worker's answer as the type generated from its schema. The client does not validate the answer: the
 * schemas would be the larger part of the client.
 */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion, typescript/no-unnecessary-type-parameters
export const bySchema = <T>(answered: unknown): T => answered as T;
