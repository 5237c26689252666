/**
 * Numbers, durations, sizes and times as people read them, in the page's language.
 *
 * Contract: pure functions of their arguments, except `relativeTime`, which reads the clock. A value that is unknown
 * (`null`, `undefined`, `NaN`) becomes an en dash.
 */

/** The language of the page (BCP 47). */
export const lang = "en";

const unknown = "–";

/** @param {Intl.NumberFormatOptions} options */
function formatter(options) {
  const format = new Intl.NumberFormat(lang, options);
  return (/** @type {?number | undefined} */ value) =>
    value == null || Number.isNaN(value) ? unknown : format.format(value);
}

/** An integer, or a number with up to two decimals: `10,000`. */
export const number = formatter({maximumFractionDigits: 2});
/** Three significant digits, for values that change: `12.3`. */
export const rate = formatter({maximumSignificantDigits: 3});
/** A part of one: `12 %`. */
export const percent = formatter({style: "percent", maximumFractionDigits: 1});

const units = {
  ms: formatter({style: "unit", unit: "millisecond", unitDisplay: "narrow", maximumSignificantDigits: 3}),
  s: formatter({style: "unit", unit: "second", unitDisplay: "narrow", maximumSignificantDigits: 3}),
  wholeSeconds: formatter({style: "unit", unit: "second", maximumFractionDigits: 0}),
  minutes: formatter({style: "unit", unit: "minute", maximumFractionDigits: 0}),
  hours: formatter({style: "unit", unit: "hour", maximumFractionDigits: 0}),
  days: formatter({style: "unit", unit: "day", maximumFractionDigits: 0}),
};

/**
 * A duration: `8ms`, `1.4s`, `2 min 5 sec`.
 * @param {?number | undefined} seconds
 */
export function duration(seconds) {
  if (seconds == null || Number.isNaN(seconds)) return unknown;
  if (seconds < 1) return units.ms(seconds * 1000);
  if (seconds < 60) return units.s(seconds);
  const whole = Math.round(seconds);
  const [days, hours, minutes] = [Math.floor(whole / 86400), Math.floor((whole % 86400) / 3600), (whole % 3600) / 60];
  if (days > 0) return `${units.days(days)} ${units.hours(hours)}`;
  if (hours > 0) return `${units.hours(hours)} ${units.minutes(Math.floor(minutes))}`;
  return `${units.minutes(Math.floor(minutes))} ${units.wholeSeconds(whole % 60)}`;
}

/**
 * A size: `412 byte`, `1.4 kB` of 1000 bytes each.
 * @param {?number | undefined} count
 */
export function bytes(count) {
  if (count == null) return unknown;
  const power = Math.min(3, Math.max(0, Math.floor(Math.log10(Math.max(1, count)) / 3)));
  const unit = ["byte", "kilobyte", "megabyte", "gigabyte"][power];
  const format = new Intl.NumberFormat(lang, {style: "unit", unit, maximumSignificantDigits: 3});
  return format.format(count / 1000 ** power);
}

/** @typedef {Date | string | number | null | undefined} Time A Date, an ISO text, or milliseconds since 1970. */

/** @param {Intl.DateTimeFormatOptions} options */
function timeFormatter(options) {
  const format = new Intl.DateTimeFormat(lang, {hourCycle: "h23", ...options});
  return (/** @type {Time} */ time) => {
    const date = time == null ? null : new Date(time);
    return date && !Number.isNaN(date.getTime()) ? format.format(date) : unknown;
  };
}

/** The time of day: `14:02`. */
export const clock = timeFormatter({hour: "2-digit", minute: "2-digit"});
/** The time of day with seconds: `14:02:11`. */
export const clockSeconds = timeFormatter({hour: "2-digit", minute: "2-digit", second: "2-digit"});
/** The time of day with the day: `3 Mar, 14:02`. */
export const dayClock = timeFormatter({day: "numeric", month: "short", hour: "2-digit", minute: "2-digit"});
/** Date and time: `3 Mar 2026, 14:02:11`. */
export const dateTime = timeFormatter({dateStyle: "medium", timeStyle: "medium"});

const relative = new Intl.RelativeTimeFormat(lang, {numeric: "auto"});
/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const steps = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

/**
 * The distance from now: `5 minutes ago`.
 * @param {Time} time
 */
export function relativeTime(time) {
  if (time == null) return unknown;
  const seconds = (new Date(time).getTime() - Date.now()) / 1000;
  const [unit, size] = steps.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return relative.format(Math.round(seconds / size), unit);
}

const plurals = new Intl.PluralRules(lang);

/**
 * The form of a text for a number, with `#` replaced by the number: `plural(2, "# replica", "# replicas")`.
 * @param {number} count
 * @param {string} one
 * @param {string} other
 */
export const plural = (count, one, other) =>
  (plurals.select(count) === "one" ? one : other).replace("#", number(count));

const lists = new Intl.ListFormat(lang, {type: "conjunction"});

/**
 * A list in a sentence: `a, b, and c`.
 * @param {string[]} parts
 */
export const list = (parts) => lists.format(parts);

/**
 * A text, cut after `max` characters with an ellipsis.
 * @param {string} text
 * @param {number} max
 */
export const shortened = (text, max) => (text.length > max ? `${text.slice(0, max - 1)}…` : text);
