import { clock, NOTHING, seconds } from "./format.ts";
import { Table } from "./table.tsx";
import type { Overview } from "./types.ts";

interface NewestProps {
  readonly overview: Overview | undefined;
  readonly onOpen: (sandboxId: string) => void;
}

/** The operations that ended last. */
export function Newest({ overview, onOpen }: NewestProps) {
  const ended = overview?.newest ?? [];
  const columns = ["Ended", "Operation", "Result", { label: "Took", isNumber: true }, "Sandbox", "Tenant"];
  return (
    <section class="card" aria-labelledby="newest">
      <h2 id="newest">Newest operations</h2>
      <Table
        caption="Newest operations"
        columns={columns}
        empty={ended.length > 0 ? undefined : "None yet. Clone something: it shows here a second later."}
      >
        {ended.map(({ at, operation, code, seconds: took, source, tenant, sandbox_id }, index) => (
          <tr key={`${at} ${index}`}>
            <td>{clock(at)}</td>
            <th scope="row">{operation}</th>
            <td>{code === undefined ? <span class="good">ok</span> : <span class="bad">{code}</span>}</td>
            <td class="number">{seconds(took)}</td>
            <td>
              {sandbox_id === undefined ? (
                NOTHING
              ) : (
                <button type="button" class="link" onClick={() => onOpen(sandbox_id)}>
                  {source ?? "open"}
                  <span class="hidden">: open workspace {sandbox_id}</span>
                </button>
              )}
            </td>
            <td>{tenant}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}
