/** Cloudflare's error code for an existing instance id. */
const ALREADY_EXISTS = 10_405;

/**
 * Starts an instance of a Workflow. A second call with the same id starts nothing.
 * @returns whether this call started it
 * @throws Error if it could not be started
 */
export async function startInstance<Params>(
  workflow: Workflow<Params>,
  instance: { readonly id: string; readonly params?: Params },
): Promise<boolean> {
  const { created, errors } = await workflow.createBatch({ instances: [instance] });
  const [error] = errors.filter(({ code }) => code !== ALREADY_EXISTS);
  if (error) throw new Error(`the instance ${instance.id} could not be started: ${error.message}`);
  return created.length > 0;
}
