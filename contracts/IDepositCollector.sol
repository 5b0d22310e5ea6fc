// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Brings a payer's tokens to the settlement contract that calls it.
interface IDepositCollector {
    /// @notice Moves exactly `amount` of `token` from `payer` to the caller.
    /// @param payer Whose tokens; must have agreed.
    /// @param token Which token.
    /// @param amount In the token's smallest unit.
    /// @param channelId The channel the payer's authorization is bound to.
    /// @param collectorData Whatever the collector needs to prove that the payer agreed.
    function collect(address payer, address token, uint256 amount, bytes32 channelId, bytes calldata collectorData)
        external;
}
