import { useState } from "preact/hooks";
import { explained } from "./api.ts";

/** Runs one request at a time, and tells of its progress, or why it failed. */
export function useAction() {
  const [busy, setBusy] = useState<string>();
  const [fault, setFault] = useState<string>();
  const run = async (doing: string, work: () => Promise<void>) => {
    if (busy !== undefined) return;
    setBusy(doing);
    setFault(undefined);
    try {
      await work();
    } catch (error) {
      setFault(explained(error));
    }
    setBusy(undefined);
  };
  return { busy, fault, run };
}
