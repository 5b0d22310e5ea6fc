import type { PeerId } from '@libp2p/interface';
import { refuse, type Refusal } from '../../protocol/errors.ts';
import type { Hello } from './hello/index.ts';

/** No quote, task or receipt without a hello: we do not work for, or take papers from, a wallet that nobody vouches for. */
export function helloRule(hello: Hello): (peerId: PeerId) => Refusal | null {
  return (peerId) =>
    hello.known(peerId.toString()) === null ? refuse('NO_HELLO', 'say hello on /hearth/hello/1 first') : null;
}
