/** IPv4 networks outside the public Internet (IANA's registry of special addresses), as address and prefix length. */
const NOT_PUBLIC_4: readonly (readonly [address: string, bits: number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];

const GROUPS = 8;

/**
 * Whether an IP address, in the form of URL.hostname, belongs to the public Internet. An IPv6 address that contains an
 * IPv4 address is public if that is.
 */
export function isPublicIp(hostname: string): boolean {
  if (!hostname.startsWith("[")) return isPublic4(numberOf(hostname));
  const groups = groupsOf(hostname.slice(1, -1));
  const [first = 0, second = 0, third = 0, , , sixth = 0, high = 0, low = 0] = groups;
  const startsWith = (...words: number[]) => words.every((word, index) => groups[index] === word);
  if (startsWith(0, 0, 0, 0, 0) && sixth === 0xffff) return isPublic4(joined(high, low));
  if (startsWith(0x64, 0xff9b, 0, 0, 0, 0)) return isPublic4(joined(high, low));
  if (first === 0x2002) return isPublic4(joined(second, third));
  // Only 2000::/3 is allocated. In it, 2001::/23 is special (includes Teredo), and two ranges are for examples.
  const isSpecial = first === 0x2001 && (second < 0x200 || second === 0xdb8);
  const isExample = first === 0x3fff && second < 0x1000;
  return first >> 13 === 1 && !isSpecial && !isExample;
}

function isPublic4(address: number): boolean {
  return !NOT_PUBLIC_4.some(([network, bits]) => {
    const size = 2 ** (32 - bits);
    return Math.floor(address / size) === Math.floor(numberOf(network) / size);
  });
}

const numberOf = (dotted: string) => dotted.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
const joined = (high: number, low: number) => high * 0x10000 + low;

/** Returns the eight words of an address in the form of URL.hostname: hexadecimal, at most one `::`. */
function groupsOf(text: string): number[] {
  const [before = [], after = []] = text.split("::").map((part) => part.split(":").filter((word) => word !== ""));
  const zeros = Array.from({ length: GROUPS - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after].map((word) => Number.parseInt(word, 16));
}
