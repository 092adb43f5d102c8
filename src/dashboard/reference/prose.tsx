interface ProseProps {
  readonly text: string;
}

/** A description; text in backticks is code. */
export function Prose({ text }: ProseProps) {
  // Every second part stood between two backticks.
  const parts = text.split("`").map((part, at) => (at % 2 === 0 ? part : <code key={at}>{part}</code>));
  return <>{parts}</>;
}
