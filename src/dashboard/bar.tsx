interface BarProps {
  /** From left to right; of 1 together at most. */
  readonly parts: readonly { readonly share: number; readonly color: string }[];
}

/** Shares of a whole. The same stands beside it in words. */
export function Bar({ parts }: BarProps) {
  return (
    <span class="bar" aria-hidden="true">
      {parts.map(({ share, color }) => (
        <span key={color} style={{ width: `${Math.min(share, 1) * 100}%`, background: `var(--${color})` }} />
      ))}
    </span>
  );
}
