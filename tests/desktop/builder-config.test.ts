import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Configuration } from 'electron-builder';
import { expect, test } from 'vitest';
import { drawAllIcons } from '../../scripts/make-icons.mjs';
import { decode } from 'fast-png';
import { ICON_SHAPES } from '../../main/desktop/state-words.ts';

const require = createRequire(import.meta.url);
const projectDirectory = fileURLToPath(new URL('../..', import.meta.url));

interface ConfigurationModule {
  getConfig(projectDirectory: string, path: string, overrides: null): Promise<Configuration>;
  validateConfiguration(configuration: object, log: { readonly isEnabled: boolean }): Promise<void>;
}
const { getConfig, validateConfiguration } = require('app-builder-lib/out/util/config/config') as ConfigurationModule;

const log = { isEnabled: false };
const configuration = await getConfig(projectDirectory, 'electron-builder.yml', null);

test("the builder's configuration passes electron-builder's own schema", async () => {
  await expect(validateConfiguration(configuration, log)).resolves.toBeUndefined();
});

test('the schema check is a real one: a misspelt key is refused', async () => {
  await expect(validateConfiguration({ ...configuration, electronFuse: {} }, log)).rejects.toThrow(/electronFuse/);
});

test('every fuse is set, and every one to the closed side', () => {
  // Required: a fuse that a new version adds is a compile error here until it is decided.
  const decided: Required<NonNullable<Configuration['electronFuses']>> = {
    runAsNode: false,
    enableCookieEncryption: true,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    loadBrowserProcessSpecificV8Snapshot: false,
    grantFileProtocolExtraPrivileges: false,
    resetAdHocDarwinSignature: true,
  };
  expect(configuration.electronFuses).toEqual(decided);
});

test('the schema knows no fuse that is not decided', () => {
  const schema = require('app-builder-lib/scheme.json') as {
    definitions: { FuseOptionsV1: { properties: Record<string, unknown> } };
  };
  const known = Object.keys(schema.definitions.FuseOptionsV1.properties);
  expect(Object.keys(configuration.electronFuses ?? {}).toSorted()).toEqual(known.toSorted());
});

test('every system gets its installers, built from what the build made', () => {
  const { mac, win, linux, asar, files } = configuration;
  const targets = [mac, win, linux].map((system) =>
    ((system?.target ?? []) as { target: string }[]).map(({ target }) => target),
  );
  expect(targets).toEqual([['dmg', 'zip'], ['nsis'], ['AppImage', 'deb']]);
  expect(asar).toBe(true);
  const { main } = require('../../package.json') as { main: string };
  expect(main).toBe('dist/desktop/main.js');
  expect(JSON.stringify(files)).toContain('dist/desktop/**');
});

const drawn = drawAllIcons();

test.each([...drawn.keys()])('%s is what the script draws', (path) => {
  const committed = decode(readFileSync(`${projectDirectory}${path}`));
  const icon = drawn.get(path)!;
  expect([committed.width, committed.height]).toEqual([icon.width, icon.height]);
  expect(Buffer.compare(Buffer.from(committed.data.buffer), Buffer.from(icon.data.buffer))).toBe(0);
});

function filled(shape: string): boolean[] {
  const { data } = drawn.get(`assets/tray/tray-${shape}Template@2x.png`)!;
  return Array.from({ length: data.length / 4 }, (_, pixel) => data[pixel * 4 + 3]! > 127);
}

test('the states are told apart without colour: the shapes of any two differ in a quarter of what either fills', () => {
  const alike = ICON_SHAPES.flatMap((one, index) =>
    ICON_SHAPES.slice(index + 1).flatMap((other) => {
      const [a, b] = [filled(one), filled(other)];
      const different = a.filter((value, pixel) => value !== b[pixel]).length;
      const either = a.filter((value, pixel) => value || b[pixel]).length;
      return different / either < 0.25 ? [`${one} and ${other}`] : [];
    }),
  );
  expect(alike).toEqual([]);
});
