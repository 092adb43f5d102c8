/** Decorative: the text beside each icon says the same. */
function Icon({ path, filled = false }: { path: string; filled?: boolean }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" data-filled={filled}>
      <path d={path} />
    </svg>
  );
}

const CIRCLE = "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11";
const CROSS = "M4 4l8 8M12 4l-8 8";
const MARKS = {
  queued: CIRCLE,
  not_begun: CIRCLE,
  running: "M5 3v10l8-5z",
  waiting: `${CIRCLE}M8 5v3.5h2.5`,
  canceling: "M4 4h8v8H4z",
  canceled: `${CIRCLE}M4.5 11.5l7-7`,
  done: "M3 8.5l3.5 3.5L13 4.5",
  failed: CROSS,
} as const;

export const Logo = () => <Icon filled path="M8 1 3.5 7H6l-3 4h4v4h2v-4h4l-3-4h2.5z" />;
export const Sun = () => (
  <Icon path="M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1" />
);
export const Moon = () => <Icon path="M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z" />;
/** Icons of states, so that colour alone never tells a state. */
export const Mark = ({ of }: { of: keyof typeof MARKS }) => <Icon path={MARKS[of]} />;
export const Close = () => <Icon path={CROSS} />;
