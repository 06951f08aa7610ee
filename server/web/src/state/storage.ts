/** The browser's storage, which may be full or switched off: settings are then simply not remembered. */

export function remember(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`marquee.${key}`);
    else localStorage.setItem(`marquee.${key}`, value);
  } catch (error) {
    console.debug("not remembered", key, error);
  }
}

export function remembered(key: string): string | null {
  try {
    return localStorage.getItem(`marquee.${key}`);
  } catch {
    return null;
  }
}

export function keepForTab(key: string, value: string): void {
  try {
    sessionStorage.setItem(`marquee.${key}`, value);
  } catch (error) {
    console.debug("not kept", key, error);
  }
}

/** What was kept for this tab, once: it is taken out. */
export function takeForTab(key: string): string | null {
  try {
    const value = sessionStorage.getItem(`marquee.${key}`);
    sessionStorage.removeItem(`marquee.${key}`);
    return value;
  } catch {
    return null;
  }
}
