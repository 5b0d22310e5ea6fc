import { formatAmount } from '../../../protocol/money.ts';
import { locale } from './messages.ts';

/** Exact: the decimal text goes to Intl as text, never as a float. */
export function formatMoney(
  amount: string,
  earnings: { readonly decimals: number; readonly currency: string },
): string {
  return `${formatMoneyFigure(amount, earnings.decimals)} ${earnings.currency}`;
}

export function formatMoneyFigure(amount: string, decimals: number): string {
  const format = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: decimals });
  return format.format(formatAmount(BigInt(amount), decimals) as Intl.StringNumericLiteral);
}

/** A place on the money axis: as many decimals as the token has, none that says nothing. */
export function formatAxisAmount(value: number, decimals: number): string {
  return new Intl.NumberFormat(locale, { maximumFractionDigits: decimals }).format(value);
}

const compact = new Intl.NumberFormat(locale, { notation: 'compact', maximumSignificantDigits: 3 });
const plain = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const fraction = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 });

/** 12 stays 12, 1234567 becomes 1.23M. */
export function formatCount(value: string | number): string {
  const number = Number(value);
  return number < 10_000 ? plain.format(number) : compact.format(number);
}

export function formatSpeed(perSecond: number): string {
  return perSecond < 1000 ? fraction.format(perSecond) : compact.format(perSecond);
}

const prefixes = ['', 'k', 'M', 'G', 'T', 'P'];

/** `12.3 GB/s`, decimal prefixes as bandwidth is given everywhere. */
export function formatRate(perSecond: number, unit: string): string {
  const step = Math.min(prefixes.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, perSecond)) / 3)));
  return `${fraction.format(perSecond / 1000 ** step)} ${prefixes[step] ?? ''}${unit}`;
}

export function formatGibibytes(sizeBytes: number): string {
  return `${fraction.format(sizeBytes / 1024 ** 3)} GiB`;
}

export function formatPercent(percent: number): string {
  return new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 }).format(percent / 100);
}

export function formatCelsius(degrees: number): string {
  return new Intl.NumberFormat(locale, { style: 'unit', unit: 'celsius', maximumFractionDigits: 0 }).format(degrees);
}

const clock = new Intl.DateTimeFormat(locale, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const dateAndTime = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' });

export function formatClock(atMs: number): string {
  return clock.format(atMs);
}

export function formatDateAndTime(atMs: number): string {
  return dateAndTime.format(atMs);
}

const day = new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric' });

export function formatDay(atMs: number): string {
  return day.format(atMs);
}

/** `12 sec`, `5 min`, `2 hr`, `3 days`: one unit is enough to know. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  const steps = [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
    ['second', 1],
  ] as const;
  const [unit, size] = steps.find(([, size]) => seconds >= size) ?? ['second', 1];
  const format = new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' });
  return format.format(Math.floor(seconds / size));
}

/** `0x1234…abcd`: enough to compare by eye, and the whole is in the title. */
export function shorten(text: string): string {
  return text.length <= 14 ? text : `${text.slice(0, 6)}…${text.slice(-4)}`;
}
