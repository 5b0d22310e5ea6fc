import type { TuningRecord } from '../../messages.ts';

/** What a cache may hold: enough for every family and shape of many models, and never a burden to read. */
export const TUNING_LIMITS = { records: 512, keyCharacters: 600, choiceCharacters: 64 } as const;

/** The records among `value` that are well-formed, the newest up to the limit. A cache is a help: what is broken in it is left out. */
export function readTuningRecords(value: unknown): TuningRecord[] {
  if (!Array.isArray(value)) return [];
  const records = new Map<string, TuningRecord>();
  for (const item of value.slice(-TUNING_LIMITS.records) as unknown[]) {
    if (typeof item !== 'object' || item === null) continue;
    const { key, choice } = item as { key?: unknown; choice?: unknown };
    if (!isShort(key, TUNING_LIMITS.keyCharacters) || !isShort(choice, TUNING_LIMITS.choiceCharacters)) continue;
    records.set(key, { key, choice });
  }
  return [...records.values()];
}

function isShort(value: unknown, characters: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= characters;
}
