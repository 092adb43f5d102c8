import { parseArgs, type ParseArgsConfig } from "node:util";

/**
 * `parseArgs` for a command: ends the process with one line for the user if an argument is wrong.
 * @param usage text of the command; its first line is the call
 */
export function readArguments<const Config extends ParseArgsConfig>(
  usage: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split("\n");
    const [call] = usage.split("\n");
    console.error(`${reason}; usage: ${call}`);
    return process.exit(1);
  }
}
