/** Decorative: the text beside each icon says the same. */
function Icon({ path, filled = false }: { path: string; filled?: boolean }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" data-filled={filled}>
      <path d={path} />
    </svg>
  );
}

export const Logo = () => <Icon filled path="M8 1 3.5 7H6l-3 4h4v4h2v-4h4l-3-4h2.5z" />;
export const Sun = () => (
  <Icon path="M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1" />
);
export const Moon = () => <Icon path="M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z" />;
export const Close = () => <Icon path="M4 4l8 8M12 4l-8 8" />;
