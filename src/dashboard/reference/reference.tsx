import { useEffect, useState } from "preact/hooks";
import { Logo } from "../icons.tsx";
import { ThemeButton } from "../theme.tsx";
import { type OpenApi, type Operation, operationsOf } from "./document.ts";
import { OperationView } from "./operation.tsx";
import { Prose } from "./prose.tsx";

interface ReferenceProps {
  readonly document: OpenApi;
}

/** The API, from its OpenAPI document. */
export function Reference({ document }: ReferenceProps) {
  const [text, setText] = useState("");
  const operations = operationsOf(document);
  const groups = document.tags
    .map(({ name, description }) => ({
      name,
      description,
      operations: operations.filter((operation) => operation.tags.includes(name) && mentions(operation, text)),
    }))
    .filter((group) => group.operations.length > 0);
  // The browser looked for the address's fragment before the page was rendered.
  useEffect(() => globalThis.document.getElementById(location.hash.slice(1))?.scrollIntoView(), []);

  return (
    <>
      <header>
        <h1>
          <Logo /> Warmtree API
        </h1>
        <p class="muted">version {document.info.version}</p>
        <a class="quiet end" href="/openapi.json">
          openapi.json
        </a>
        <ThemeButton />
      </header>
      <div class="reference">
        <nav aria-label="Operations">
          <input
            type="search"
            aria-label="Filter"
            placeholder="Filter"
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
          {groups.map(({ name, operations: listed }) => (
            <section key={name}>
              <h2>{name}</h2>
              <ul>
                {listed.map(({ operationId, summary }) => (
                  <li key={operationId}>
                    <a href={`#${operationId}`} title={summary}>
                      {operationId}
                    </a>
                  </li>
                ))}
              </ul>
            </section>
          ))}
        </nav>
        <main>
          <p>
            <Prose text={document.info.description} />
          </p>
          {groups.map(({ name, description, operations: shown }) => (
            <section key={name} aria-labelledby={`group-${name}`}>
              <h2 id={`group-${name}`}>{name}</h2>
              <p class="muted">
                <Prose text={description} />
              </p>
              {shown.map((operation) => (
                <OperationView key={operation.operationId} document={document} operation={operation} />
              ))}
            </section>
          ))}
          {groups.length === 0 && <p class="muted">No operation has this text.</p>}
        </main>
      </div>
    </>
  );
}

function mentions({ operationId, path, summary }: Operation, text: string): boolean {
  return [operationId, path, summary].join(" ").toLowerCase().includes(text.toLowerCase());
}
