// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The part of Permit2's public interface that a deposit needs.
interface IPermit2 {
    /// @notice What the owner lets go of.
    /// @param token The token.
    /// @param amount The most that may be taken, in the token's smallest unit.
    struct TokenPermissions {
        address token;
        uint256 amount;
    }

    /// @notice What the owner signs, together with the spender and a witness.
    /// @param permitted The token and the most that may be taken.
    /// @param nonce One use only; any order.
    /// @param deadline The last second in which it may be used.
    struct PermitTransferFrom {
        TokenPermissions permitted;
        uint256 nonce;
        uint256 deadline;
    }

    /// @notice What the spender does with it.
    /// @param to Who gets the tokens.
    /// @param requestedAmount How many, in the token's smallest unit.
    struct SignatureTransferDetails {
        address to;
        uint256 requestedAmount;
    }

    /// @notice Takes tokens by the owner's signature over the permission, the caller as spender, and a witness.
    /// @param permit What was signed.
    /// @param transferDetails Where the tokens go, and how many.
    /// @param owner Whose tokens.
    /// @param witness Hash of the caller's own structure that was signed along.
    /// @param witnessTypeString The end of the type string, from the witness member on.
    /// @param signature The owner's.
    function permitWitnessTransferFrom(
        PermitTransferFrom calldata permit,
        SignatureTransferDetails calldata transferDetails,
        address owner,
        bytes32 witness,
        string calldata witnessTypeString,
        bytes calldata signature
    ) external;
}
