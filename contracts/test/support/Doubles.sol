// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

import {BatchSettlement} from "../../BatchSettlement.sol";
import {BatchSettlementTypes} from "../../BatchSettlementTypes.sol";
import {IDepositCollector} from "../../IDepositCollector.sol";
import {TestUsdc} from "../../TestUsdc.sol";

/// @dev Brings freshly minted tokens, `shortfall` less than asked, or more where it is negative.
contract MintingCollector is IDepositCollector {
    int256 public shortfall;

    function setShortfall(int256 value) external {
        shortfall = value;
    }

    function collect(address, address token, uint256 amount, bytes32, bytes calldata) external {
        TestUsdc(token).mint(msg.sender, uint256(int256(amount) - shortfall));
    }
}

/// @dev Tries to book the same deposit twice: while it collects, it deposits again on the way in.
contract ReenteringCollector is IDepositCollector {
    BatchSettlement private immutable settlement;
    BatchSettlementTypes.ChannelConfig private config;

    constructor(BatchSettlement settlement_, BatchSettlementTypes.ChannelConfig memory config_) {
        settlement = settlement_;
        config = config_;
    }

    function collect(address, address token, uint256 amount, bytes32, bytes calldata data) external {
        if (data.length == 0) {
            settlement.deposit(config, uint128(amount), address(this), "inner");
        }
        TestUsdc(token).mint(msg.sender, amount);
    }
}

/// @dev A token that keeps one unit of a thousand of every transfer, and of every mint.
contract FeeToken is ERC20("Fee", "FEE") {
    function mint(address to, uint256 value) external {
        _mint(to, value - value / 1_000 - 1);
    }
}

/// @dev A token that calls back in the middle of a transfer, as some do: its receiver tries the settlement again.
contract CallingToken is ERC20("Calling", "CALL") {
    address private target;
    bytes private data;

    function setCall(address target_, bytes calldata data_) external {
        target = target_;
        data = data_;
    }

    function mint(address to, uint256 value) external {
        _mint(to, value);
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        if (target != address(0)) {
            (bool worked, bytes memory answer) = target.call(data);
            if (!worked) {
                assembly ("memory-safe") {
                    revert(add(answer, 32), mload(answer))
                }
            }
        }
        return super.transfer(to, value);
    }
}

/// @dev A contract as payer or authorizer (EIP-1271): its owner's plain signature is the contract's.
contract SmartAccount {
    address private immutable owner;

    constructor(address owner_) {
        owner = owner_;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        if (signature.length != 65) return 0xffffffff;
        address signer = ecrecover(digest, uint8(signature[64]), bytes32(signature[:32]), bytes32(signature[32:64]));
        return signer == owner ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }
}
