import { useMemo, useState } from "preact/hooks";
import { Api, type Refused } from "./api.ts";
import { Dashboard } from "./dashboard.tsx";
import { SignIn } from "./sign-in.tsx";

/** The key is stored as long as the tab exists, and is sent only as a header: a cookie could be used by other pages. */
const STORED = "operator-key";

export function App() {
  const [key, setKey] = useState(sessionStorage.getItem(STORED) ?? undefined);
  /** Why the sign-in form is shown; undefined: an operator is signed in, or no key is needed. */
  const [asked, setAsked] = useState<string>();
  const api = useMemo(() => new Api(key), [key]);

  const signIn = (given: string) => {
    sessionStorage.setItem(STORED, given);
    setAsked(undefined);
    setKey(given);
  };
  const signOut = (notice: string) => {
    sessionStorage.removeItem(STORED);
    setKey(undefined);
    setAsked(notice);
  };
  if (asked !== undefined) return <SignIn notice={asked} onKey={signIn} />;
  return (
    <Dashboard
      key={key}
      api={api}
      onRefused={({ message }: Refused) => signOut(key === undefined ? "" : `You were signed out. ${message}`)}
      {...(key !== undefined && { onSignOut: () => signOut("You are signed out.") })}
    />
  );
}
