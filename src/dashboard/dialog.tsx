import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Close } from "./icons.tsx";

interface DialogProps {
  readonly title: string;
  /** The current or last action; announced to screen readers. */
  readonly status: string | undefined;
  readonly fault: string | undefined;
  readonly buttons?: ComponentChildren;
  /** State on which the buttons depend. */
  readonly state?: string | undefined;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** The dialog of a workspace or run. Opens when it is mounted. */
export function Dialog({ title, status, fault, buttons, state, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    // The back button unmounts an open dialog: closing returns the focus.
    return () => shown?.close();
  }, []);
  useEffect(() => {
    // The button that had the focus was removed.
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
