import { readFile } from 'node:fs/promises';
import { extname, resolve, sep } from 'node:path';

export interface StaticAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

/** Nothing inline, nothing from elsewhere; the WebSocket is named because older browsers do not count it as 'self'. */
export function securityHeaders(port: number): Record<string, string> {
  const sockets = `ws://127.0.0.1:${port} ws://localhost:${port}`;
  return {
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' data:",
      "font-src 'self'",
      `connect-src 'self' ${sockets}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=()',
    'cache-control': 'no-store',
  };
}

/** Serves the built dashboard from `directory`; paths that leave it and types that are not ours do not exist. */
export async function readDashboardFile(directory: string, pathname: string): Promise<StaticAnswer> {
  const path = resolveInside(directory, pathname);
  const contentType = path === undefined ? undefined : contentTypes[extname(path)];
  if (path === undefined || contentType === undefined)
    return plain(404, `There is no ${JSON.stringify(pathname)} here.\n`);
  try {
    return { status: 200, headers: { 'content-type': contentType }, body: await readFile(path) };
  } catch {
    const isPage = pathname === '/' || pathname === '/index.html';
    return isPage
      ? plain(503, 'The dashboard is not built. Run "npm run build" in the project folder and load this page again.\n')
      : plain(404, `There is no ${JSON.stringify(pathname)} here.\n`);
  }
}

function resolveInside(directory: string, pathname: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
  if (decoded.includes('\0') || decoded.includes('\\')) return undefined;
  const root = resolve(directory);
  const path = resolve(root, `.${decoded === '/' ? '/index.html' : decoded}`);
  return path.startsWith(root + sep) ? path : undefined;
}

function plain(status: number, sentence: string): StaticAnswer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: Buffer.from(sentence) };
}
