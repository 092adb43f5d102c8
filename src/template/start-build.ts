/** Cloudflare's error code for an existing instance id. */
const ALREADY_EXISTS = 10_405;

/**
 * Starts the Workflow that builds the next version of the template. A second call with the same id starts nothing.
 * @returns whether this call started it
 * @throws Error if it could not be started
 */
export async function startBuild({ TEMPLATE_BUILD }: Pick<Env, "TEMPLATE_BUILD">, id: string): Promise<boolean> {
  const { created, errors } = await TEMPLATE_BUILD.createBatch({ instances: [{ id }] });
  const [error] = errors.filter(({ code }) => code !== ALREADY_EXISTS);
  if (error) throw new Error(`the template's build could not be started: ${error.message}`);
  return created.length > 0;
}
