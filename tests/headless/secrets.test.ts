import { execFileSync } from 'node:child_process';
import { afterEach, expect, test, vi } from 'vitest';
import { readSecret, takeSecret, withoutSecrets } from '../../main/headless/secrets.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

test('a secret that was taken is inherited by no process started later', () => {
  vi.stubEnv('HEARTH_PASSPHRASE', 'correct horse');
  expect(takeSecret('HEARTH_PASSPHRASE')).toBe('correct horse');
  expect(takeSecret('HEARTH_PASSPHRASE')).toBeUndefined();
  const inherited = execFileSync(process.execPath, ['-p', 'JSON.stringify(process.env)'], { encoding: 'utf8' });
  expect(inherited).not.toContain('correct horse');
});

test('an empty secret is none', () => {
  vi.stubEnv('HEARTH_PASSPHRASE', '');
  expect(readSecret('HEARTH_PASSPHRASE')).toBeUndefined();
});

test('the GPU worker inherits nothing whose name says that it opens or pays', () => {
  const environment = {
    HEARTH_PASSPHRASE: 'a',
    HEARTH_BACKUP_PASSPHRASE: 'b',
    PRIVATE_KEY: 'c',
    wallet_mnemonic: 'd',
    API_TOKEN: 'e',
    AWS_SECRET_ACCESS: 'f',
    PATH: '/usr/bin',
    VK_ICD_FILENAMES: 'lvp.json',
  };
  expect(withoutSecrets(environment)).toEqual({ PATH: '/usr/bin', VK_ICD_FILENAMES: 'lvp.json' });
});
