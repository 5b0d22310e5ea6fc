/** The node core's end of a port: answers checked requests and pushes every snapshot. */
import { errorText, HearthError } from '../../protocol/errors.ts';
import type { ErrorShape } from '../../protocol/errors.ts';
import type { NodeApi } from '../../protocol/node-api.ts';
import { parseNodeRequest } from '../../protocol/node-messages.ts';
import type { NodeOutboundMessage } from '../../protocol/node-messages.ts';
import type { DesktopPort } from './ports.ts';

/** Returns the function that ends the service; the port's own end does the same. */
export function serveNodeApi(port: DesktopPort, api: NodeApi): () => void {
  let open = true;
  const send = (message: NodeOutboundMessage): void => {
    if (open) port.send(message);
  };
  const unsubscribe = api.subscribe((snapshot) => send({ event: 'snapshot', snapshot }));
  const end = (): void => {
    if (!open) return;
    open = false;
    unsubscribe();
  };
  port.onClose(end);
  port.onMessage((message) => {
    const parsed = parseNodeRequest(message);
    if (!parsed.ok) {
      if (parsed.id !== null) send({ id: parsed.id, ok: false, error: { code: parsed.code, message: parsed.message } });
      return;
    }
    const { id, name, parameters } = parsed.request;
    // Wrapped, so that an implementation that throws instead of rejecting is answered too.
    Promise.resolve()
      .then(() => api.request(name, parameters))
      .then(
        (result) => send({ id, ok: true, result }),
        (error: unknown) => send({ id, ok: false, error: toErrorShape(error) }),
      );
  });
  return () => {
    end();
    port.close();
  };
}

function toErrorShape(error: unknown): ErrorShape {
  if (error instanceof HearthError) return error.toShape();
  return { code: 'INTERNAL', message: errorText(error) };
}
