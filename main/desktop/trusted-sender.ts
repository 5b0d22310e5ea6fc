/** Whether an IPC message comes from a page of ours. */
import { APP_SCHEME } from './channels.ts';

/** The part of Electron's WebFrameMain that is used. */
export interface SenderFrame {
  readonly url: string;
  readonly parent: unknown;
}

/** Only the top frame of `app://<host>/` itself; null is a frame that has navigated away or is gone. */
export function isTrustedFrame(frame: SenderFrame | null, host: string): boolean {
  if (frame === null || frame.parent !== null) return false;
  let url: URL;
  try {
    url = new URL(frame.url);
  } catch {
    return false;
  }
  // `origin` is "null" for schemes Node's URL does not know, so the parts are compared.
  return url.protocol === `${APP_SCHEME}:` && url.hostname === host && url.port === '' && url.username === '';
}
