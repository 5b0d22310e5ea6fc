// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title A stand-in for USDC on local chains: six decimals, EIP-3009, and anybody may mint.
/// @dev Its code is placed with `anvil_setCode`, which runs no constructor on the chain: nothing here may live in storage
///      that a constructor fills. Name and version are constants; the EIP-712 hashes are immutables.
contract TestUsdc is ERC20, EIP712 {
    /// @notice EIP-712 type hash of an authorization that anybody may send.
    bytes32 public constant TRANSFER_WITH_AUTHORIZATION_TYPEHASH = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    /// @notice EIP-712 type hash of an authorization that only the payee may send.
    bytes32 public constant RECEIVE_WITH_AUTHORIZATION_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    /// @notice EIP-712 type hash of a cancellation.
    bytes32 public constant CANCEL_AUTHORIZATION_TYPEHASH =
        keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");

    /// @notice EIP-712 type hash of an allowance by signature.
    bytes32 public constant PERMIT_TYPEHASH =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    /// @notice Next nonce of the owner's permits (EIP-2612).
    mapping(address owner => uint256) public nonces;
    /// @notice True once the authorizer's nonce was used or cancelled.
    mapping(address authorizer => mapping(bytes32 nonce => bool)) public authorizationState;

    /// @notice The authorizer's nonce was used.
    event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce);
    /// @notice The authorizer gave up a nonce.
    event AuthorizationCanceled(address indexed authorizer, bytes32 indexed nonce);

    /// @notice The permit ended at `deadline`.
    error PermitExpired(uint256 deadline);
    /// @notice The owner did not sign this permit.
    error PermitSignature();
    /// @notice The authorization holds after `validAfter`.
    error AuthorizationNotYetValid(uint256 validAfter);
    /// @notice The authorization held before `validBefore`.
    error AuthorizationExpired(uint256 validBefore);
    /// @notice The nonce was used or given up.
    error AuthorizationSpent(bytes32 nonce);
    /// @notice The authorizer did not sign this.
    error AuthorizationSignature();
    /// @notice Only the payee may send this.
    error CallerIsNotPayee();

    constructor() ERC20("", "") EIP712("USDC", "2") {}

    /// @notice Also the name of the EIP-712 domain.
    function name() public pure override returns (string memory) {
        return "USDC";
    }

    /// @notice As USDC has it.
    function symbol() public pure override returns (string memory) {
        return "USDC";
    }

    /// @notice Version of the EIP-712 domain, as USDC has it.
    function version() external pure returns (string memory) {
        return "2";
    }

    /// @notice Amounts are in millionths.
    function decimals() public pure override returns (uint8) {
        return 6;
    }

    /// @notice EIP-712 domain of this chain and address.
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @notice Free money, which is why this contract has no place on a public chain.
    function mint(address to, uint256 value) external {
        _mint(to, value);
    }

    /// @notice EIP-2612: an allowance by signature.
    /// @param owner Whose tokens; signs.
    /// @param spender Who may take them.
    /// @param value How many, in millionths.
    /// @param deadline The last second in which the signature holds.
    function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
    {
        if (block.timestamp > deadline) revert PermitExpired(deadline);
        bytes32 content = keccak256(abi.encode(PERMIT_TYPEHASH, owner, spender, value, nonces[owner]++, deadline));
        if (!SignatureChecker.isValidSignatureNow(owner, _hashTypedDataV4(content), abi.encodePacked(r, s, v))) {
            revert PermitSignature();
        }
        _approve(owner, spender, value);
    }

    /// @notice EIP-3009: moves tokens by the owner's signature; anybody may send it.
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes memory signature
    ) public {
        bytes32 content = keccak256(
            abi.encode(TRANSFER_WITH_AUTHORIZATION_TYPEHASH, from, to, value, validAfter, validBefore, nonce)
        );
        _spendAuthorization(from, validAfter, validBefore, nonce, content, signature);
        _transfer(from, to, value);
    }

    /// @notice The same with the signature in three parts.
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        transferWithAuthorization(from, to, value, validAfter, validBefore, nonce, abi.encodePacked(r, s, v));
    }

    /// @notice Like transferWithAuthorization, but only the payee may send it, so that nobody can front-run its call.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes memory signature
    ) public {
        if (msg.sender != to) revert CallerIsNotPayee();
        bytes32 content = keccak256(
            abi.encode(RECEIVE_WITH_AUTHORIZATION_TYPEHASH, from, to, value, validAfter, validBefore, nonce)
        );
        _spendAuthorization(from, validAfter, validBefore, nonce, content, signature);
        _transfer(from, to, value);
    }

    /// @notice The same with the signature in three parts.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        receiveWithAuthorization(from, to, value, validAfter, validBefore, nonce, abi.encodePacked(r, s, v));
    }

    /// @notice Gives up a nonce that was not used.
    function cancelAuthorization(address authorizer, bytes32 nonce, bytes calldata signature) external {
        if (authorizationState[authorizer][nonce]) revert AuthorizationSpent(nonce);
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(CANCEL_AUTHORIZATION_TYPEHASH, authorizer, nonce)));
        if (!SignatureChecker.isValidSignatureNow(authorizer, digest, signature)) revert AuthorizationSignature();
        authorizationState[authorizer][nonce] = true;
        emit AuthorizationCanceled(authorizer, nonce);
    }

    /// @dev Time, nonce, signature; then the nonce is used up.
    function _spendAuthorization(
        address from,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes32 content,
        bytes memory signature
    ) private {
        if (block.timestamp <= validAfter) revert AuthorizationNotYetValid(validAfter);
        if (block.timestamp >= validBefore) revert AuthorizationExpired(validBefore);
        if (authorizationState[from][nonce]) revert AuthorizationSpent(nonce);
        if (!SignatureChecker.isValidSignatureNow(from, _hashTypedDataV4(content), signature)) {
            revert AuthorizationSignature();
        }
        authorizationState[from][nonce] = true;
        emit AuthorizationUsed(from, nonce);
    }
}
