// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BatchSettlement} from "../BatchSettlement.sol";
import {BatchSettlementTypes} from "../BatchSettlementTypes.sol";
import {SettlementStage} from "./support/SettlementStage.sol";
import {TypedData} from "./support/TypedData.sol";
import {vm} from "./support/Vm.sol";

contract FuzzTest is SettlementStage {
    function testFuzz_every_unit_ends_with_the_receiver_or_the_payer(
        uint128 deposited,
        uint128 ceiling,
        uint128 total,
        uint128 refunded,
        uint128 announced
    ) public {
        deposited = uint128(1 + uint256(deposited) % (type(uint128).max - 1));
        total = uint128(uint256(total) % (uint256(deposited) + 1));
        ceiling = uint128(total + uint256(ceiling) % (type(uint128).max - uint256(total) + 1));
        BatchSettlementTypes.ChannelConfig memory config = _config();
        bytes32 id = _fund(config, deposited);
        BatchSettlementTypes.VoucherClaim[] memory rows = _rows(_row(PAYER_AUTHORIZER_KEY, config, ceiling, total));
        vm.prank(receiver);
        settlement.claim(rows);
        uint256 free = deposited - total;
        if (refunded > 0) {
            vm.prank(receiver);
            settlement.refund(config, refunded);
            free -= refunded < free ? refunded : free;
        }
        if (free > 0) {
            announced = uint128(1 + uint256(announced) % free);
            vm.prank(payer);
            settlement.initiateWithdraw(config, announced);
            vm.warp(START + DELAY);
            vm.prank(payer);
            settlement.finalizeWithdraw(config);
            free -= announced;
        }
        settlement.settle(receiver, address(usdc));
        vm.assertEq(usdc.balanceOf(receiver), total, "receiver");
        vm.assertEq(usdc.balanceOf(payer), uint256(deposited) - total - free, "payer");
        vm.assertEq(usdc.balanceOf(address(settlement)), free, "still held");
        _expectState(id, uint128(total + free), total);
    }

    function testFuzz_no_bytes_are_a_signature(bytes calldata signature, bool ownSigner) public {
        BatchSettlementTypes.ChannelConfig memory config = _config();
        if (ownSigner) config.payerAuthorizer = address(0);
        bytes32 id = _fund(config, 100);
        BatchSettlementTypes.VoucherClaim memory row = _row(PAYER_KEY, config, 100, 100);
        row.signature = signature;
        vm.prank(receiver);
        (bool worked,) = address(settlement).call(abi.encodeCall(settlement.claim, (_rows(row))));
        vm.assertTrue(!worked, "random bytes were taken for a signature");
        _expectState(id, 100, 0);
    }

    function testFuzz_a_voucher_holds_for_its_own_channel(uint256 field, uint160 value) public {
        BatchSettlementTypes.ChannelConfig memory config = _config();
        BatchSettlementTypes.VoucherClaim memory row = _row(PAYER_AUTHORIZER_KEY, config, 5, 5);
        field %= 5;
        vm.assume(value > 0);
        if (field == 0) config.payer = address(value);
        if (field == 1) config.receiverAuthorizer = address(value);
        if (field == 2) config.withdrawDelay = uint40(15 minutes + value % 29 days);
        if (field == 3) config.salt = bytes32(uint256(value));
        if (field == 4) config.payerAuthorizer = address(value);
        vm.assume(_idOf(config) != _idOf(_config()));
        _fund(config, 100);
        row.voucher.channel = config;
        vm.prank(receiver);
        (bool worked,) = address(settlement).call(abi.encodeCall(settlement.claim, (_rows(row))));
        vm.assertTrue(!worked, "a voucher of another channel was taken");
    }

    function testFuzz_a_signed_refund_holds_for_its_own_content(uint128 amount, uint256 nonce, uint128 signedAmount)
        public
    {
        BatchSettlementTypes.ChannelConfig memory config = _config();
        bytes32 id = _fund(config, 1_000);
        vm.assume(amount > 0 && (nonce != 0 || amount != signedAmount));
        bytes memory signature =
            _sign(RECEIVER_AUTHORIZER_KEY, TypedData.refund(address(settlement), id, nonce, signedAmount));
        (bool worked,) = address(settlement).call(
            abi.encodeCall(settlement.refundWithSignature, (config, amount, 0, signature))
        );
        vm.assertTrue(!worked, "a refund that nobody signed");
        _expectState(id, 1_000, 0);
    }

    function testFuzz_identities_are_those_of_the_specification(
        BatchSettlementTypes.ChannelConfig calldata config,
        uint128 amount,
        uint256 nonce,
        uint32 chain
    ) public {
        vm.chainId(uint256(chain) + 1);
        bytes32 id = TypedData.channelId(address(settlement), config);
        vm.assertEq(settlement.getChannelId(config), id, "channel id");
        vm.assertEq(settlement.getVoucherDigest(id, amount), TypedData.voucher(address(settlement), id, amount), "voucher");
        vm.assertEq(
            settlement.getRefundDigest(id, nonce, amount),
            TypedData.refund(address(settlement), id, nonce, amount),
            "refund"
        );
    }

    function testFuzz_the_delay_is_kept_to_the_second(uint40 delay, uint40 waited) public {
        BatchSettlementTypes.ChannelConfig memory config = _config();
        config.withdrawDelay = uint40(15 minutes + uint256(delay) % (30 days - 15 minutes + 1));
        waited = uint40(uint256(waited) % 31 days);
        _fund(config, 10);
        vm.prank(payer);
        settlement.initiateWithdraw(config, 10);
        vm.warp(START + waited);
        vm.prank(payer);
        (bool worked, bytes memory answer) =
            address(settlement).call(abi.encodeCall(settlement.finalizeWithdraw, (config)));
        vm.assertTrue(worked == (waited >= config.withdrawDelay), "the delay");
        if (!worked) {
            vm.assertEq(bytes32(answer), bytes32(BatchSettlement.WithdrawDelayNotElapsed.selector), "the reason");
        }
    }
}
