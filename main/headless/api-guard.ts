import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ApiError } from './api-error.ts';

/** Prefix of the WebSocket subprotocol that carries the token: browsers let a page set no header there. */
export const tokenSubprotocolPrefix = 'hearth.token.';
export const subprotocol = 'hearth.v1';

/**
 * Refuses requests that a foreign web page made a browser send: a name that merely resolves to this machine (DNS
 * rebinding) shows in `Host`, another site in `Origin`. Programs send no Origin.
 * @throws ApiError HOST_NOT_ALLOWED or ORIGIN_NOT_ALLOWED
 */
export function assertLocal(request: IncomingMessage, port: number): void {
  const names = [`127.0.0.1:${port}`, `localhost:${port}`];
  const host = request.headers.host ?? '';
  if (!names.includes(host)) {
    throw new ApiError('HOST_NOT_ALLOWED', `Host "${clip(host)}" is not served here, only ${names.join(' and ')}`);
  }
  const { origin } = request.headers;
  if (origin !== undefined && !names.some((name) => origin === `http://${name}`)) {
    throw new ApiError('ORIGIN_NOT_ALLOWED', `Origin "${clip(origin)}" may not use this node`);
  }
}

/** The token from `Authorization: Bearer` or from the WebSocket subprotocols. */
export function readToken(request: IncomingMessage): string | undefined {
  const bearer = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  return offered.find((name) => name.startsWith(tokenSubprotocolPrefix))?.slice(tokenSubprotocolPrefix.length);
}

/** @throws ApiError UNAUTHORIZED; compares in constant time, whatever the lengths. */
export function assertToken(given: string | undefined, expected: string): void {
  if (given !== undefined && timingSafeEqual(digest(given), digest(expected))) return;
  const what = given === undefined ? 'no token was sent' : 'the token is not the one of this node';
  throw new ApiError(
    'UNAUTHORIZED',
    `${what}; it is in api.json in the data folder and in the link "hearth start" prints`,
  );
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function clip(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
