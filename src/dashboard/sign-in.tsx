import { useState } from "preact/hooks";
import { Api, explained } from "./api.ts";
import { Logo } from "./icons.tsx";
import { ThemeButton } from "./theme.tsx";

interface SignInProps {
  /** Message about the last session; usually empty. */
  readonly notice: string;
  readonly onKey: (key: string) => void;
}

export function SignIn({ notice, onKey }: SignInProps) {
  const [fault, setFault] = useState<string>();
  const [isBusy, setBusy] = useState(false);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = form instanceof HTMLFormElement ? new FormData(form).get("key") : null;
    if (typeof given !== "string") return;
    setBusy(true);
    setFault(undefined);
    try {
      await new Api(given.trim()).overview(15);
      onKey(given.trim());
    } catch (error) {
      setFault(explained(error));
      setBusy(false);
    }
  };

  return (
    <main class="sign-in">
      <form class="card" onSubmit={(event) => void submit(event)}>
        <h1>
          <Logo /> Warmtree
        </h1>
        {notice !== "" && <p role="status">{notice}</p>}
        <p class="muted">For the operator of this service. The key is its secret OPERATOR_KEY.</p>
        <label for="key">Operator key</label>
        <input
          id="key"
          name="key"
          type="password"
          required
          autofocus
          autocomplete="current-password"
          aria-invalid={fault !== undefined}
          aria-describedby="fault"
        />
        <p id="fault" class="fault" role="alert">
          {fault}
        </p>
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy ? "Signing in…" : "Sign in"}
        </button>
      </form>
      <ThemeButton />
    </main>
  );
}
