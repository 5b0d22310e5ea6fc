// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The one function of EIP-3009 that a deposit needs, in the form with a packed signature (USDC v2.2).
interface IReceiveWithAuthorization {
    /// @notice Moves tokens by the owner's signature; only the payee may send it.
    /// @param from Whose tokens; signs.
    /// @param to Who gets them, and who must send the call.
    /// @param value In the token's smallest unit.
    /// @param validAfter Holds after this block time.
    /// @param validBefore Holds before this block time.
    /// @param nonce One use only.
    /// @param signature The owner's, r, s and v.
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
