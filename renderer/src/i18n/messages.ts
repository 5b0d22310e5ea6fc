/** Texts by typed key. A placeholder that is not filled stays visible, so that a test finds it. */
import english from './en.json';

export type MessageKey = keyof typeof english;

/** `tasks.running` for `tasks.running.one` and `tasks.running.other`. */
export type CountedKey = MessageKey extends infer Key ? (Key extends `${infer Stem}.other` ? Stem : never) : never;

export const locale = 'en';
const plurals = new Intl.PluralRules(locale);

export function translate(key: MessageKey, values: Readonly<Record<string, string>> = {}): string {
  return english[key].replaceAll(/\{(\w+)\}/g, (placeholder, name: string) => values[name] ?? placeholder);
}

export function translateCount(key: CountedKey, count: number): string {
  const form = plurals.select(count) === 'one' ? 'one' : 'other';
  return translate(`${key}.${form}`, { count: new Intl.NumberFormat(locale).format(count) });
}
