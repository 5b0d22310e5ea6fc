/** Denials: a page of ours stays where it is, opens nothing and is granted nothing. */
import type { Session, Shell, WebContents } from 'electron';

/** Hosts that may be opened in the owner's browser, over https only: block explorers and the project's pages. */
export const EXTERNAL_HOSTS: readonly string[] = ['github.com', 'basescan.org', 'sepolia.basescan.org', 'etherscan.io'];

/** Parsed, never matched by prefix: `https://github.com.evil.example` is another host. */
export function isAllowedExternal(address: string): boolean {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return false;
  }
  const plain = url.protocol === 'https:' && url.username === '' && url.password === '' && url.port === '';
  return plain && EXTERNAL_HOSTS.includes(url.hostname);
}

export type LockableContents = Pick<WebContents, 'on' | 'setWindowOpenHandler'>;

/** Applied to every web contents as it is created, so that none can be forgotten. */
export function lockDownContents(contents: LockableContents, shell: Pick<Shell, 'openExternal'>): void {
  contents.on('will-navigate', (event) => event.preventDefault());
  contents.on('will-redirect', (event) => event.preventDefault());
  contents.on('will-frame-navigate', (event) => event.preventDefault());
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(({ url }) => {
    // The browser may be missing or refuse; the page learns nothing either way.
    if (isAllowedExternal(url)) void Promise.resolve(shell.openExternal(url)).catch(() => {});
    return { action: 'deny' };
  });
}

export type LockableSession = Pick<
  Session,
  | 'setPermissionRequestHandler'
  | 'setPermissionCheckHandler'
  | 'setDevicePermissionHandler'
  | 'setDisplayMediaRequestHandler'
  | 'on'
>;

/** Electron approves every permission unless told otherwise; WebGPU needs none. */
export function lockDownSession(session: LockableSession): void {
  session.setPermissionRequestHandler((_contents, _permission, callback) => callback(false));
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  session.setDisplayMediaRequestHandler((_request, callback) => callback(null));
  session.on('will-download', (event) => event.preventDefault());
}
