import { describe, expect, it } from 'vitest';
import { parseMinutes } from '../../main/headless/duration.ts';
import { editDistance, nearestWord } from '../../main/headless/nearest.ts';
import { defaultDataDirectory } from '../../main/headless/project-files.ts';
import { splitTiles } from '../../main/headless/render-image.ts';

describe('the words of the command line', () => {
  it.each([
    ['', '', 0],
    ['status', 'status', 0],
    ['stauts', 'status', 1],
    ['sttus', 'status', 1],
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
  ])('"%s" is as far from "%s" as a typist would say', (left, right, distance) => {
    expect(editDistance(left, right)).toBe(distance);
    expect(editDistance(right, left)).toBe(distance);
  });

  it.each([
    ['rendr', 'render'],
    ['tokens', 'tokenize'],
    ['xyz', undefined],
    ['', undefined],
  ])('"%s" meant %s', (word, meant) => {
    expect(nearestWord(word, ['render', 'run', 'tokenize', 'verify'])).toBe(meant);
  });

  it.each([
    ['30m', 30],
    ['45', 45],
    ['2h', 120],
    ['1h30m', 90],
    ['7d', 10_080],
  ])('%s is %i minutes', (text, minutes) => {
    expect(parseMinutes(text)).toBe(minutes);
  });

  it.each(['', 'm', '-5m', '1.5h', '30m!', '8d', '30s'])('"%s" is not a duration', (text) => {
    expect(() => parseMinutes(text)).toThrow('is not a duration from 1m to 7d');
  });
});

describe('where the data lies by default', () => {
  it.runIf(process.platform !== 'win32').each([
    ['linux', {}, '/home/a/.local/share/hearth'],
    ['linux', { XDG_DATA_HOME: '/data' }, '/data/hearth'],
    ['linux', { XDG_DATA_HOME: 'relative' }, '/home/a/.local/share/hearth'],
    ['darwin', { XDG_DATA_HOME: '/data' }, '/home/a/Library/Application Support/Hearth'],
    ['win32', { LOCALAPPDATA: '/local' }, '/local/Hearth'],
  ] as const)('on %s with %o it is %s', (platform, environment, path) => {
    expect(defaultDataDirectory(platform, environment, '/home/a')).toBe(path);
  });
});

describe('the tiles of a picture', () => {
  it.each([
    [1, 1],
    [128, 128],
    [129, 127],
    [1000, 3],
  ])('cover %i x %i pixels once', (width, height) => {
    const seen = new Uint8Array(width * height);
    for (const { x0, y0, x1, y1 } of splitTiles(width, height)) {
      for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) seen[y * width + x]! += 1;
    }
    expect(seen.every((count) => count === 1)).toBe(true);
  });
});
