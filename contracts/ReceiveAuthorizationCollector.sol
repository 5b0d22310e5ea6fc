// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IDepositCollector} from "./IDepositCollector.sol";
import {IReceiveWithAuthorization} from "./IReceiveWithAuthorization.sol";

/// @title Deposits by EIP-3009: the payer signs, anybody sends, the payer needs no gas.
/// @notice Stands at x402's canonical collector address on local chains only; production uses the audited one.
/// @dev The authorization's nonce is keccak256(abi.encode(channelId, salt)), so a signature funds one channel only.
contract ReceiveAuthorizationCollector is IDepositCollector {
    using SafeERC20 for IERC20;

    /// @notice The only caller: the tokens go to it, so an open door here would be open to thieves.
    address public immutable settlement;

    /// @notice Somebody else than the settlement contract called.
    error OnlySettlement();

    /// @param settlement_ The settlement contract.
    constructor(address settlement_) {
        settlement = settlement_;
    }

    /// @inheritdoc IDepositCollector
    /// @dev `collectorData` = abi.encode(uint256 validAfter, uint256 validBefore, uint256 salt, bytes signature).
    function collect(address payer, address token, uint256 amount, bytes32 channelId, bytes calldata collectorData)
        external
    {
        if (msg.sender != settlement) revert OnlySettlement();
        (uint256 validAfter, uint256 validBefore, uint256 salt, bytes memory signature) =
            abi.decode(collectorData, (uint256, uint256, uint256, bytes));
        IReceiveWithAuthorization(token).receiveWithAuthorization(
            payer, address(this), amount, validAfter, validBefore, keccak256(abi.encode(channelId, salt)), signature
        );
        IERC20(token).safeTransfer(settlement, amount);
    }
}
