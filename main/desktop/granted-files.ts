/**
 * The worker page is sandboxed and cannot open paths. The core grants it single files: a random token stands for one
 * path, and only `app://worker/granted/<token>` reads it. The page turns the answer into a Blob, which the worker reads
 * in ranges like any other source.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';

/** A model or scene is granted once and revoked with its load; more open grants than this are a leak. */
const MAX_GRANTS = 64;

export interface GrantedFiles {
  /** Returns the token; the oldest grant falls out when there are too many. */
  grant(path: string): string;
  revoke(token: string): void;
  /** Streams the file; null when the token was never granted, was revoked, or the file is gone. */
  open(token: string): Promise<Response | null>;
}

export function createGrantedFiles(createToken: () => string = randomUUID): GrantedFiles {
  const pathByToken = new Map<string, string>();
  return {
    grant(path) {
      const oldest = pathByToken.size < MAX_GRANTS ? undefined : pathByToken.keys().next().value;
      if (oldest !== undefined) pathByToken.delete(oldest);
      const token = createToken();
      pathByToken.set(token, path);
      return token;
    },
    revoke: (token) => void pathByToken.delete(token),
    async open(token) {
      const path = pathByToken.get(token);
      if (path === undefined) return null;
      const facts = await stat(path).catch(() => null);
      if (facts === null || !facts.isFile()) return null;
      const body = Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>;
      return new Response(body, {
        headers: { 'content-type': 'application/octet-stream', 'content-length': String(facts.size) },
      });
    },
  };
}
