// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

import {IDepositCollector} from "./IDepositCollector.sol";
import {IPermit2} from "./IPermit2.sol";

/// @title Deposits of any ERC-20 by Permit2: the payer signs, anybody sends.
/// @notice Stands at x402's canonical collector address on local chains only; production uses the audited one.
/// @dev The channel is the signature's witness, so a signature funds one channel only.
contract Permit2Collector is IDepositCollector {
    bytes32 private constant WITNESS_TYPEHASH = keccak256("DepositWitness(bytes32 channelId)");
    string private constant WITNESS_TYPE_END =
        "DepositWitness witness)DepositWitness(bytes32 channelId)TokenPermissions(address token,uint256 amount)";

    /// @notice The only caller: the tokens go to it, so an open door here would be open to thieves.
    address public immutable settlement;
    /// @notice Permit2 of this chain.
    IPermit2 public immutable permit2;

    /// @notice Somebody else than the settlement contract called.
    error OnlySettlement();

    /// @param settlement_ The settlement contract.
    /// @param permit2_ Permit2 of this chain.
    constructor(address settlement_, IPermit2 permit2_) {
        settlement = settlement_;
        permit2 = permit2_;
    }

    /// @inheritdoc IDepositCollector
    /// @dev `collectorData` = abi.encode(uint256 nonce, uint256 deadline, bytes permit2Signature, bytes permitData), where
    ///      permitData is empty or the payer's EIP-2612 permit of Permit2 itself:
    ///      abi.encode(uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s).
    function collect(address payer, address token, uint256 amount, bytes32 channelId, bytes calldata collectorData)
        external
    {
        if (msg.sender != settlement) revert OnlySettlement();
        (uint256 nonce, uint256 deadline, bytes memory signature, bytes memory permitData) =
            abi.decode(collectorData, (uint256, uint256, bytes, bytes));
        if (permitData.length > 0) _allowPermit2(payer, token, permitData);
        permit2.permitWitnessTransferFrom(
            IPermit2.PermitTransferFrom(IPermit2.TokenPermissions(token, amount), nonce, deadline),
            IPermit2.SignatureTransferDetails(settlement, amount),
            payer,
            keccak256(abi.encode(WITNESS_TYPEHASH, channelId)),
            WITNESS_TYPE_END,
            signature
        );
    }

    /// @dev A permit may have been sent ahead by somebody else: then it fails here, and the allowance stands already.
    function _allowPermit2(address payer, address token, bytes memory permitData) private {
        (uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) =
            abi.decode(permitData, (uint256, uint256, uint8, bytes32, bytes32));
        try IERC20Permit(token).permit(payer, address(permit2), value, deadline, v, r, s) {} catch {}
    }
}
