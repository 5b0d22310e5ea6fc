import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StaticServer {
  readonly origin: string;
  close(): Promise<void>;
}

const types: Readonly<Record<string, string>> = { js: 'text/javascript', html: 'text/html; charset=utf-8' };

/**
 * Serves the given files, by their address, on a free loopback port: a secure context, as WebGPU wants one. All come with the
 * content security policy, where there is one.
 */
export async function serveFiles(
  files: Readonly<Record<string, string | URL>>,
  policy?: string,
): Promise<StaticServer> {
  const common = policy === undefined ? {} : { 'content-security-policy': policy };
  const server = createServer((request, response) => {
    const address = request.url ?? '';
    const file = files[address];
    if (file === undefined) {
      response.writeHead(404).end();
      return;
    }
    const type = types[address.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
    readFile(file).then(
      (bytes) => response.writeHead(200, { ...common, 'content-type': type }).end(bytes),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
