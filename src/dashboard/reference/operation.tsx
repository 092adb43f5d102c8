import type { ComponentChildren } from "preact";
import { Table } from "../table.tsx";
import { curlOf } from "./curl.ts";
import { named, type OpenApi, type Operation } from "./document.ts";
import { boundsOf, type Field, fieldsOf, typeOf } from "./fields.ts";
import { Prose } from "./prose.tsx";

const FIRST_FAILURE = 400;
const COLUMNS = [{ label: "Field", isHeading: true }, "Type", "Meaning"];

interface OperationViewProps {
  readonly document: OpenApi;
  readonly operation: Operation;
}

/** One operation: its input, its answer, and a call of it. */
export function OperationView({ document, operation }: OperationViewProps) {
  const { schemas, responses } = document.components;
  const { operationId, method, path, summary, keys, requestBody } = operation;
  const answers = Object.entries(operation.responses).map(([status, answer]) => ({
    status: Number(status),
    ...named(answer, responses),
  }));
  const input = requestBody?.content["application/json"]?.schema;
  return (
    <article class="card" id={operationId} aria-labelledby={`${operationId}-name`}>
      <h3 id={`${operationId}-name`}>
        <span class="badge">{method.toUpperCase()}</span> <code>{path}</code>
      </h3>
      <p>
        <Prose text={summary} />
      </p>
      <p class="muted">
        {keys.length === 0 ? "Needs no key." : `Key: ${keys.map((key) => KEY_NAMES[key] ?? key).join(" or ")}`}
      </p>
      <Fields of={operation} title="Parameters" fields={parametersOf(operation, document)} />
      {input && <Fields of={operation} title="Body" fields={fieldsOf(input, schemas)} />}
      <pre tabIndex={0} aria-label={`A call of ${operationId}`}>
        {curlOf(operation, location.origin)}
      </pre>
      {answers
        .filter(({ status }) => status < FIRST_FAILURE)
        .map(({ status, description = "", content = {} }) => {
          const schema = content["application/json"]?.schema;
          const title = `Answer ${status}`;
          return (
            <Fields key={status} of={operation} title={title} fields={schema ? fieldsOf(schema, schemas) : []} isAnswer>
              <Prose text={description} />
            </Fields>
          );
        })}
      <Failures answers={answers.filter(({ status }) => status >= FIRST_FAILURE)} />
    </article>
  );
}

const KEY_NAMES: Readonly<Record<string, string>> = {
  apiKey: "an API key of your tenant",
  operatorKey: "OPERATOR_KEY",
  metricsKey: "METRICS_KEY",
};

function parametersOf({ parameters = [] }: Operation, { components }: OpenApi): Field[] {
  return parameters.map((parameter) => {
    const { name, in: place, required = false, description, schema = {} } = named(parameter, components.parameters);
    const about = description ?? schema.description ?? "";
    return {
      path: name,
      type: `${typeOf(schema, components.schemas)}, ${place}`,
      isRequired: required,
      description: about,
      ...boundsOf(schema, components.schemas),
    };
  });
}

interface FieldsProps {
  readonly of: Operation;
  readonly title: string;
  readonly fields: readonly Field[];
  /** Most fields of an answer are required, most of a call are optional: the rarer kind is marked. */
  readonly isAnswer?: boolean;
  readonly children?: ComponentChildren;
}

function Fields({ of: { operationId }, title, fields, isAnswer = false, children }: FieldsProps) {
  if (fields.length === 0 && children === undefined) return null;
  const rows = fields.map((field) => ({
    key: field.path,
    cells: [
      <>
        <code>{field.path}</code>
        {field.isRequired === isAnswer ? null : <span class="muted"> {isAnswer ? "optional" : "required"}</span>}
      </>,
      <code>{field.type}</code>,
      <>
        <Prose text={field.description} />
        {!isAnswer && field.limits !== undefined && <span class="muted block">{field.limits}</span>}
        {field.default !== undefined && (
          <span class="muted block">
            default <code>{field.default}</code>
          </span>
        )}
      </>,
    ],
  }));
  return (
    <section>
      <h4>{title}</h4>
      {children !== undefined && <p class="muted">{children}</p>}
      {rows.length > 0 && <Table caption={`${title} of ${operationId}`} columns={COLUMNS} rows={rows} />}
    </section>
  );
}

interface FailuresProps {
  readonly answers: readonly { readonly status: number; readonly description?: string }[];
}

/** Each status with its codes. */
function Failures({ answers }: FailuresProps) {
  if (answers.length === 0) return null;
  return (
    <details>
      <summary>Errors</summary>
      <dl class="errors">
        {answers.map(({ status, description = "" }) => (
          <div key={status}>
            <dt>{status}</dt>
            <dd>
              <Prose text={description} />
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
