import { useEffect, useState } from "preact/hooks";
import { Moon, Sun } from "./icons.tsx";

export type Theme = "light" | "dark";

const STORED = "theme";
const system = matchMedia("(prefers-color-scheme: dark)");

const isTheme = (text: string | null): text is Theme => text === "light" || text === "dark";

function chosen(): Theme | undefined {
  const stored = localStorage.getItem(STORED);
  return isTheme(stored) ? stored : undefined;
}

const listeners = new Set<() => void>();
system.addEventListener("change", () => listeners.forEach((tell) => tell()));

/** Applies the theme to the page: the system's, unless the operator has chosen one. */
function apply(): Theme {
  const theme = chosen() ?? (system.matches ? "dark" : "light");
  document.documentElement.dataset["theme"] = theme;
  return theme;
}

export function useTheme(): Theme {
  const [theme, setTheme] = useState(apply);
  useEffect(() => {
    const listen = () => setTheme(apply());
    listeners.add(listen);
    return () => void listeners.delete(listen);
  }, []);
  return theme;
}

export function ThemeButton() {
  const theme = useTheme();
  const other = theme === "dark" ? "light" : "dark";
  const choose = () => {
    localStorage.setItem(STORED, other);
    listeners.forEach((tell) => tell());
  };
  return (
    <button type="button" class="quiet" aria-label={`Use the ${other} theme`} onClick={choose}>
      {theme === "dark" ? <Sun /> : <Moon />}
    </button>
  );
}
