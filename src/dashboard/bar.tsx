interface BarProps {
  /** From left to right; together at most 1. */
  readonly parts: readonly { readonly share: number; readonly color: string }[];
}

/** Shares of a whole. Text beside the bar has the same numbers. */
export function Bar({ parts }: BarProps) {
  return (
    <span class="bar" aria-hidden="true">
      {parts.map(({ share, color }) => (
        <span key={color} style={{ width: `${Math.min(share, 1) * 100}%`, background: `var(--${color})` }} />
      ))}
    </span>
  );
}
