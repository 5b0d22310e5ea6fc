import { readFileSync } from 'node:fs';
import { Interface } from 'ethers';
import { expect, test } from 'vitest';
import { batchSettlementAbi } from '../../protocol/contracts/batch-settlement.ts';
import type { BatchSettlementFunctions } from '../../protocol/contracts/batch-settlement.ts';
import { contractNames } from '../../scripts/compile-contracts.ts';
import { contractTypesFolder, fileNameOf, generateContractTypes } from '../../scripts/generate-contract-types.ts';

test.each(contractNames)('the committed types of %s are what its artifact says', async (name) => {
  const stored = readFileSync(new URL(fileNameOf(name), contractTypesFolder), 'utf8');
  expect(stored).toBe(await generateContractTypes(name));
});

test('the types name the arguments that the contract takes', () => {
  const inputs: BatchSettlementFunctions['refundWithSignature']['inputs'] = [
    {
      payer: `0x${'11'.repeat(20)}`,
      payerAuthorizer: `0x${'11'.repeat(20)}`,
      receiver: `0x${'22'.repeat(20)}`,
      receiverAuthorizer: `0x${'22'.repeat(20)}`,
      token: `0x${'33'.repeat(20)}`,
      withdrawDelay: 86_400,
      salt: `0x${'00'.repeat(32)}`,
    },
    5n,
    0n,
    '0x',
  ];
  const abi = new Interface(batchSettlementAbi);
  const decoded = abi.decodeFunctionData(
    'refundWithSignature',
    abi.encodeFunctionData('refundWithSignature', [...inputs]),
  );
  expect([decoded[0].withdrawDelay, decoded[1], decoded[2], decoded[3]]).toEqual([86_400n, 5n, 0n, '0x']);
});
