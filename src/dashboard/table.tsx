import type { ComponentChildren } from "preact";

type Column = string | { readonly label: string; readonly isNumber?: boolean; readonly isHeading?: boolean };

interface Row {
  readonly key: string;
  /** One for each column. */
  readonly cells: readonly ComponentChildren[];
}

interface TableProps {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Text for a table without rows. */
  readonly empty?: string | undefined;
}

/**
 * A table that scrolls separately, by pointer and keyboard, and never widens the page. On a phone each row is a card
 * (page.css): then only roles say that it is a table.
 */
export function Table({ caption, columns, rows, empty }: TableProps) {
  const named = columns.map((column) => (typeof column === "string" ? { label: column } : column));
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
      <table role="table" aria-label={caption}>
        <thead role="rowgroup">
          <tr role="row">
            {named.map(({ label, isNumber }) => (
              <th key={label} scope="col" role="columnheader" class={isNumber ? "number" : undefined}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map(({ key, cells }) => (
            <tr key={key} role="row">
              {named.map(({ label, isNumber, isHeading }, index) => {
                const shared = { "data-label": label, class: isNumber ? "number" : undefined };
                return isHeading ? (
                  <th key={label} scope="row" role="rowheader" {...shared}>
                    {cells[index]}
                  </th>
                ) : (
                  <td key={label} role="cell" {...shared}>
                    {cells[index]}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <p class="empty">{empty}</p>}
    </div>
  );
}
