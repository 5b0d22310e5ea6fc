import { expect, test } from 'vitest';
import { isAllowedExternal, lockDownContents, lockDownSession } from '../../main/desktop/lock-down.ts';
import { FakeContents, FakeSession } from './electron-fakes.ts';

function lockedContents(): { contents: FakeContents; opened: string[] } {
  const contents = new FakeContents();
  const opened: string[] = [];
  lockDownContents(contents.asContents(), {
    openExternal: (address) => {
      opened.push(address);
      return Promise.reject(new Error('no browser'));
    },
  });
  return { contents, opened };
}

test.each(['will-navigate', 'will-redirect', 'will-frame-navigate', 'will-attach-webview'])('%s is denied', (name) => {
  const { contents } = lockedContents();
  let prevented = false;
  contents.emit(name, { preventDefault: () => (prevented = true) });
  expect(prevented).toBe(true);
});

test('a page opens no window; an address on the list opens in the browser, even where that fails', () => {
  const { contents, opened } = lockedContents();
  const addresses = ['https://basescan.org/tx/0x1', 'https://evil.example/', 'app://dashboard/index.html'];
  expect(addresses.map((url) => contents.openHandler?.({ url }))).toEqual(addresses.map(() => ({ action: 'deny' })));
  expect(opened).toEqual(['https://basescan.org/tx/0x1']);
});

test.each([
  ['https://github.com/someone/hearth', true],
  ['http://github.com/', false],
  ['https://github.com.evil.example/', false],
  ['https://github.com@evil.example/', false],
  ['https://user@github.com/', false],
  ['https://github.com:8443/', false],
  ['file:///etc/passwd', false],
  ['javascript:alert(1)', false],
  ['not an address', false],
])('%s may be opened outside: %s', (address, allowed) => {
  expect(isAllowedExternal(address)).toBe(allowed);
});

test('a session grants no permission, no device, no screen and no download', () => {
  const session = new FakeSession();
  lockDownSession(session.asSession());
  const answers: unknown[] = [];
  const call = (name: string, ...parameters: unknown[]): unknown =>
    (session.handlers.get(name) as ((...parameters: unknown[]) => unknown) | undefined)?.(...parameters);
  call('request', {}, 'media', (granted: boolean) => answers.push(granted));
  answers.push(call('check'), call('device'));
  call('display', {}, (streams: unknown) => answers.push(streams));
  session.emit('will-download', { preventDefault: () => answers.push('prevented') });
  expect(answers).toEqual([false, false, false, null, 'prevented']);
});
