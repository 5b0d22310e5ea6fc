/** What can be wrong with claims. */
import { settlement } from './mutant.ts';
import type { Mutant } from './mutant.ts';

const voucherCheck = 'if (ECDSA.recoverCalldata(digest, row.signature) != config.payerAuthorizer) {';

export const claimMutants: readonly Mutant[] = [
  settlement(
    'anybody sends a plain claim',
    'if (!_isReceiverSide(voucherClaims[index].voucher.channel)) revert NotAuthorizedToClaim();',
    '',
    'I9',
  ),
  settlement(
    'only the first row is authorized',
    'if (!_isReceiverSide(voucherClaims[index].voucher.channel))',
    'if (!_isReceiverSide(voucherClaims[0].voucher.channel))',
  ),
  settlement(
    'the receiver authorizer may not claim',
    'return msg.sender == config.receiver || msg.sender == config.receiverAuthorizer;',
    'return msg.sender == config.receiver;',
    'I7',
  ),
  settlement(
    'a claim ignores the ceiling',
    'if (row.totalClaimed > row.voucher.maxClaimableAmount) revert ClaimExceedsCeiling();',
    '',
    'I4',
  ),
  settlement(
    'the whole ceiling is out of reach',
    'if (row.totalClaimed > row.voucher.maxClaimableAmount)',
    'if (row.totalClaimed >= row.voucher.maxClaimableAmount)',
    'I7',
  ),
  settlement(
    'a claim ignores the balance',
    'if (row.totalClaimed > channel.balance) revert ClaimExceedsBalance();',
    '',
    'I3',
  ),
  settlement(
    'the whole balance is out of reach',
    'if (row.totalClaimed > channel.balance)',
    'if (row.totalClaimed >= channel.balance)',
  ),
  settlement(
    'the payer authorizer need not have signed',
    voucherCheck,
    'if (ECDSA.recoverCalldata(digest, row.signature) == address(0)) {',
    'I11',
  ),
  settlement(
    'the twin of a signature is taken',
    voucherCheck,
    'if (ecrecover(digest, uint8(row.signature[64]), bytes32(row.signature[:32]), bytes32(row.signature[32:64])) != config.payerAuthorizer) {',
    'I11',
  ),
  settlement('the payer need not have signed', '_requireSignature(config.payer, digest, row.signature);', '', 'I11'),
  settlement(
    'the payer signs for its authorizer too',
    'if (config.payerAuthorizer == address(0)) {',
    'if (config.payerAuthorizer != config.payer) {',
  ),
  settlement(
    'the signed amount is the claimed one',
    'getVoucherDigest(channelId, row.voucher.maxClaimableAmount)',
    'getVoucherDigest(channelId, row.totalClaimed)',
    'I7',
  ),
  {
    name: 'a total may fall',
    file: 'BatchSettlement.sol',
    edits: [
      ['if (row.totalClaimed <= before) return;', ''],
      [
        'uint128 increase = row.totalClaimed - before;',
        'uint128 increase;\n        unchecked {\n            increase = row.totalClaimed - before;\n        }',
      ],
      [
        'receivers[config.receiver][config.token].totalClaimed += increase;',
        'unchecked {\n            receivers[config.receiver][config.token].totalClaimed += increase;\n        }',
      ],
    ],
    invariant: 'I2',
  },
  settlement(
    'an old row stops the batch',
    'if (row.totalClaimed <= before) return;',
    'if (row.totalClaimed <= before) revert ClaimExceedsCeiling();',
    'I7',
  ),
  settlement('a claim is not written down', 'channel.totalClaimed = row.totalClaimed;', '', 'I2'),
  settlement(
    'the receiver gets the total each time',
    'totalClaimed += increase;',
    'totalClaimed += row.totalClaimed;',
    'I5',
  ),
  settlement(
    'the authorizer is booked, not the receiver',
    'receivers[config.receiver][config.token]',
    'receivers[config.receiverAuthorizer][config.token]',
    'I5',
  ),
  settlement(
    'claims stop while the payer waits',
    'if (row.totalClaimed > channel.balance) revert',
    'if (pendingWithdrawals[channelId].initiatedAt != 0) revert NotAuthorizedToClaim();\n        if (row.totalClaimed > channel.balance) revert',
    'I7',
  ),
  settlement('an empty batch is taken', 'if (count == 0) revert EmptyBatch();\n        for', 'for'),
  settlement('an empty signed batch has no name', 'if (count == 0) revert EmptyBatch();\n        address', 'address'),
  settlement(
    'nobody signs the batch',
    '_requireSignature(authorizer, getClaimBatchDigest(voucherClaims), authorizerSignature);',
    '',
    'I11',
  ),
  settlement(
    'an authorizer signs for others',
    'if (voucherClaims[index].voucher.channel.receiverAuthorizer != authorizer) revert NotReceiverAuthorizer();',
    '',
  ),
];
