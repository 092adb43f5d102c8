import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Close } from "./icons.tsx";

interface DialogProps {
  readonly title: string;
  /** What is being done or was done; announced to screen readers. */
  readonly status: string | undefined;
  readonly fault: string | undefined;
  readonly buttons?: ComponentChildren;
  /** When this changes, the buttons may. */
  readonly state?: string | undefined;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** The dialog of one thing; it opens when it is mounted. */
export function Dialog({ title, status, fault, buttons, state, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    // The back button takes it away while it is open: closing returns the focus.
    return () => shown?.close();
  }, []);
  useEffect(() => {
    // The button that had the focus is gone.
    if (document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
  }, [state]);
  return (
    <dialog ref={dialog} class="card" aria-labelledby="opened" onClose={onClose}>
      <header>
        <h2 id="opened" ref={heading} tabIndex={-1}>
          {title}
        </h2>
        <button type="button" class="quiet" aria-label="Close" autofocus onClick={() => dialog.current?.close()}>
          <Close />
        </button>
      </header>
      {children}
      <footer>
        {fault !== undefined && (
          <p class="fault" role="alert">
            {fault}
          </p>
        )}
        <p role="status" class="muted">
          {status}
        </p>
        {buttons}
      </footer>
    </dialog>
  );
}
