import type { RunInput } from "../api/run-schemas.ts";
import { type FieldError, WarmtreeError } from "../errors.ts";
import { invalidInput } from "../execution/parse-input.ts";
import { planSteps, type Step } from "../steps/plan.ts";
import { looksLikeReference } from "../steps/references.ts";

/** Limit of the steps of all items: each may be a request to a sandbox, and a Workflow's requests are limited. */
const MAX_STEPS = 5000;

/** A text that is only `$item.name`. With additional leading `$` it is an escape: the text with one `$` less. */
const OF_ITEM = /^\$(?<escape>\$*)item\.(?<name>[a-z]\w*)$/;

type Item = NonNullable<RunInput["for_each"]>[number];
type Given = RunInput["steps"];

/**
 * Plans a run: returns a list of steps for each item of `for_each`, or a single list without it. Checks all steps.
 * @throws invalid_input or unknown_operation, with the first wrong item and step in `field`
 */
export function planRun(run: RunInput): Step[][] {
  const { for_each: items, steps, sandbox_id } = run;
  const own = sandbox_id === undefined ? {} : { sandbox_id };
  if (items === undefined) return [planSteps({ steps, ...own })];
  if (items.length * steps.length > MAX_STEPS) {
    const detail = `for_each: ${items.length} items of ${steps.length} steps are more than ${MAX_STEPS} steps. Nothing was done; send several runs.`;
    throw new WarmtreeError("invalid_input", detail, { field: "for_each" });
  }
  return items.map((item, at) => {
    const errors: FieldError[] = [];
    const filled = steps.map((step, index) => withItem(step, item, `steps.${index}`, errors));
    if (errors.length > 0) {
      throw invalidInput(errors.map(({ field, detail }) => ({ field, detail: `${detail} (item ${at + 1})` })));
    }
    return planSteps({ steps: filled, ...own });
  });
}

/** Returns the plan of one item of a run that was checked by planRun; without `for_each` it is item 0. */
export function planItem(run: RunInput, item: number): Step[] {
  const { for_each: items, ...rest } = run;
  const [only = []] = planRun(items === undefined ? rest : { ...rest, for_each: items.slice(item - 1, item) });
  return only;
}

function withItem(step: Given[number], item: Item, within: string, errors: FieldError[]): Given[number] {
  const fill = (value: unknown, field: string): unknown => {
    if (typeof value === "string") {
      const { escape, name = "" } = OF_ITEM.exec(value)?.groups ?? {};
      if (escape === undefined) {
        const part = partOf(value, item);
        if (part !== undefined) errors.push({ field, detail: insideText(part) });
        return value;
      }
      if (escape !== "") return value.slice(1);
      const text = Object.hasOwn(item, name) ? item[name] : undefined;
      if (text === undefined) errors.push({ field, detail: `there is no '${name}' in for_each` });
      // The item's text is literal: escape it if it looks like a reference to a step.
      return text !== undefined && looksLikeReference(text) ? `$${text}` : text;
    }
    if (Array.isArray(value)) return value.map((one, at) => fill(one, `${field}.${at}`));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, fill(one, `${field}.${name}`)]));
  };
  const { op, after, ...input } = step;
  const filled = Object.fromEntries(Object.entries(input).map(([name, one]) => [name, fill(one, `${within}.${name}`)]));
  return { ...filled, op, ...(after && { after }) };
}

/** Returns the first name of the item that a longer text refers to by `$item.name`; undefined: none. */
const partOf = (text: string, item: Item): string | undefined =>
  [...text.matchAll(/\$item\.([a-z]\w*)/g)].map(([, name = ""]) => name).find((name) => Object.hasOwn(item, name));

const insideText = (name: string) =>
  `has $item.${name} inside a longer text, where it is not replaced; put the whole text into for_each, and let it be '$item.…' alone (or give '${name}' another name, if the text is meant so)`;
