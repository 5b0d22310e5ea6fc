import { SceneError } from './scene-error.ts';

/**
 * The place of what a setting asks for: a number counts from 0, anything else is a name.
 *
 * @throws SceneError naming the setting, with what there is to choose from.
 */
export function choose(setting: string, wanted: string, names: readonly (readonly string[])[], noun: string): number {
  const number = /^\d{1,9}$/.test(wanted) ? Number(wanted) : undefined;
  const place = number ?? names.findIndex((list) => list.includes(wanted));
  if (place >= 0 && place < names.length) return place;
  const list = names
    .slice(0, 16)
    .map((all, index) => (all[0] === undefined ? `${index}` : `${index} "${all[0].slice(0, 60)}"`));
  const there = names.length === 0 ? `no ${noun}` : `these: ${list.join(', ')}${names.length > 16 ? ', ...' : ''}`;
  throw new SceneError('invalid-setting', `${setting} is "${wanted.slice(0, 60)}"; the scene has ${there}`, {
    field: setting,
    value: wanted.slice(0, 60),
    limit: names.length,
  });
}
