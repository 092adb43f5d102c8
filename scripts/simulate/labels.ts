interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Dot {
  readonly x: number;
  readonly y: number;
  readonly number: number;
}

/** The text beside one dot, or several that overlap; `x` is its left end, `y` its baseline. */
export interface Label {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

/** Width of a character at the font size that picture.ts sets. */
const CHARACTER_PX = 6.4;
const HEIGHT_PX = 12;
const DOT_PX = 6;
/** Dots closer than this share a label. */
const SAME_PX = 7;
const DISTANCES_PX = [8, 13, 19, 26];
const ANGLES = [0, 180, 315, 45, 225, 135, 285, 75, 255, 105].map((degrees) => (degrees * Math.PI) / 180);

/** Returns the numbers of the dots, placed so that none covers another or a dot. */
export function placeLabels(dots: readonly Dot[]): Label[] {
  const taken = dots.map(({ x, y }) => ({ left: x - DOT_PX, right: x + DOT_PX, top: y - DOT_PX, bottom: y + DOT_PX }));
  return clusters(dots).map((cluster) => {
    const text = cluster.map(({ number }) => number).join(", ");
    const width = text.length * CHARACTER_PX;
    const boxes = cluster.flatMap((dot) => boxesAround(dot, width));
    const box = boxes.find((candidate) => !taken.some((other) => overlaps(candidate, other))) ?? boxes[0];
    if (box) taken.push(box);
    return { x: box?.left ?? 0, y: (box?.bottom ?? 0) - 2, text };
  });
}

/** Groups each dot with the first dot that it overlaps. */
function clusters(dots: readonly Dot[]): Dot[][] {
  const found: Dot[][] = [];
  for (const dot of dots) {
    const near = found.find(([first]) => first && Math.hypot(first.x - dot.x, first.y - dot.y) < SAME_PX);
    if (near) near.push(dot);
    else found.push([dot]);
  }
  return found;
}

/** Returns places for a label: close to the dot first, then farther and farther around it. */
function boxesAround({ x, y }: Dot, width: number): Box[] {
  return DISTANCES_PX.flatMap((distance) =>
    ANGLES.map((angle) => {
      const left = x + distance * Math.cos(angle) - (Math.cos(angle) > 0 ? 0 : width);
      const middle = y + distance * Math.sin(angle);
      return { left, right: left + width, top: middle - HEIGHT_PX / 2, bottom: middle + HEIGHT_PX / 2 };
    }),
  );
}

function overlaps(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
