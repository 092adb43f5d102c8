import { render } from "preact";
import "./reference.css";
import type { OpenApi } from "./document.ts";
import { Reference } from "./reference.tsx";

const root = document.getElementById("page");
if (root) void show(root);

async function show(page: HTMLElement): Promise<void> {
  const response = await fetch("/openapi.json").catch(() => undefined);
  if (!response?.ok) {
    render(<main>The service cannot be reached. Load the page again later.</main>, page);
    return;
  }
  const described: OpenApi = await response.json();
  render(<Reference document={described} />, page);
}
