import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import {
  APP_SCHEME_PRIVILEGES,
  createAppSchemeHandler,
  DASHBOARD_POLICY,
  resolveInside,
  WORKER_POLICY,
} from '../../main/desktop/app-scheme.ts';
import { createGrantedFiles } from '../../main/desktop/granted-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'hearth-app-scheme-'));
afterAll(() => rmSync(folder, { recursive: true }));
for (const [path, text] of Object.entries({
  'renderer/index.html': '<p>dashboard</p>',
  'renderer/assets/main.js': 'export {}',
  'renderer/.env': 'SECRET=1',
  'worker-page/index.html': '<p>worker</p>',
  'worker/gpu-worker.js': 'self.x = 1',
  'secret.html': 'outside',
  'model.gguf': 'GGUF bytes',
})) {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const granted = createGrantedFiles(() => 'token-1');
const serve = createAppSchemeHandler({
  dashboardDirectory: join(folder, 'renderer'),
  workerPageDirectory: join(folder, 'worker-page'),
  workerDirectory: join(folder, 'worker'),
  openGranted: (token) => granted.open(token),
});

async function get(address: string): Promise<{ status: number; type: string | null; text: string }> {
  const response = await serve(new Request(address));
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
}

test.each([
  ['app://dashboard/index.html', 'text/html; charset=utf-8', '<p>dashboard</p>'],
  ['app://dashboard/', 'text/html; charset=utf-8', '<p>dashboard</p>'],
  ['app://dashboard/assets/main.js', 'text/javascript; charset=utf-8', 'export {}'],
  ['app://worker/index.html', 'text/html; charset=utf-8', '<p>worker</p>'],
  ['app://worker/engine/gpu-worker.js', 'text/javascript; charset=utf-8', 'self.x = 1'],
])('%s is served with its type', async (address, type, text) => {
  expect(await get(address)).toEqual({ status: 200, type, text });
});

test.each([
  ['app://dashboard/missing.html', 404],
  ['app://elsewhere/index.html', 404],
  ['app://dashboard/%2e%2e%2fsecret.html', 403],
  ['app://dashboard/..%5csecret.html', 403],
  ['app://dashboard/.env', 403],
  ['app://dashboard/%00index.html', 403],
  ['app://dashboard/%zz.html', 403],
  ['app://dashboard/granted/token-1', 403],
  ['app://dashboard/engine/gpu-worker.js', 404],
  ['app://worker/granted/never-granted', 404],
])('%s is refused with %i', async (address, status) => {
  expect((await get(address)).status).toBe(status);
});

test('only GET is served', async () => {
  const response = await serve(new Request('app://dashboard/index.html', { method: 'POST', body: 'x' }));
  expect(response.status).toBe(405);
});

test('every response carries the policy of its window', async () => {
  const policies = await Promise.all(
    ['app://dashboard/index.html', 'app://worker/index.html'].map(async (address) =>
      (await serve(new Request(address))).headers.get('content-security-policy'),
    ),
  );
  expect(policies).toEqual([DASHBOARD_POLICY, WORKER_POLICY]);
  for (const policy of policies) {
    expect(policy).toContain("default-src 'none'");
    // Compiling WebAssembly is not evaluating text; the decoders of scenes need it.
    expect(policy?.replace("'wasm-unsafe-eval'", '')).not.toMatch(/unsafe|\*|https?:/);
  }
});

test('a granted file is read by its token until it is revoked', async () => {
  const token = granted.grant(join(folder, 'model.gguf'));
  expect(await get(`app://worker/granted/${token}`)).toEqual({
    status: 200,
    type: 'application/octet-stream',
    text: 'GGUF bytes',
  });
  granted.revoke(token);
  expect((await get(`app://worker/granted/${token}`)).status).toBe(404);
});

test('a granted folder or a file that is gone is not found', async () => {
  for (const path of [folder, join(folder, 'gone.gguf')]) {
    expect(await granted.open(granted.grant(path))).toBeNull();
  }
});

test('the oldest grant falls out when there are too many', async () => {
  let count = 0;
  const files = createGrantedFiles(() => `token-${count++}`);
  for (let index = 0; index < 65; index++) files.grant(join(folder, 'model.gguf'));
  const open = await Promise.all(['token-0', 'token-1', 'token-64'].map(async (t) => (await files.open(t))?.status));
  expect(open).toEqual([undefined, 200, 200]);
});

test('the scheme is a secure context that bypasses nothing', () => {
  expect(APP_SCHEME_PRIVILEGES).toEqual({
    scheme: 'app',
    privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true },
  });
});

test('a path that climbs out of its folder resolves to nothing', () => {
  const paths = ['/a.js', '/../a.js', '/a/../../b.js', '/', '//etc/passwd'].map((path) => resolveInside('/root', path));
  expect(paths).toEqual(['/root/a.js', null, null, '/root/index.html', '/root/etc/passwd']);
});
