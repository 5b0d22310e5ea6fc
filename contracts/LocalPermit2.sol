// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {IPermit2} from "./IPermit2.sol";

/// @title The witness transfer of Permit2 for local chains, which have no Permit2.
/// @notice Stands at Permit2's canonical address there. Domain, type strings and nonce bitmap are those of the public
///         contract, so signatures made for it hold; allowances by signature are not here.
contract LocalPermit2 is IPermit2 {
    using SafeERC20 for IERC20;

    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)");
    bytes32 private constant TOKEN_PERMISSIONS_TYPEHASH = keccak256("TokenPermissions(address token,uint256 amount)");
    string private constant WITNESS_TYPE_START =
        "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,";

    /// @notice Used nonces, 256 to a word: bit `uint8(nonce)` of word `nonce >> 8`.
    mapping(address owner => mapping(uint256 wordPosition => uint256 bits)) public nonceBitmap;

    /// @notice The nonce was used or given up.
    error InvalidNonce();
    /// @notice The permission ended at `signatureDeadline`.
    error SignatureExpired(uint256 signatureDeadline);
    /// @notice More than the permitted `maxAmount` was asked for.
    error InvalidAmount(uint256 maxAmount);
    /// @notice The owner did not sign this.
    error InvalidSigner();

    /// @notice EIP-712 domain of this chain and address; it has no version member.
    function DOMAIN_SEPARATOR() public view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPEHASH, keccak256("Permit2"), block.chainid, address(this)));
    }

    /// @notice Gives up unused nonces of the caller.
    /// @param wordPosition The word of the bitmap.
    /// @param mask The bits to set in it.
    function invalidateUnorderedNonces(uint256 wordPosition, uint256 mask) external {
        nonceBitmap[msg.sender][wordPosition] |= mask;
    }

    /// @inheritdoc IPermit2
    function permitWitnessTransferFrom(
        PermitTransferFrom calldata permit,
        SignatureTransferDetails calldata transferDetails,
        address owner,
        bytes32 witness,
        string calldata witnessTypeString,
        bytes calldata signature
    ) external {
        if (block.timestamp > permit.deadline) revert SignatureExpired(permit.deadline);
        if (transferDetails.requestedAmount > permit.permitted.amount) revert InvalidAmount(permit.permitted.amount);
        uint256 bit = 1 << uint8(permit.nonce);
        if (nonceBitmap[owner][permit.nonce >> 8] & bit != 0) revert InvalidNonce();
        nonceBitmap[owner][permit.nonce >> 8] |= bit;

        bytes32 content = keccak256(
            abi.encode(
                keccak256(abi.encodePacked(WITNESS_TYPE_START, witnessTypeString)),
                keccak256(abi.encode(TOKEN_PERMISSIONS_TYPEHASH, permit.permitted)),
                msg.sender,
                permit.nonce,
                permit.deadline,
                witness
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", DOMAIN_SEPARATOR(), content));
        if (!SignatureChecker.isValidSignatureNowCalldata(owner, digest, signature)) revert InvalidSigner();
        IERC20(permit.permitted.token).safeTransferFrom(owner, transferDetails.to, transferDetails.requestedAmount);
    }
}
