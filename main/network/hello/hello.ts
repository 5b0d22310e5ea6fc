import { randomBytes } from 'node:crypto';
import type { PeerId } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import type { Hex, IdentityBinding } from '../../../protocol/agreement.ts';
import type { Refusal } from '../../../protocol/errors.ts';
import { peerBindingBytes } from '../../../protocol/hashing/typed-data.ts';
import { type Hello, helloFrameCodec, protocolVersion } from '../../../protocol/wire/hello-messages.ts';
import { WireError } from '../../../protocol/wire/wire-error.ts';
import type { FrameStream } from '../frame-stream.ts';
import { NetworkError } from '../network-error.ts';
import type { CallOptions, KnownPeer } from '../types.ts';
import { checkHello } from './check-hello.ts';
import { bindingSeconds, helloProtocol, renewBeforeSeconds } from './constants.ts';
import type { HelloComponents } from './index.ts';

interface SignedBinding {
  readonly binding: IdentityBinding;
  readonly walletSignature: Hex;
  readonly peerSignature: Uint8Array<ArrayBuffer>;
}

export class HelloService {
  readonly #components: HelloComponents;
  readonly #known = new Map<string, { readonly peer: KnownPeer; readonly expiresAt: bigint }>();
  readonly #listeners = new Set<() => void>();
  #binding: Promise<SignedBinding> | null = null;
  #renewAtSeconds = 0n;

  constructor(components: HelloComponents) {
    this.#components = components;
  }

  async start(): Promise<void> {
    await this.#components.host.handle(
      helloProtocol,
      () => null,
      (frames, peerId) => this.#answer(frames, peerId),
    );
  }

  known(peerId: string): KnownPeer | null {
    const entry = this.#known.get(peerId);
    if (entry === undefined) return null;
    if (entry.expiresAt > this.#components.nowSeconds()) return entry.peer;
    this.forget(peerId);
    return null;
  }

  peers(): readonly KnownPeer[] {
    return [...this.#known.values()].map(({ peer }) => peer);
  }

  forget(peerId: string): void {
    if (this.#known.delete(peerId)) this.#changed();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async greet(peerId: string, options: CallOptions = {}): Promise<KnownPeer> {
    const request = helloFrameCodec.encode({ type: 'hello', body: await this.#ownHello() });
    const frame = helloFrameCodec.decode(await this.#components.host.exchange(helloProtocol, peerId, request, options));
    if (frame === null) throw new NetworkError('HELLO_REFUSED', `${peerId} answered with a frame we do not know`);
    if (frame.type === 'refuse') throw refused(peerId, 'refused our hello', frame.body);
    const checked = await this.#check(frame.body, peerIdFromString(peerId));
    if (!checked.ok) throw refused(peerId, 'sent a hello we refuse', checked);
    return checked.peer;
  }

  async #answer(frames: FrameStream, peerId: PeerId): Promise<void> {
    const { timeoutMs } = helloProtocol;
    const bytes = await frames.read({ timeoutMs });
    // Closed without a word: no offence, a peer may change its mind.
    if (bytes === null) return;
    const frame = helloFrameCodec.decode(bytes);
    if (frame?.type !== 'hello') throw new WireError('MISSING', 'a hello is required');
    const checked = await this.#check(frame.body, peerId);
    const reply = checked.ok
      ? helloFrameCodec.encode({ type: 'hello', body: await this.#ownHello() })
      : helloProtocol.encodeRefusal(checked);
    await frames.write(reply, { timeoutMs });
  }

  async #check(hello: Hello, remote: PeerId): Promise<{ readonly ok: true; readonly peer: KnownPeer } | Refusal> {
    const { host, chain, token, nowSeconds } = this.#components;
    const checked = await checkHello(hello, remote, { chain, token, nowSeconds: nowSeconds() });
    if (!checked.ok) {
      if (checked.code === 'BINDING_SIGNATURE') host.penalise(remote.toString(), 'forgery', checked.message);
      return checked;
    }
    this.#known.set(checked.peer.peerId, { peer: checked.peer, expiresAt: hello.binding.expiresAt });
    this.#changed();
    return checked;
  }

  async #ownHello(): Promise<Hello> {
    const { chain, token, describe, nowSeconds } = this.#components;
    return {
      version: protocolVersion,
      chainId: chain.chainId,
      settlement: chain.settlement,
      token,
      clock: nowSeconds(),
      ...describe(),
      ...(await this.#ownBinding()),
    };
  }

  #ownBinding(): Promise<SignedBinding> {
    const now = this.#components.nowSeconds();
    if (this.#binding === null || now >= this.#renewAtSeconds) {
      this.#renewAtSeconds = now + bindingSeconds - renewBeforeSeconds;
      this.#binding = this.#sign(now);
      // A signer that fails once is asked again.
      this.#binding.catch(() => (this.#binding = null));
    }
    return this.#binding;
  }

  async #sign(now: bigint): Promise<SignedBinding> {
    const { chain, signer, privateKey, peerId } = this.#components;
    const binding: IdentityBinding = {
      peerId,
      wallet: signer.address,
      issuedAt: now,
      expiresAt: now + bindingSeconds,
      nonce: `0x${randomBytes(32).toString('hex')}`,
    };
    const walletSignature = await signer.signBinding(binding);
    const peerSignature = await privateKey.sign(peerBindingBytes(binding, chain));
    return { binding, walletSignature, peerSignature: new Uint8Array(peerSignature) };
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function refused(peerId: string, what: string, refusal: { code: string; message: string }): NetworkError {
  return new NetworkError('HELLO_REFUSED', `${peerId} ${what}: ${refusal.message}`, {
    data: { peerId, refusal: refusal.code },
  });
}
