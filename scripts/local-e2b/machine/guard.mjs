import { spawn } from "node:child_process";

/** Ten seconds are longer than any script takes to end cleanly; what has not ended by then is killed. */
const GRACE_TENTHS_S = 100;

/** Reads `add <target>` and `drop <target>`; at the end of its stdin it sends the signal to the targets that are left. */
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
 * Ends processes when this one is gone, in whatever way: the kernel then closes the stdin of a small shell, which lives in
 * a session of its own. Plain JavaScript, because the checkout's run.mjs uses it too, on Nodes that run nothing else.
 */
export class Guard {
  #input;

  /**
   * @param {"TERM" | "KILL"} signal for the processes that are left
   * @param {() => void} onLost called when somebody ended the shell
   */
  constructor(signal, onLost) {
    const options = { cwd: "/", env: { PATH: process.env.PATH }, detached: true };
    const shell = spawn("/bin/sh", ["-c", SCRIPT, "guard", signal], {
      ...options,
      stdio: ["pipe", "ignore", "ignore"],
    });
    shell.once("exit", onLost);
    // Its exit says the same.
    shell.stdin.on("error", () => undefined);
    this.#input = shell.stdin;
    // Neither keeps this process alive.
    shell.unref();
    shell.stdin.unref();
  }

  /** @param {number} target a process, or the negative number of a process group */
  add(target) {
    this.#input.write(`add ${target}\n`);
  }

  /**
   * A target has ended: its number may come to mean another process.
   * @param {number} target that was added
   */
  drop(target) {
    this.#input.write(`drop ${target}\n`);
  }
}
