import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseSettings, readSettings } from '../../main/desktop/settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'hearth-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));

const token = `0x${'ab'.repeat(20)}`;

test.each([
  [[], 'settings.json: the file must hold one JSON object'],
  [
    { adaptor: 'real' },
    'settings.json: "adaptor" is not known; known are name, adapter, listen, bootstrap, chain, x402',
  ],
  [{ name: '' }, 'settings.json: name must be a text of 1 to 64 characters'],
  [{ adapter: 1 }, 'settings.json: adapter must be "real", "software" or part of a name'],
  [{ listen: '/ip4/0.0.0.0/tcp/1' }, 'settings.json: listen must be a list of multiaddresses'],
  [{ bootstrap: ['localhost:1'] }, 'settings.json: bootstrap must be a list of multiaddresses'],
  [{ chain: 'base' }, 'settings.json: chain must be an object with rpcUrl and token'],
  [{ chain: { rpcUrl: 'ftp://x', token } }, 'settings.json: chain.rpcUrl must be an http or https URL'],
  [
    { chain: { rpcUrl: 'https://x', token: '0x12' } },
    'settings.json: chain.token must be an address of 0x and 40 hex digits',
  ],
  [{ x402: 8402 }, 'settings.json: x402 must be an object with port and, where it is not 127.0.0.1, host'],
  [{ x402: { port: '80' } }, 'settings.json: x402.port must be a port from 0 (any free one) to 65535'],
  [{ x402: { port: 65_536 } }, 'settings.json: x402.port must be a port'],
  [{ x402: { port: 1, host: 'example.org' } }, 'settings.json: x402.host must be an IP address'],
])('%j is refused: %s', (value, message) => {
  expect(() => parseSettings(value, 'settings.json')).toThrow(message);
});

test('good settings are read as they are', async () => {
  const settings = {
    name: 'attic',
    adapter: 'nvidia',
    listen: ['/ip4/0.0.0.0/tcp/4001'],
    bootstrap: [],
    chain: { rpcUrl: 'https://chain.example/', token },
    x402: { port: 8402, host: '::1' },
  };
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings));
  expect(await readSettings(join(folder, 'settings.json'))).toEqual(settings);
});

test('no file is no settings; a file that is no JSON is refused by name', async () => {
  expect(await readSettings(join(folder, 'absent.json'))).toEqual({});
  writeFileSync(join(folder, 'broken.json'), '{');
  await expect(readSettings(join(folder, 'broken.json'))).rejects.toMatchObject({ code: 'BAD_SETTINGS' });
  await expect(readSettings(folder)).rejects.toMatchObject({ code: 'BAD_SETTINGS' });
});
