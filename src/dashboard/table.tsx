import type { ComponentChildren } from "preact";

type Column = string | { readonly label: string; readonly isNumber?: boolean; readonly isWide?: boolean };

interface TableProps {
  readonly caption: string;
  readonly columns: readonly Column[];
  /** Rows. */
  readonly children: ComponentChildren;
  /** Text for a table without rows. */
  readonly empty?: string | undefined;
}

/** A table that scrolls separately, by pointer and keyboard, and never widens the page. */
export function Table({ caption, columns, children, empty }: TableProps) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
      <table>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => {
              const { label, isNumber, isWide } = typeof column === "string" ? { label: column } : column;
              return (
                <th key={label} scope="col" class={isNumber ? "number" : isWide ? "wide" : undefined}>
                  {label}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {empty === undefined ? (
            children
          ) : (
            <tr>
              <td class="empty" colSpan={columns.length}>
                {empty}
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}
