const WIDTH = 120;
const HEIGHT = 24;

interface SparkProps {
  readonly values: readonly (number | null)[];
  readonly color: string;
}

/** The shape of a series, without numbers: the charts show those. */
export function Spark({ values, color }: SparkProps) {
  const most = Math.max(...values.map((value) => value ?? 0), Number.MIN_VALUE);
  const x = (index: number) => (index / Math.max(values.length - 1, 1)) * WIDTH;
  const y = (value: number) => HEIGHT - 1 - (value / most) * (HEIGHT - 2);
  // A value without neighbours is drawn as a dot: a line of no length with round ends.
  const path = values
    .map((value, index) => {
      if (value === null) return "";
      const at = `${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
      return (values[index - 1] ?? null) === null ? `M${at}h0` : `L${at}`;
    })
    .join("");
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {values.length > 1 && <path d={path} stroke={`var(--${color})`} />}
    </svg>
  );
}
