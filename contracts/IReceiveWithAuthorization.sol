// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The one function of EIP-3009 that a deposit needs, in the form with a packed signature (USDC v2.2).
interface IReceiveWithAuthorization {
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;
}
