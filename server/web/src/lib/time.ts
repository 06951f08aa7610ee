/** How times and sizes are written. Everything goes through Intl: words in the page's language, dates as the reader's browser has it. */

/** A position or length as `m:ss` or `h:mm:ss`. */
export function clock(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–:––";
  const whole = Math.max(0, Math.floor(seconds));
  const h = Math.floor(whole / 3600);
  const m = Math.floor((whole % 3600) / 60);
  const s = String(whole % 60).padStart(2, "0");
  return h > 0 ? `${h}:${String(m).padStart(2, "0")}:${s}` : `${m}:${s}`;
}

/** A length as a screen reader should say it: `1 hour 2 minutes 3 seconds`. */
export function spokenDuration(seconds: number, locale = "en"): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts: [number, string][] = [
    [Math.floor(whole / 3600), "hour"],
    [Math.floor((whole % 3600) / 60), "minute"],
    [whole % 60, "second"],
  ];
  const said = parts.filter(([value, unit]) => value > 0 || (unit === "second" && whole === 0));
  return said
    .map(([value, unit]) => new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(value))
    .join(" ");
}

const STEPS: [limitS: number, unitS: number, unit: Intl.RelativeTimeFormatUnit][] = [
  [3_600, 60, "minute"],
  [86_400, 3_600, "hour"],
  [7 * 86_400, 86_400, "day"],
  [30 * 86_400, 7 * 86_400, "week"],
  [365 * 86_400, 30.44 * 86_400, "month"],
  [Infinity, 365.25 * 86_400, "year"],
];

/** How long ago, in the largest fitting unit: `3 days ago`; below a minute `now`. */
export function ago(when: string, nowMs: number, locale = "en"): string {
  const pastS = (nowMs - Date.parse(when)) / 1000;
  if (!Number.isFinite(pastS)) return "";
  const format = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  if (pastS < 60) return format.format(0, "second");
  const [, unitS, unit] = STEPS.find(([limit]) => pastS < limit)!;
  return format.format(-Math.floor(pastS / unitS), unit);
}

/** A date as the reader writes dates: `21 November 2026` for `en-GB`. */
export function longDate(when: string, locale: string = navigator.language): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: "long" }).format(new Date(when));
}

/** A size in decimal units, as file managers show it: `1.4 GB`. */
export function bytes(size: number, locale = "en"): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"];
  let value = size;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return new Intl.NumberFormat(locale, {
    style: "unit",
    unit: units[unit]!,
    unitDisplay: unit === 0 ? "long" : "short",
    maximumFractionDigits: value < 10 && unit > 0 ? 1 : 0,
  }).format(value);
}

export function whole(value: number, locale = "en"): string {
  return new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }).format(value);
}
