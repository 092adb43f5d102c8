import { spawn } from "node:child_process";

/** Tenths of a second: 10 s are longer than any script takes to end cleanly. Targets that still run are then killed. */
const GRACE_TENTHS_S = 100;

/** Reads `add <target>` and `drop <target>` from stdin; at its end, sends the signal to the remaining targets. */
const SCRIPT = `
trap '' INT TERM HUP
targets=' '
while read -r verb target; do
  case $verb in
    add) targets="$targets$target " ;;
    drop) targets="\${targets%% $target *} \${targets#* $target }" ;;
  esac
done
kill -s "$1" -- $targets
waited=0
while [ "$waited" -lt ${GRACE_TENTHS_S} ]; do
  left=
  for target in $targets; do kill -s 0 -- "$target" && left=$target; done
  [ -z "$left" ] && exit
  sleep 0.1
  waited=$((waited + 1))
done
kill -s KILL -- $targets
`;

/**
 * Ends processes when this one is gone, for any reason: the kernel then closes the stdin of a small shell, which runs
 * in a session of its own. Plain JavaScript, because the checkout's run.mjs uses it too, on Node versions that do not
 * run TypeScript.
 */
export class Guard {
  #input;

  /**
   * @param {"TERM" | "KILL"} signal for the remaining processes
   * @param {() => void} onLost called when the shell has ended
   */
  constructor(signal, onLost) {
    const options = { cwd: "/", env: { PATH: process.env.PATH }, detached: true };
    const shell = spawn("/bin/sh", ["-c", SCRIPT, "guard", signal], {
      ...options,
      stdio: ["pipe", "ignore", "ignore"],
    });
    shell.once("exit", onLost);
    // The exit event reports the same.
    shell.stdin.on("error", () => undefined);
    this.#input = shell.stdin;
    // Neither the shell nor its stdin keeps this process alive.
    shell.unref();
    shell.stdin.unref();
  }

  /** @param {number} target pid, or the negative number of a process group */
  add(target) {
    this.#input.write(`add ${target}\n`);
  }

  /**
   * Removes a target that has ended, because its number may be reused.
   * @param {number} target that was added
   */
  drop(target) {
    this.#input.write(`drop ${target}\n`);
  }
}
