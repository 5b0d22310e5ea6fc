// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @title The structures of x402 batch-settlement and what is signed over them.
/// @dev Every digest, the channel's identity included, is bound to this chain and to this contract's address.
abstract contract BatchSettlementTypes is EIP712 {
    /// @notice A channel is its configuration: nothing in it can change.
    /// @param payer Whose money it is.
    /// @param payerAuthorizer Signs vouchers by plain ECDSA.
    /// @param receiver Who is paid.
    /// @param receiverAuthorizer Signs claim batches and refunds.
    /// @param token What is paid in.
    /// @param withdrawDelay Seconds between the payer's announcement and its money.
    /// @param salt Makes several channels of the same parties.
    /// @dev `payerAuthorizer` zero: vouchers are signed by `payer`, which may then be a contract (EIP-1271).
    struct ChannelConfig {
        address payer;
        address payerAuthorizer;
        address receiver;
        address receiverAuthorizer;
        address token;
        uint40 withdrawDelay;
        bytes32 salt;
    }

    /// @notice The payer's promise: everything ever claimed on the channel, up to this total.
    /// @param channel The channel.
    /// @param maxClaimableAmount Cumulative, in the token's smallest unit.
    struct Voucher {
        ChannelConfig channel;
        uint128 maxClaimableAmount;
    }

    /// @notice One row of a claim.
    /// @param voucher What the payer promised.
    /// @param signature The payer side's, over getVoucherDigest.
    /// @param totalClaimed What is claimed of it: cumulative, at most the voucher's amount.
    struct VoucherClaim {
        Voucher voucher;
        bytes signature;
        uint128 totalClaimed;
    }

    /// @notice EIP-712 type hash of a channel, whose EIP-712 hash is its identity.
    bytes32 public constant CHANNEL_CONFIG_TYPEHASH = keccak256(
        "ChannelConfig(address payer,address payerAuthorizer,address receiver,address receiverAuthorizer,address token,uint40 withdrawDelay,bytes32 salt)"
    );
    /// @notice EIP-712 type hash of a voucher.
    bytes32 public constant VOUCHER_TYPEHASH = keccak256("Voucher(bytes32 channelId,uint128 maxClaimableAmount)");
    /// @notice EIP-712 type hash of a refund.
    bytes32 public constant REFUND_TYPEHASH = keccak256("Refund(bytes32 channelId,uint256 nonce,uint128 amount)");
    /// @notice EIP-712 type hash of a row of a claim batch.
    bytes32 public constant CLAIM_ENTRY_TYPEHASH =
        keccak256("ClaimEntry(bytes32 channelId,uint128 maxClaimableAmount,uint128 totalClaimed)");
    /// @notice EIP-712 type hash of a claim batch.
    bytes32 public constant CLAIM_BATCH_TYPEHASH = keccak256(
        "ClaimBatch(ClaimEntry[] claims)ClaimEntry(bytes32 channelId,uint128 maxClaimableAmount,uint128 totalClaimed)"
    );

    constructor() EIP712("x402 Batch Settlement", "1") {}

    /// @notice The channel's identity on this chain and contract.
    function getChannelId(ChannelConfig calldata config) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(CHANNEL_CONFIG_TYPEHASH, config)));
    }

    /// @notice What the payer side signs.
    function getVoucherDigest(bytes32 channelId, uint128 maxClaimableAmount) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(VOUCHER_TYPEHASH, channelId, maxClaimableAmount)));
    }

    /// @notice What the receiver authorizer signs for a refund.
    function getRefundDigest(bytes32 channelId, uint256 nonce, uint128 amount) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(REFUND_TYPEHASH, channelId, nonce, amount)));
    }

    /// @notice What the receiver authorizer signs for a batch; the rows in their order.
    function getClaimBatchDigest(VoucherClaim[] calldata voucherClaims) public view returns (bytes32) {
        bytes32[] memory entries = new bytes32[](voucherClaims.length);
        for (uint256 index = 0; index < entries.length; ++index) {
            VoucherClaim calldata row = voucherClaims[index];
            bytes32 channelId = getChannelId(row.voucher.channel);
            entries[index] = keccak256(
                abi.encode(CLAIM_ENTRY_TYPEHASH, channelId, row.voucher.maxClaimableAmount, row.totalClaimed)
            );
        }
        return _hashTypedDataV4(keccak256(abi.encode(CLAIM_BATCH_TYPEHASH, keccak256(abi.encodePacked(entries)))));
    }
}
