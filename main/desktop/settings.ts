/**
 * `settings.json` in the data folder: what the command line gives the headless node as options. Read once, when the core
 * starts; the command line beats it. Every field may be left out.
 */
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { X402Address } from '../node/x402/endpoint.ts';
import { DesktopError } from './desktop-error.ts';
import { errorText } from '../../protocol/errors.ts';

export interface ChainAddress {
  readonly rpcUrl: string;
  readonly token: `0x${string}`;
}

export interface DesktopSettings {
  readonly name?: string;
  readonly adapter?: string;
  readonly listen?: readonly string[];
  readonly bootstrap?: readonly string[];
  readonly chain?: ChainAddress;
  /** Sells chats over HTTP to any x402 client. */
  readonly x402?: X402Address;
}

const KNOWN_FIELDS = ['name', 'adapter', 'listen', 'bootstrap', 'chain', 'x402'];
const MAX_NAME_CHARACTERS = 64;

/** An absent file means no settings. @throws DesktopError BAD_SETTINGS naming the field and what it must be. */
export async function readSettings(path: string): Promise<DesktopSettings> {
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new DesktopError('BAD_SETTINGS', `${path} cannot be read: ${describe(error)}`, { cause: error });
  }
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw new DesktopError('BAD_SETTINGS', `${path} is not JSON: ${describe(error)}`, { cause: error });
  }
  return parseSettings(value, path);
}

/** @throws DesktopError BAD_SETTINGS */
export function parseSettings(value: unknown, path: string): DesktopSettings {
  const bad = (field: string, must: string): DesktopError =>
    new DesktopError('BAD_SETTINGS', `${path}: ${field} ${must}`, { data: { field } });
  if (!isRecord(value)) throw bad('the file', 'must hold one JSON object');
  const unknown = Object.keys(value).find((key) => !KNOWN_FIELDS.includes(key));
  if (unknown !== undefined)
    throw bad(`"${unknown.slice(0, 64)}"`, `is not known; known are ${KNOWN_FIELDS.join(', ')}`);

  const { name, adapter, listen, bootstrap, chain, x402 } = value;
  if (name !== undefined && !(isText(name) && name.length <= MAX_NAME_CHARACTERS)) {
    throw bad('name', `must be a text of 1 to ${MAX_NAME_CHARACTERS} characters`);
  }
  if (adapter !== undefined && !isText(adapter)) throw bad('adapter', 'must be "real", "software" or part of a name');
  if (listen !== undefined && !isAddressList(listen)) throw bad('listen', 'must be a list of multiaddresses');
  if (bootstrap !== undefined && !isAddressList(bootstrap)) throw bad('bootstrap', 'must be a list of multiaddresses');
  return {
    ...(name === undefined ? {} : { name }),
    ...(adapter === undefined ? {} : { adapter }),
    ...(listen === undefined ? {} : { listen }),
    ...(bootstrap === undefined ? {} : { bootstrap }),
    ...(chain === undefined ? {} : { chain: parseChain(chain, bad) }),
    ...(x402 === undefined ? {} : { x402: parseX402(x402, bad) }),
  };
}

function parseChain(value: unknown, bad: (field: string, must: string) => DesktopError): ChainAddress {
  if (!isRecord(value)) throw bad('chain', 'must be an object with rpcUrl and token');
  const { rpcUrl, token } = value;
  const isHttp = isText(rpcUrl) && /^https?:$/.test(URL.parse(rpcUrl)?.protocol ?? '');
  if (!isHttp) throw bad('chain.rpcUrl', 'must be an http or https URL');
  if (!isText(token) || !/^0x[0-9a-fA-F]{40}$/.test(token)) {
    throw bad('chain.token', 'must be an address of 0x and 40 hex digits');
  }
  return { rpcUrl, token: `0x${token.slice(2)}` };
}

function parseX402(value: unknown, bad: (field: string, must: string) => DesktopError): X402Address {
  if (!isRecord(value)) throw bad('x402', 'must be an object with port and, where it is not 127.0.0.1, host');
  const { port, host = '127.0.0.1' } = value;
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw bad('x402.port', 'must be a port from 0 (any free one) to 65535');
  }
  if (!isText(host) || isIP(host) === 0) throw bad('x402.host', 'must be an IP address');
  return { port, host };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isAddressList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => isText(item) && item.startsWith('/'));
}

function describe(error: unknown): string {
  return errorText(error);
}
