/** Three quarters of the smallest sandbox: whoever needs more would be ended by the kernel, and others with it. */
export const MAX_GIT_MEMORY_MIB = 384;
/** A search through 100 MB takes a few seconds. */
export const MAX_GIT_CPU_S = 60;

/** For a shell that becomes git. */
export const LIMITS = `ulimit -S -d ${MAX_GIT_MEMORY_MIB * 1024} 2>/dev/null; ulimit -S -t ${MAX_GIT_CPU_S};`;

/**
 * `limited git-arguments…` runs a git whose memory and time a caller's pattern or the size of files decides. The limit is
 * on what a process writes to: packs are mapped, and may be larger.
 */
export const LIMITED = `
limited() (
  ${LIMITS}
  [ -e /proc/self/fd ] || exec 9>&-
  exec git "$@"
)
`;
