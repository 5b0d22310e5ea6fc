/** Our app:// handler behind a loopback HTTP server, so that a plain Chromium meets the same files, types and policies. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAppSchemeHandler } from '../../main/desktop/app-scheme.ts';
import type { AppSchemeOptions } from '../../main/desktop/app-scheme.ts';

export interface AppSchemeServer {
  readonly origin: string;
  close(): void;
}

/** `host` is the one of app://host/ that the server stands for. */
export async function serveAppScheme(host: string, options: AppSchemeOptions): Promise<AppSchemeServer> {
  const serve = createAppSchemeHandler(options);
  const server = createServer(async (request, response) => {
    const answer = await serve(new Request(`app://${host}${request.url ?? '/'}`));
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
