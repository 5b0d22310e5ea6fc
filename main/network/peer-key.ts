import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys';
import type { Ed25519PrivateKey } from '@libp2p/interface';
import { NetworkError } from './network-error.ts';
import { errorText } from '../../protocol/errors.ts';

/** Reads the node's Ed25519 key, or makes one that only this user can read. @throws NetworkError PEER_KEY. */
export async function loadPeerKey(path: string): Promise<Ed25519PrivateKey> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unusable(path, error);
    return createPeerKey(path);
  }
  try {
    const key = privateKeyFromProtobuf(bytes);
    if (key.type !== 'Ed25519') throw new Error(`a ${key.type} key is not an Ed25519 key`);
    // Backups and copies lose the mode; the key must not stay readable by others.
    await chmod(path, 0o600);
    return key;
  } catch (error) {
    throw unusable(path, error);
  }
}

async function createPeerKey(path: string): Promise<Ed25519PrivateKey> {
  const key = await generateKeyPair('Ed25519');
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, privateKeyToProtobuf(key), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw unusable(path, error);
  }
  return key;
}

function unusable(path: string, cause: unknown): NetworkError {
  const reason = errorText(cause);
  return new NetworkError('PEER_KEY', `the peer key ${path} cannot be used: ${reason}`, { data: { path }, cause });
}
