/**
 * Gives windows their port to the core. A window asks once it has loaded; main checks who asks, makes a channel, and sends one
 * end each way. Nothing else goes over IPC: requests and bytes never pass through the main process.
 */
import type { IpcMain, IpcMainEvent, MessageChannelMain, MessagePortMain, WebContents } from 'electron';
import { CONNECT_CHANNEL, DASHBOARD_HOST, PORT_CHANNEL, WORKER_HOST } from './channels.ts';
import type { PortPurpose } from './core-messages.ts';
import { isTrustedFrame } from './trusted-sender.ts';

export interface PortBrokerParts {
  readonly ipcMain: Pick<IpcMain, 'on'>;
  readonly createChannel: () => Pick<MessageChannelMain, 'port1' | 'port2'>;
  /** Hands a port to the core; false where no core runs, then the port is closed. */
  readonly attachToCore: (purpose: PortPurpose, port: MessagePortMain) => boolean;
  /** The web contents that may ask for each purpose; null while that window is not there. */
  readonly contentsFor: (purpose: PortPurpose) => Pick<WebContents, 'postMessage'> | null;
  readonly log: (sentence: string) => void;
}

export interface PortBroker {
  /** Connects a window that has asked before to a new core. */
  reconnect(purpose: PortPurpose): void;
}

const hostByPurpose: Record<PortPurpose, string> = { api: DASHBOARD_HOST, worker: WORKER_HOST };

export function createPortBroker(parts: PortBrokerParts): PortBroker {
  const asked = new Map<PortPurpose, Pick<WebContents, 'postMessage'>>();

  function purposeOf(event: Pick<IpcMainEvent, 'sender' | 'senderFrame'>): PortPurpose | null {
    for (const purpose of ['api', 'worker'] as const) {
      const isOurs = parts.contentsFor(purpose) === event.sender;
      if (isOurs && isTrustedFrame(event.senderFrame, hostByPurpose[purpose])) return purpose;
    }
    return null;
  }

  function connect(purpose: PortPurpose, contents: Pick<WebContents, 'postMessage'>): void {
    const { port1, port2 } = parts.createChannel();
    if (parts.attachToCore(purpose, port1)) {
      contents.postMessage(PORT_CHANNEL, null, [port2]);
    } else {
      port1.close();
      port2.close();
    }
  }

  parts.ipcMain.on(CONNECT_CHANNEL, (event) => {
    const purpose = purposeOf(event);
    if (purpose === null) {
      parts.log(`Refused a port to ${event.senderFrame?.url ?? 'a frame that is gone'}: it is not one of our windows.`);
      return;
    }
    asked.set(purpose, event.sender);
    connect(purpose, event.sender);
  });

  return {
    reconnect(purpose) {
      const contents = asked.get(purpose);
      // A window that was closed meanwhile is not the one that asked.
      if (contents !== undefined && parts.contentsFor(purpose) === contents) connect(purpose, contents);
    },
  };
}
