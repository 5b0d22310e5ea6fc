import type { Connection, ConnectionGater } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { PeerPenalties } from './peer-penalties.ts';

export const connectionLimits = {
  /** A node needs dozens of peers, not hundreds; each costs about 100 KiB. */
  total: 100,
  /** The other 40 are kept for peers we chose ourselves, so that strangers cannot fill every place. */
  inbound: 60,
  /** From one /24 (IPv4) or /48 (IPv6) of the public internet: a cheap bound on one party's many peers. */
  perPublicPrefix: 4,
} as const;

/** Turns away banned peers, and strangers beyond their share. */
export function createConnectionGater(options: {
  readonly penalties: PeerPenalties;
  readonly connections: () => readonly Connection[];
}): ConnectionGater {
  const { penalties, connections } = options;
  return {
    denyDialPeer: (peerId) => penalties.isBanned(peerId.toString()),
    denyInboundEncryptedConnection: (peerId) => penalties.isBanned(peerId.toString()),
    // The default refuses private addresses to browsers only; a LAN and a loopback network are what we are for.
    denyDialMultiaddr: () => false,
    denyInboundConnection(incoming) {
      const inbound = connections().filter((connection) => connection.direction === 'inbound');
      if (inbound.length >= connectionLimits.inbound) return true;
      const prefix = publicPrefix(incoming.remoteAddr);
      if (prefix === null) return false;
      const neighbours = inbound.filter((connection) => publicPrefix(connection.remoteAddr) === prefix);
      return neighbours.length >= connectionLimits.perPublicPrefix;
    },
  };
}

const privateIpv4 = /^(?:10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01]))\./;
const privateIpv6 = /^(?:::1$|f[cd]|fe[89ab])/i;

/** Null for loopback, link-local and private addresses: a rack behind one router is one owner's by right. */
export function publicPrefix(address: Multiaddr): string | null {
  const part = address.getComponents().find(({ name }) => name === 'ip4' || name === 'ip6');
  const value = part?.value;
  if (part === undefined || value === undefined) return null;
  if (part.name === 'ip4') return privateIpv4.test(value) ? null : value.split('.').slice(0, 3).join('.');
  if (privateIpv6.test(value)) return null;
  const [head = '', tail = ''] = value.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  const last = tail.split(':').filter((group) => group !== '');
  const zeros = value.includes('::') ? Math.max(0, 8 - groups.length - last.length) : 0;
  return [...groups, ...Array.from({ length: zeros }, () => '0'), ...last].slice(0, 3).join(':').toLowerCase();
}
