// Runs before the first paint; src/state/theme.svelte.ts owns the setting.
try {
  const theme = localStorage.getItem("marquee.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is off: the system's preference applies.
}
