// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BatchSettlementTypes} from "../../BatchSettlementTypes.sol";

/// @dev The typed data of the x402 specification a second time, written out: what the contract computes is held to it.
library TypedData {
    function domainSeparator(string memory name, string memory version, address verifyingContract)
        internal
        view
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)),
                keccak256(bytes(version)),
                block.chainid,
                verifyingContract
            )
        );
    }

    function digest(bytes32 domain, bytes32 content) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain, content));
    }

    function settlementDigest(address settlement, bytes32 content) internal view returns (bytes32) {
        return digest(domainSeparator("x402 Batch Settlement", "1", settlement), content);
    }

    function channelId(address settlement, BatchSettlementTypes.ChannelConfig memory config)
        internal
        view
        returns (bytes32)
    {
        bytes32 typeHash = keccak256(
            "ChannelConfig(address payer,address payerAuthorizer,address receiver,address receiverAuthorizer,address token,uint40 withdrawDelay,bytes32 salt)"
        );
        return settlementDigest(
            settlement,
            keccak256(
                abi.encode(
                    typeHash,
                    config.payer,
                    config.payerAuthorizer,
                    config.receiver,
                    config.receiverAuthorizer,
                    config.token,
                    config.withdrawDelay,
                    config.salt
                )
            )
        );
    }

    function voucher(address settlement, bytes32 id, uint128 maxClaimableAmount) internal view returns (bytes32) {
        bytes32 typeHash = keccak256("Voucher(bytes32 channelId,uint128 maxClaimableAmount)");
        return settlementDigest(settlement, keccak256(abi.encode(typeHash, id, maxClaimableAmount)));
    }

    function refund(address settlement, bytes32 id, uint256 nonce, uint128 amount) internal view returns (bytes32) {
        bytes32 typeHash = keccak256("Refund(bytes32 channelId,uint256 nonce,uint128 amount)");
        return settlementDigest(settlement, keccak256(abi.encode(typeHash, id, nonce, amount)));
    }

    function claimBatch(address settlement, BatchSettlementTypes.VoucherClaim[] memory rows)
        internal
        view
        returns (bytes32)
    {
        string memory entryType = "ClaimEntry(bytes32 channelId,uint128 maxClaimableAmount,uint128 totalClaimed)";
        bytes32[] memory entries = new bytes32[](rows.length);
        for (uint256 index = 0; index < rows.length; ++index) {
            entries[index] = keccak256(
                abi.encode(
                    keccak256(bytes(entryType)),
                    channelId(settlement, rows[index].voucher.channel),
                    rows[index].voucher.maxClaimableAmount,
                    rows[index].totalClaimed
                )
            );
        }
        bytes32 typeHash = keccak256(bytes(string.concat("ClaimBatch(ClaimEntry[] claims)", entryType)));
        return settlementDigest(settlement, keccak256(abi.encode(typeHash, keccak256(abi.encodePacked(entries)))));
    }
}
