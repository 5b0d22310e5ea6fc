/** libsecp256k1 in WebAssembly says who signed; ethers, which signs, must agree with it on every signature. */
import { Signature, Wallet, concat, id, recoverAddress, toBeHex } from 'ethers';
import { describe, expect, it } from 'vitest';
import type { Hex } from '../../protocol/agreement.ts';
import { settlementDomain, voucherTypes } from '../../protocol/x402.ts';
import { asHex, checkSignature } from '../../main/payment/typed-data.ts';
import { hashTypedData } from '../../protocol/hashing/hash-typed-data.ts';

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const domain = settlementDomain(8_453n);
const voucher = { channelId: id('a channel'), maxClaimableAmount: 7n };
const typed = { domain, types: voucherTypes, value: voucher };
const signer = new Wallet(id('a signer'));

function signatureOf(r: bigint, s: bigint, v: 27 | 28): Hex {
  return asHex(concat([toBeHex(r, 32), toBeHex(s, 32), toBeHex(v, 1)]));
}

function signerByEthers(signature: Hex): string | null {
  try {
    return recoverAddress(hashTypedData(domain, voucherTypes, voucher), Signature.from(signature));
  } catch {
    return null;
  }
}

describe('who signed a voucher', () => {
  it('is who ethers signed with, for many keys and amounts', () => {
    for (let index = 0; index < 50; index += 1) {
      const wallet = new Wallet(id(`signer ${index}`));
      const value = { channelId: id(`channel ${index}`), maxClaimableAmount: BigInt(id(`amount ${index}`)) >> 128n };
      const digest = hashTypedData(domain, voucherTypes, value);
      const signature = asHex(wallet.signingKey.sign(digest).serialized);
      const verdicts = [wallet, signer].map(({ address }) =>
        checkSignature({ domain, types: voucherTypes, value }, signature, asHex(address)),
      );
      expect(verdicts).toEqual(['valid', 'invalid']);
    }
  });

  it.each<[string, bigint, bigint]>([
    ['r is no point of the curve', 5n, 9n],
    ['r is zero', 0n, 9n],
    ['s is zero', 1n, 0n],
    ['r is the order of the group', order, 9n],
    ['r is above the order', order + 1n, 9n],
    ['r is the largest number there is', (1n << 256n) - 1n, 9n],
  ])('is nobody, by both libraries, where %s', (_, r, s) => {
    for (const v of [27, 28] as const) {
      const signature = signatureOf(r, s, v);
      expect(signerByEthers(signature)).toBe(null);
      expect(checkSignature(typed, signature, asHex(signer.address))).toBe('invalid');
    }
  });

  it('is whoever numbers out of the air give, by both libraries', () => {
    let found = 0;
    for (let r = 1n; r < 60n; r += 1n) {
      for (const v of [27, 28] as const) {
        const signature = signatureOf(r, r + 1n, v);
        const address = signerByEthers(signature);
        if (address === null) continue;
        found += 1;
        expect(checkSignature(typed, signature, asHex(address))).toBe('valid');
      }
    }
    expect(found).toBeGreaterThan(20);
  });
});

describe('the digest of a structure', () => {
  it('is of its own domain and types, also when others were hashed before', async () => {
    for (const chainId of [1n, 8_453n, 1n]) {
      const own = settlementDomain(chainId);
      expect(await signer.signTypedData(own, voucherTypes, voucher)).toBe(
        signer.signingKey.sign(hashTypedData(own, voucherTypes, voucher)).serialized,
      );
    }
  });
});
