import { remember, remembered } from "./storage";

export type Theme = "system" | "light" | "dark";

function read(): Theme {
  const kept = remembered("theme");
  return kept === "light" || kept === "dark" ? kept : "system";
}

class ThemeSetting {
  #theme = $state<Theme>(read());

  get current(): Theme {
    return this.#theme;
  }

  set current(theme: Theme) {
    this.#theme = theme;
    remember("theme", theme === "system" ? null : theme);
    if (theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
  }
}

export const theme = new ThemeSetting();
