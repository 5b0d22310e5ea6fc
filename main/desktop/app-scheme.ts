/**
 * `app://dashboard/` and `app://worker/`: our own built files, never file://. A privileged scheme is a secure context, which
 * WebGPU needs, and gets a content security policy on every response.
 */
import { readFile } from 'node:fs/promises';
import { extname, resolve, sep } from 'node:path';
import type { CustomScheme } from 'electron';
import { APP_SCHEME, DASHBOARD_HOST, ENGINE_PREFIX, GRANTED_PREFIX, WORKER_HOST } from './channels.ts';

/** To be registered before `ready`. No `bypassCSP`, no service workers, no extensions: what is not named is off. */
export const APP_SCHEME_PRIVILEGES: CustomScheme = {
  scheme: APP_SCHEME,
  privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true },
};

/** The dashboard shows text and pictures of its own and talks to nobody but the bridge. */
export const DASHBOARD_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The worker page runs its script, its decoders of scenes (WebAssembly), one Web Worker, and reads the files it was granted. */
export const WORKER_POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
};

export interface AppSchemeOptions {
  /** Folder with the built dashboard. */
  readonly dashboardDirectory: string;
  /** Folder with the worker window's page. */
  readonly workerPageDirectory: string;
  /** Folder with the built GPU worker, served below `/engine/`. */
  readonly workerDirectory: string;
  /** Answers `app://worker/granted/<token>`; null where the token was never granted. */
  readonly openGranted: (token: string) => Promise<Response | null>;
}

/** The handler for `protocol.handle`: 200 with type and policy, else 403, 404 or 405 with a sentence. */
export function createAppSchemeHandler(options: AppSchemeOptions): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== 'GET') return refusal(405, `only GET is served, got ${request.method}`);
    const url = new URL(request.url);
    const isWorker = url.hostname === WORKER_HOST;
    if (!isWorker && url.hostname !== DASHBOARD_HOST) return refusal(404, `no host "${url.hostname}"`);
    const policy = isWorker ? WORKER_POLICY : DASHBOARD_POLICY;
    if (isWorker && url.pathname.startsWith(GRANTED_PREFIX)) {
      return (await options.openGranted(url.pathname.slice(GRANTED_PREFIX.length))) ?? refusal(404, 'no such grant');
    }
    const path = isWorker ? workerFile(options, url.pathname) : resolveInside(options.dashboardDirectory, url.pathname);
    if (path === null) return refusal(403, 'the path leaves the folder that is served');
    const contentType = contentTypes[extname(path)];
    if (contentType === undefined) return refusal(403, `files of type "${extname(path)}" are not served`);
    try {
      return new Response(await readFile(path), { headers: securityHeaders(contentType, policy) });
    } catch {
      return refusal(404, `no file ${url.pathname}`);
    }
  };
}

function workerFile(options: AppSchemeOptions, urlPath: string): string | null {
  return urlPath.startsWith(ENGINE_PREFIX)
    ? resolveInside(options.workerDirectory, urlPath.slice(ENGINE_PREFIX.length - 1))
    : resolveInside(options.workerPageDirectory, urlPath);
}

/** The file a URL path names, or null where it would leave `directory` (encoded dots, backslashes, drive letters). */
export function resolveInside(directory: string, urlPath: string): string | null {
  let decoded: string;
  try {
    decoded = decodeURIComponent(urlPath);
  } catch {
    return null;
  }
  if (decoded.includes('\0') || decoded.includes('\\')) return null;
  const root = resolve(directory);
  const path = resolve(root, `.${decoded.endsWith('/') ? `${decoded}index.html` : decoded}`);
  return path.startsWith(root + sep) ? path : null;
}

function securityHeaders(contentType: string, policy: string): Record<string, string> {
  return {
    'content-type': contentType,
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'cross-origin-opener-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  };
}

function refusal(status: number, sentence: string): Response {
  return new Response(sentence, {
    status,
    headers: securityHeaders('text/plain; charset=utf-8', "default-src 'none'"),
  });
}
