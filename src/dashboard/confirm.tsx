import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

interface ConfirmProps {
  readonly title: string;
  /** Label of the button that confirms. */
  readonly action: string;
  readonly isDanger?: boolean;
  readonly onYes: () => void;
  readonly onNo: () => void;
  readonly children: ComponentChildren;
}

/** Asks for confirmation. Escape and the button that has the focus cancel. */
export function Confirm({ title, action, isDanger = false, onYes, onNo, children }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [titleId, textId] = [useId(), useId()];
  useEffect(() => dialog.current?.showModal(), []);
  // Closing returns the focus to the element that had it before.
  const close = () => dialog.current?.close();
  return (
    <dialog
      ref={dialog}
      class="card confirm"
      role="alertdialog"
      aria-labelledby={titleId}
      aria-describedby={textId}
      onClose={onNo}
    >
      <h2 id={titleId}>{title}</h2>
      <div id={textId}>{children}</div>
      <footer>
        <button type="button" autofocus onClick={close}>
          Leave it
        </button>
        <button
          type="button"
          class={isDanger ? "danger" : "primary"}
          onClick={() => {
            close();
            onYes();
          }}
        >
          {action}
        </button>
      </footer>
    </dialog>
  );
}
