import type { DefinitionName } from "../pool/template.ts";

/** A step of E2B's builder. RUN: a line for `bash -lc`, and the user that runs it. */
interface BuildStep {
  readonly type: "RUN";
  readonly args: readonly [command: string, user: "root" | "user"];
}

/** Content of a template; its size comes from the settings. Plain data, shared by the Worker and the script. */
export interface Definition {
  readonly fromImage: string;
  readonly steps: readonly BuildStep[];
}

/**
 * The first git with a built-in file system monitor on Linux, which makes status on large trees faster. No released
 * Debian has it. The digest is the one published by kernel.org (sha256sums.asc).
 */
const GIT = {
  url: "https://www.kernel.org/pub/software/scm/git/git-2.55.0.tar.xz",
  sha256: "457fdb04dc8728e007d4688695e6912e6f680727920f2a40bf11eacc17505357",
};

/** git's libraries, and the programs that operations call; edits use perl, and signatures use curl. */
const PACKAGES =
  "bash ca-certificates coreutils curl findutils grep gzip libcurl3t64-gnutls libexpat1 libpcre2-8-0 perl-base sed util-linux zlib1g";
const BUILD_PACKAGES = "gcc libc6-dev libcurl4-gnutls-dev libexpat1-dev libpcre2-dev make xz-utils zlib1g-dev";
/**
 * Omits everything that needs Rust, Tcl, Python, Perl modules or translations, and the tests; installs links instead of
 * forty copies of a binary.
 */
const GIT_OPTIONS =
  "prefix=/usr sysconfdir=/etc USE_LIBPCRE2=1 NO_RUST=1 NO_TCLTK=1 NO_PYTHON=1 NO_PERL=1 NO_GETTEXT=1 INSTALL_SYMLINKS=1 " +
  "TEST_PROGRAMS= test_bindir_programs= UNIT_TEST_PROGS= CLAR_TEST_PROG=";

const UPGRADE = `set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get dist-upgrade -qy
apt-get install -qy --no-install-recommends ${PACKAGES}`;

const INSTALL_GIT = `set -eu
export DEBIAN_FRONTEND=noninteractive
source=$(mktemp -d)
cd "$source"
apt-get install -qy --no-install-recommends ${BUILD_PACKAGES}
curl -fsSL --retry 3 -o git.tar.xz ${GIT.url}
echo "${GIT.sha256}  git.tar.xz" | sha256sum --check
tar -xJf git.tar.xz --strip-components=1
make -s -j"$(nproc)" ${GIT_OPTIONS} strip install
cd /
rm -rf "$source"
apt-get purge -qy --auto-remove ${BUILD_PACKAGES}
apt-get clean
rm -rf /var/lib/apt/lists/*
git version --build-options`;

/** For E2B: Debian's newest packages, and git. */
const DEBIAN: Definition = {
  fromImage: "debian:trixie-slim",
  steps: [
    { type: "RUN", args: [UPGRADE, "root"] },
    { type: "RUN", args: [INSTALL_GIT, "root"] },
  ],
};

/**
 * For a sandbox host on this machine: its sandboxes use the machine's own programs, so it only checks for them. Where
 * sandboxes are plain processes, installing would change the machine itself.
 */
const HOST: Definition = {
  fromImage: DEBIAN.fromImage,
  steps: [{ type: "RUN", args: ["git version --build-options && command -v bash perl", "user"] }],
};

export const DEFINITIONS: Readonly<Record<DefinitionName, Definition>> = { debian: DEBIAN, host: HOST };
