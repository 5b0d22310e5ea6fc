import { maxPauseMinutes } from '../../protocol/node-messages.ts';
import { UsageError } from './cli-errors.ts';

const minutesByUnit: Readonly<Record<string, number>> = { m: 1, h: 60, d: 24 * 60 };

/** Minutes of `30m`, `2h`, `1h30m`, `1d` or a bare `45`. @throws UsageError outside 1 minute to 7 days. */
export function parseMinutes(text: string): number {
  const parts = /^\d+$/.test(text) ? [`${text}m`] : (text.match(/\d+[mhd]/g) ?? []);
  const isWhole = parts.length > 0 && (parts.join('') === text || /^\d+$/.test(text));
  const minutes = parts.reduce(
    (sum, part) => sum + Number(part.slice(0, -1)) * (minutesByUnit[part.slice(-1)] ?? 0),
    0,
  );
  if (isWhole && minutes >= 1 && minutes <= maxPauseMinutes) return minutes;
  throw new UsageError('INVALID_VALUE', `"${text}" is not a duration from 1m to 7d, such as 30m, 2h or 1h30m`);
}
