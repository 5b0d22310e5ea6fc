// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BatchSettlement} from "../../BatchSettlement.sol";
import {BatchSettlementTypes} from "../../BatchSettlementTypes.sol";
import {LocalPermit2} from "../../LocalPermit2.sol";
import {TestUsdc} from "../../TestUsdc.sol";
import {MintingCollector} from "./Doubles.sol";
import {TypedData} from "./TypedData.sol";
import {Vm, vm} from "./Vm.sol";

/// @dev The contracts at their addresses on a local chain, people with keys, and what they can sign.
abstract contract SettlementStage {
    BatchSettlement internal constant settlement = BatchSettlement(0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003);
    address internal constant authorizationCollector = 0x4020806089470a89826cB9fB1f4059150b550004;
    address internal constant permit2Collector = 0x4020425FAf3B746C082C2f942b4E5159887B0005;
    LocalPermit2 internal constant permit2 = LocalPermit2(0x000000000022D473030F116dDEE9F6B43aC78BA3);
    TestUsdc internal constant usdc = TestUsdc(0x1111111111111111111111111111111111110006);

    uint256 internal constant PAYER_KEY = 0xA11CE;
    uint256 internal constant PAYER_AUTHORIZER_KEY = 0xA11CF;
    uint256 internal constant RECEIVER_KEY = 0xB0B;
    uint256 internal constant RECEIVER_AUTHORIZER_KEY = 0xB0C;
    uint256 internal constant STRANGER_KEY = 0xBAD;
    uint256 internal constant START = 1_800_000_000;
    uint40 internal constant DELAY = 1 days;

    address internal payer = vm.addr(PAYER_KEY);
    address internal payerAuthorizer = vm.addr(PAYER_AUTHORIZER_KEY);
    address internal receiver = vm.addr(RECEIVER_KEY);
    address internal receiverAuthorizer = vm.addr(RECEIVER_AUTHORIZER_KEY);
    address internal stranger = vm.addr(STRANGER_KEY);
    MintingCollector internal collector;

    function setUp() public virtual {
        vm.warp(START);
        _place("BatchSettlement", address(settlement), "");
        _place("TestUsdc", address(usdc), "");
        _place("ReceiveAuthorizationCollector", authorizationCollector, abi.encode(settlement));
        _place("LocalPermit2", address(permit2), "");
        _place("Permit2Collector", permit2Collector, abi.encode(settlement, permit2));
        collector = new MintingCollector();
    }

    /// @dev Runs the constructor anywhere and moves the code, immutables filled in, as the local chain does. The code is
    ///      the committed artifact; HEARTH_ARTIFACTS names another folder of artifacts, or `sources` for forge's own build.
    function _place(string memory name, address target, bytes memory constructorArguments) internal {
        string memory folder = vm.envOr("HEARTH_ARTIFACTS", "contracts/artifacts");
        bytes memory code = keccak256(bytes(folder)) == keccak256("sources")
            ? vm.getCode(string.concat(name, ".sol:", name))
            : vm.parseJsonBytes(vm.readFile(string.concat(folder, "/", name, ".json")), ".bytecode");
        code = bytes.concat(code, constructorArguments);
        address built;
        assembly ("memory-safe") {
            built := create(0, add(code, 32), mload(code))
        }
        vm.assertTrue(built != address(0), "the constructor failed");
        vm.etch(target, built.code);
    }

    function _config() internal view returns (BatchSettlementTypes.ChannelConfig memory) {
        return BatchSettlementTypes.ChannelConfig({
            payer: payer,
            payerAuthorizer: payerAuthorizer,
            receiver: receiver,
            receiverAuthorizer: receiverAuthorizer,
            token: address(usdc),
            withdrawDelay: DELAY,
            salt: bytes32(0)
        });
    }

    function _idOf(BatchSettlementTypes.ChannelConfig memory config) internal view returns (bytes32) {
        return TypedData.channelId(address(settlement), config);
    }

    function _fund(BatchSettlementTypes.ChannelConfig memory config, uint128 amount) internal returns (bytes32) {
        settlement.deposit(config, amount, address(collector), "");
        return _idOf(config);
    }

    function _sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev The other signature that plain curve arithmetic accepts for the same digest: (r, n - s, v flipped).
    function _malleate(bytes memory signature) internal pure returns (bytes memory) {
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        bytes32 r;
        bytes32 s;
        assembly ("memory-safe") {
            r := mload(add(signature, 32))
            s := mload(add(signature, 64))
        }
        return abi.encodePacked(r, order - uint256(s), signature[64] == 0x1b ? bytes1(0x1c) : bytes1(0x1b));
    }

    function _row(
        uint256 key,
        BatchSettlementTypes.ChannelConfig memory config,
        uint128 maxClaimableAmount,
        uint128 totalClaimed
    ) internal view returns (BatchSettlementTypes.VoucherClaim memory) {
        bytes32 digest = TypedData.voucher(address(settlement), _idOf(config), maxClaimableAmount);
        return BatchSettlementTypes.VoucherClaim({
            voucher: BatchSettlementTypes.Voucher({channel: config, maxClaimableAmount: maxClaimableAmount}),
            signature: _sign(key, digest),
            totalClaimed: totalClaimed
        });
    }

    function _rows(BatchSettlementTypes.VoucherClaim memory row)
        internal
        pure
        returns (BatchSettlementTypes.VoucherClaim[] memory rows)
    {
        rows = new BatchSettlementTypes.VoucherClaim[](1);
        rows[0] = row;
    }

    function _rows(BatchSettlementTypes.VoucherClaim memory first, BatchSettlementTypes.VoucherClaim memory second)
        internal
        pure
        returns (BatchSettlementTypes.VoucherClaim[] memory rows)
    {
        rows = new BatchSettlementTypes.VoucherClaim[](2);
        rows[0] = first;
        rows[1] = second;
    }

    /// @dev Books `total` on the channel by the receiver's own call.
    function _claim(BatchSettlementTypes.ChannelConfig memory config, uint128 total) internal {
        BatchSettlementTypes.VoucherClaim[] memory rows = _rows(_row(PAYER_AUTHORIZER_KEY, config, total, total));
        vm.prank(receiver);
        settlement.claim(rows);
    }

    function _expectState(bytes32 id, uint128 balance, uint128 totalClaimed) internal view {
        (uint128 balanceNow, uint128 claimedNow) = settlement.channels(id);
        vm.assertEq(balanceNow, balance, "channel balance");
        vm.assertEq(claimedNow, totalClaimed, "channel total claimed");
    }

    function _expectPending(bytes32 id, uint128 amount, uint256 initiatedAt) internal view {
        (uint128 amountNow, uint40 initiatedNow) = settlement.pendingWithdrawals(id);
        vm.assertEq(amountNow, amount, "pending amount");
        vm.assertEq(initiatedNow, initiatedAt, "pending since");
    }

    function _expectReceiver(uint128 totalClaimed, uint128 totalSettled) internal view {
        (uint128 claimedNow, uint128 settledNow) = settlement.receivers(receiver, address(usdc));
        vm.assertEq(claimedNow, totalClaimed, "receiver total claimed");
        vm.assertEq(settledNow, totalSettled, "receiver total settled");
    }

    /// @dev Of the events since `vm.recordLogs()`, the settlement contract's with this first topic.
    function _countEvents(bytes32 topic) internal returns (uint256 count) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 index = 0; index < logs.length; ++index) {
            if (logs[index].emitter == address(settlement) && logs[index].topics[0] == topic) ++count;
        }
    }

    function _expectRevert(bytes4 selector) internal {
        vm.expectRevert(abi.encodePacked(selector));
    }
}
