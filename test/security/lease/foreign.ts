/** Returns commits and tags that this service did not make, or not now, each with its fault. */
export function foreignObjects(commit: string, nowS: number): readonly (readonly [about: string, object: string])[] {
  const own = "Warmtree <agent@warmtree.invalid>";
  const people = [
    "Mallory <mallory@example.com>",
    "Warmtree <mallory@example.com>",
    "Mallory <agent@warmtree.invalid>",
    "warmtree <agent@warmtree.invalid>",
    "Warmtree  <agent@warmtree.invalid>",
    "Warmtree <agent@warmtree.invalid >",
    "Warmtree\u00a0<agent@warmtree.invalid>",
    "<agent@warmtree.invalid>",
    "",
  ];
  const times = [0, nowS - 86_400, nowS - 3600, nowS + 3600, nowS + 86_400, 999_999_999_999];
  const made = (who: string, at = nowS, headers = "") =>
    `tree ${commit}\nauthor ${own} ${nowS} +0000\ncommitter ${who} ${at} +0000\n${headers}\nmessage\n`;
  const tag = (who: string, type = "commit") =>
    `object ${commit}\ntype ${type}\ntag v\ntagger ${who} ${nowS} +0000\n\nm\n`;
  const good = made(own);
  const others = [
    ["two committers", made(own, nowS, `committer ${people[0]} ${nowS} +0000\n`)],
    ["the committer in the message", `tree ${commit}\nauthor ${people[0]} 1 +0000\n\ncommitter ${own} ${nowS} +0000\n`],
    ["a NUL before another object", `${good}\0${made(own)}`],
    ["with a signature", made(own, nowS, "gpgsig x\n")],
    ["for SSH logins", "SSHSIG\0\0\0\0\u0003ssh"],
    ["a file", "file content\n"],
    ["a tree", `100644 a\0${"x".repeat(20)}`],
    ["a push certificate", `certificate version 0.1\npusher ${own}\n\n`],
    ["nothing", ""],
  ] as const;
  return [
    ...people.map((who) => [`committer '${who}'`, made(who)] as const),
    ...people.map((who) => [`tagger '${who}'`, tag(who)] as const),
    ...["tree", "blob", "tag"].map((type) => [`a tag of a ${type}`, tag(own, type)] as const),
    ...times.map((at) => [`made at ${at}`, made(own, at)] as const),
    ...others,
  ];
}
